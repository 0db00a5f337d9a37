"""When does the proposal reach a freeze, if it does?

The distribution of time-to-freeze of the proposal alone, with the runs that never freeze.

    python experiments/baseline_distribution.py
"""

import sim

REPLICATIONS = 10_000

results = sim.run("korea-2017", "proposal", REPLICATIONS)
row = results.summary().iloc[0]
print(
    f"The proposal freezes in {100 * row['reached']:.0f} % of five-year replications; counting "
    f"the others as five years, it goes {row['restricted_mean']:.0f} days without a freeze "
    f"({row['restricted_mean_low']:.0f} to {row['restricted_mean_high']:.0f})."
)
frozen = results.frame[results.frame["outcome"] == "freeze"]
print("What the ministerial meeting waited for last, where a freeze came:")
print(frozen["binding"].value_counts(normalize=True).head(5).round(2).to_string())
for name in ("incidence", "outcomes", "times"):
    axes = getattr(results.plot, name)()
    print(f"figure: {sim.plots.save(axes.figure, f'results/baseline-distribution/{name}')[0]}")
