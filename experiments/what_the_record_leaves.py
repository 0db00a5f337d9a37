"""Which ranges of the reference case does the record leave as they are?

A record is told of each of many draws from all ranges; those whose records look like the true one
are kept (approximate Bayesian computation). They are written as a file for `--draws`.

    python experiments/what_the_record_leaves.py [--draws 4096] [--keep 0.1]
"""

import argparse
from pathlib import Path

import sim
from sim import calibration, plots

SHOWN = 12


def main() -> None:
    """Print how the statistics fit and which numbers moved; write draws and a figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4096)
    parser.add_argument("--keep", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    found, fit = calibration.calibrate(
        sim.load("korea-2017"), options.draws, options.keep, options.seed
    )
    table = calibration.moved(found)
    print(fit.round(2).to_string(index=False))
    print(f"\n{len(found.posterior)} of {len(found.prior)} draws, up to {found.tolerance:.2f} "
          "standard deviations of told statistics away; numbers that moved most:")  # fmt: skip
    print(table.head(SHOWN).round(2).to_string(index=False))
    Path("results").mkdir(exist_ok=True)
    found.posterior.write(Path("results/posterior.csv"))
    axes = plots.narrowed(table.head(SHOWN))
    print(f"\ndraws:  results/posterior.csv\nfigure: "
          f"{plots.save(axes.figure, 'results/calibration')[0]}")  # fmt: skip


if __name__ == "__main__":
    main()
