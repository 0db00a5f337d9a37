"""Which ranges of the reference case does the record leave as they are?

A record is simulated from each of many draws from all ranges; those whose records look like the
true one are kept (approximate Bayesian computation). They are written as a file for `--draws`.

    python experiments/what_the_record_leaves.py [--draws 4096] [--keep 0.2]
"""

import argparse
from pathlib import Path

import pandas as pd

import sim
from sim.evidence import narrowing
from sim.evidence.korea import calibration
from sim.experiment.draws import Draws
from sim.plotting import outcomes, style

SHOWN = 12
STRATEGIES = ["bilateral_only", "all_parallel", "proposal"]


def frozen(draws: Draws) -> pd.DataFrame:
    """The share of replications with a freeze, of three strategies over draws."""
    scenario = sim.load("korea-2017")
    frame = sim.run(scenario, STRATEGIES, 100, draws=draws).frame
    table = sim.summary(frame, scenario.goal, scenario.ruin, scenario.horizon)
    return table[["strategy", "reached_low", "reached", "reached_high"]]


def main() -> None:
    """Print how the statistics fit, which parameters moved and what that changes."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4096)
    parser.add_argument("--keep", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    found, fit = calibration.calibrate(
        sim.load("korea-2017"), options.draws, options.keep, options.seed
    )
    table, kept = narrowing.moved(found), len(found.posterior)
    before = Draws(found.prior.names, found.prior.values[:kept], found.prior.origin)
    shares = frozen(before).assign(draws="prior"), frozen(found.posterior).assign(draws="posterior")
    print(fit.round(2).to_string(index=False))
    print(f"\n{kept} of {len(found.prior)} draws, up to {found.tolerance:.2f} "
          "standard deviations of statistics away; parameters that moved most:")  # fmt: skip
    print(table.head(SHOWN).round(2).to_string(index=False))
    print(pd.concat(shares).round(3).to_string(index=False))
    Path("results").mkdir(exist_ok=True)
    found.posterior.write(Path("results/posterior.csv"))
    for name, rows in {"fit": fit, "numbers": table, "shares": pd.concat(shares)}.items():
        rows.to_csv(f"results/calibration-{name}.csv", index=False)
    axes = outcomes.narrowed(table.head(SHOWN))
    print(f"figure: {style.save(axes.figure, 'results/calibration')[0]}")


if __name__ == "__main__":
    main()
