"""Would the model have been surprised by what happened?

Episodes whose course is known are simulated from what was known at their start, with the numbers
of the record estimated from the other episodes. Expect the actual course at all percentiles, half
of it between 25 and 75.

    python experiments/backcast.py        # about two minutes
"""

import pandas as pd

import sim

DRAWS, REPLICATIONS, SEED = 40, 30, 1
COLUMNS = ["episode", "fact", "n", "actual", "q2.5", "q50", "q97.5", "percentile", "crps",
           "reference_crps", "log_score", "reference_log_score"]  # fmt: skip

episodes = sim.backcast.episodes()
table = pd.concat(
    [sim.backcast.held_against(one, DRAWS, REPLICATIONS, SEED) for one in episodes],
    ignore_index=True,
)
print(table[COLUMNS].round(2).to_string(index=False))
print(f"\n{len(episodes)} episodes, {len(table)} facts: few, and those of an episode hang together")
print(sim.scoring.coverage(table).round(2).to_string(index=False))
print("\nagainst the other cases of the record (above 0: the model is better):")
print(sim.scoring.skill(table).round(2).to_string(index=False))
for name, axes in (
    ("intervals", sim.plots.intervals(table)),
    ("calibration", sim.plots.calibration(table)),
):
    print(f"figure: {sim.plots.save(axes.figure, f'results/backcast-{name}')[0]}")
table.to_csv("results/backcast.csv", index=False)
