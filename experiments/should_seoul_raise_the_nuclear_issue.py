"""Should Seoul raise the nuclear issue?

The proposal as it stands, and with cooperation made conditional on nuclear steps.

    python experiments/should_seoul_raise_the_nuclear_issue.py
"""

import argparse

import sim
from sim.reporting import summary

EXTENDED = """
extends = "korea-2017"

[strategies.proposal_conditional]
about = "the proposal, with Seoul making cooperation depend on nuclear steps"
starts = { ministerial = ["moratorium", ["working_group.principles", "north_south.exchange"]] }
never = ["bilateral"]
raises = ["broad_mandate", "russian_envoy", "seoul_raises_nuclear"]
priority = ["us_dprk", "ministerial"]
"""


def main() -> None:
    """Compare the two in the same worlds, for the North-South exchange and for the freeze."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=5000)
    options = parser.parse_args()

    scenario = sim.loads(EXTENDED, "conditional.toml")
    pair = ["proposal", "proposal_conditional"]
    folder = "results/should-seoul-raise-the-nuclear-issue"
    results = sim.run(scenario, pair, options.replications, out=folder)
    for endpoint, words in (("north_south.exchange", "an exchange"), ("freeze", "a freeze")):
        row = summary.differences(results, "proposal", endpoint).set_index("measure").loc["reached"]
        print(
            f"Conditions from Seoul change the share with {words} within five years by "
            f"{100 * row['best']:+.1f} points ({100 * row['low']:+.1f} to "
            f"{100 * row['high']:+.1f})."
        )
    for figure in summary.figures(results, "proposal", "north_south.exchange"):
        print(f"figure: {figure}.png")


if __name__ == "__main__":
    main()
