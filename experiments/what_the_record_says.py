"""What does the record say, and does the catalog say the same?

Every statistic that a number of the catalog rests on is computed again from the tables of dated
facts, with the laws that were tried for each kind of duration. Expect every number to agree.

    python experiments/what_the_record_says.py
"""

import sys

import pandas as pd

import sim

FIGURES = {
    "gaps-between-rounds": ["gaps_us_dprk", "gaps_north_south", "gaps_six_party"],
    "freeze-lifetimes": ["freeze_life", "freeze_life_to_void"],
    "response-times": ["first_contact", "formal_round", "seoul_to_meeting"],
}

wrong = 0
for name in sim.catalog():
    table = sim.assumptions.reproduced(sim.load(name))
    wrong += int((~table["agrees"]).sum())
    print(f"{name}: {table['agrees'].sum()} of {len(table)} of the record agree")
    print(table.drop_duplicates("statistic").to_string(index=False))
print("\nlaws tried for durations, least AIC first:")
print(sim.record.families().round(2).to_string(index=False))
for name, samples in FIGURES.items():
    middle = [f"{one} {pd.Series(sim.record.cases(one).days).median():.0f}" for one in samples]
    title = f"Median days: {', '.join(middle)}".replace("_", " ")
    axes = sim.plots.lengths(pd.concat([sim.record.survival(one) for one in samples]), title)
    print(f"figure: {sim.plots.save(axes.figure, f'results/record-{name}')[0]}")
ratio = sim.record.estimate("dialogue_ratio:launch_day")
title = f"Launch days in dialogue are {ratio.best:.2f} times those outside, within eras"
launches = sim.record.by_month("launch_day", 1990, 2025)
axes = sim.plots.counts(launches, "launch days a month", title)
print(f"figure: {sim.plots.save(axes.figure, 'results/record-launches')[0]}")
sys.exit(int(wrong > 0))
