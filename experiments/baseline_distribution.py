"""When does the proposal reach a freeze, if it does?

The distribution of time-to-freeze of the proposal alone, with the runs that never freeze.

    python experiments/baseline_distribution.py
"""

import argparse

import sim
from sim.analysis import attribution
from sim.reporting import summary


def main() -> None:
    """Run the proposal and draw its distribution."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=10_000)
    options = parser.parse_args()

    folder = "results/baseline-distribution"
    results = sim.run(sim.load("korea-2017"), ["proposal"], options.replications, out=folder)
    row = summary.summarise(results).iloc[0]
    print(
        f"The proposal freezes in {100 * row['reached']:.0f} % of five-year histories; counting "
        f"the others as five years, it goes {row['restricted_mean']:.0f} days without a freeze "
        f"({row['restricted_mean_low']:.0f} to {row['restricted_mean_high']:.0f})."
    )
    waits = attribution.bottlenecks(results.frame)
    print(waits.to_string(index=False))
    for figure in summary.figures(results):
        print(f"figure: {figure}.png")


if __name__ == "__main__":
    main()
