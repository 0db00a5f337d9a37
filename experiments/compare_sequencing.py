"""Which sequence of tracks reaches a freeze soonest and most surely?

The main job: every strategy of the reference scenario, told in the same worlds.

    python experiments/compare_sequencing.py
"""

import argparse
import sys

import sim
from sim.experiment import experiment
from sim.reporting import summary, text_tables


def main() -> None:
    """Run all strategies of korea-2017, print the summary, and draw the figures."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="results folder (default: below results/)")
    options = parser.parse_args()

    scenario = sim.load("korea-2017")
    folder = options.out or experiment.default_folder(scenario, options.seed)
    results = sim.run(
        scenario,
        replications=options.replications,
        seed=options.seed,
        out=folder,
        progress="bar" if sys.stderr.isatty() else "none",
    )
    table = summary.summarise(results)
    print(text_tables.as_text(table))

    first = table.iloc[0]
    share = f"{100 * first['reached']:.0f} %"
    limits = f"{100 * first['reached_low']:.0f} to {100 * first['reached_high']:.0f}"
    print(f"\nBest here: {first['strategy']}, frozen in {share} ({limits}) of five-year histories.")
    for figure in summary.figures(results, baseline="proposal"):
        print(f"figure: {figure}.png")
    print(f"summary: {results.folder / 'summary.csv'}")


if __name__ == "__main__":
    main()
