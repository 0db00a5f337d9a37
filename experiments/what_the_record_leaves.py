"""Which ranges of the reference case does the record leave as they are?

A record is simulated from each of many draws from all ranges; those whose records look like the
true one are kept (approximate Bayesian computation). They are written as a file for `--draws`.

    python experiments/what_the_record_leaves.py        # about two minutes
"""

import dataclasses

import pandas as pd

import sim

DRAWS, KEEP, SEED, SHOWN = 4096, 0.2, 1, 12
STRATEGIES = ["bilateral_only", "all_parallel", "proposal"]

korea = sim.load("korea-2017")
found, fit = sim.calibration.calibrate(korea, DRAWS, KEEP, SEED)
moved, kept = sim.narrowing.moved(found), len(found.posterior)
before = dataclasses.replace(found.prior, values=found.prior.values[:kept])
tables = []
for name, draws in (("prior", before), ("posterior", found.posterior)):
    summary = sim.run(korea, STRATEGIES, 100, draws=draws).summary()
    tables.append(
        summary[["strategy", "reached_low", "reached", "reached_high"]].assign(draws=name)
    )
shares = pd.concat(tables)
print(fit.round(2).to_string(index=False))
print(f"\n{kept} of {len(found.prior)} draws, up to {found.tolerance:.2f} "
      "standard deviations of statistics away; parameters that moved most:")  # fmt: skip
print(moved.head(SHOWN).round(2).to_string(index=False))
print(shares.round(3).to_string(index=False))
axes = sim.plots.narrowed(moved.head(SHOWN))
print(f"figure: {sim.plots.save(axes.figure, 'results/calibration')[0]}")
found.posterior.frame.to_csv("results/posterior.csv", index=False)
for name, rows in {"fit": fit, "numbers": moved, "shares": shares}.items():
    rows.to_csv(f"results/calibration-{name}.csv", index=False)
