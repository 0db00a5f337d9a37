"""Which sequence of tracks reaches a freeze soonest and most surely?

The main job: every strategy of the reference scenario, under common random numbers.

    python experiments/compare_sequencing.py [--replications 2000] [--seed 1] [--out FOLDER]
"""

import argparse
import sys

import sim

parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
parser.add_argument("--replications", type=int, default=2000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--out", help="results folder (default: below results/)")
options = parser.parse_args()

scenario = sim.load("korea-2017")
results = sim.run(
    scenario,
    replications=options.replications,
    seed=options.seed,
    out=options.out or f"results/{scenario.name}-{scenario.hash[:8]}-seed{options.seed}",
    progress="bar" if sys.stderr.isatty() else "none",
)
print(results.to_text())
first = results.summary().iloc[0]
share = f"{100 * first['reached']:.0f} %"
limits = f"{100 * first['reached_low']:.0f} to {100 * first['reached_high']:.0f}"
print(f"\nBest here: {first['strategy']}, frozen in {share} ({limits}) of replications.")
for figure in results.save(baseline="proposal"):
    print(f"figure: {figure}.png")
print(f"summary: {results.folder / 'summary.csv'}")
