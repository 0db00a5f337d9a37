"""What does missing September cost?

The process starts on the first day of each month for two years, with direct talks already held and
a moratorium agreed: how long until the ministers have met? Expect a saw-tooth.

    python experiments/what_does_missing_september_cost.py
"""

import pandas as pd

import sim

REPLICATIONS = 2000
STARTED = """
extends = "korea-2017"
start = {start}
[conditions.moratorium]
initially = 1
[strategies.ministers]
about = "the moratorium holds; ministers prepare at once"
never = ["us_dprk", "working_group", "bilateral"]
"""

rows = []
for start in pd.date_range("2017-01-01", periods=24, freq="MS").date:
    results = sim.run(sim.loads(STARTED.format(start=start)), "ministers", REPLICATIONS)
    days = results.summary("ministerial.convene").iloc[0].filter(like="restricted_mean")
    rows.append([start, *days[["restricted_mean_low", "restricted_mean", "restricted_mean_high"]]])
table = pd.DataFrame(rows, columns=["start", "low", "best", "high"])
best, worst = table.loc[table["best"].idxmin()], table.loc[table["best"].idxmax()]
print(
    f"Starting on {best['start']} the ministers need {best['best']:.0f} days on average, starting "
    f"on {worst['start']} {worst['best']:.0f}: missing September costs up to "
    f"{worst['best'] - best['best']:.0f} days."
)
axes = sim.plots.sweep(table, "start", "days until the ministers have met (restricted mean)")
print(f"figure: {sim.plots.save(axes.figure, 'results/what-does-missing-september-cost')[0]}")
