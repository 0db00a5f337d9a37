"""Freeze first, or denuclearisation first?

The proposal against the same tracks with prior denuclearisation on the agenda.

    python experiments/freeze_first_or_denuclearise_first.py
"""

import argparse

import sim
from sim.reporting import summary


def main() -> None:
    """Compare proposal and cvid_first in the same worlds."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=5000)
    options = parser.parse_args()

    results = sim.run(
        sim.load("korea-2017"),
        ["proposal", "cvid_first"],
        options.replications,
        out="results/freeze-first-or-denuclearise-first",
    )
    table = summary.differences(results, "proposal").set_index("measure")
    share, war = table.loc["reached"], table.loc["ruin"]
    print(
        f"Asking for denuclearisation first changes the share frozen within five years by "
        f"{100 * share['best']:+.1f} points ({100 * share['low']:+.1f} to "
        f"{100 * share['high']:+.1f}), and the share of wars by {100 * war['best']:+.1f} points "
        f"({100 * war['low']:+.1f} to {100 * war['high']:+.1f})."
    )
    for figure in summary.figures(results, "proposal"):
        print(f"figure: {figure}.png")


if __name__ == "__main__":
    main()
