"""What does the record say, and does the catalog say the same?

Every statistic that a number of the catalog rests on is computed again from the tables of dated
facts, with the laws that were tried for each kind of duration. Expect every number to agree.

    python experiments/what_the_record_says.py
"""

import sys

import pandas as pd

import sim
from sim.evidence import assumptions
from sim.evidence.korea import statistics as korea
from sim.plotting import outcomes, style

FIGURES = {
    "gaps-between-rounds": ["gaps_us_dprk", "gaps_north_south", "gaps_six_party"],
    "freeze-lifetimes": ["freeze_life", "freeze_life_to_void"],
    "response-times": ["first_contact", "formal_round", "seoul_to_meeting"],
}


def main() -> int:
    """Print the catalog beside the record, and draw the record; 1 where they disagree."""
    wrong = 0
    for name in sim.catalog():
        table = assumptions.reproduced(sim.load(name))
        wrong += int((~table["agrees"]).sum())
        print(f"{name}: {assumptions.counts(assumptions.register(sim.load(name)))}; "
              f"{table['agrees'].sum()} of {len(table)} of the record agree")  # fmt: skip
        print(table.drop_duplicates("statistic").to_string(index=False))
    print("\nlaws tried for durations, least AIC first:")
    print(korea.families().round(2).to_string(index=False))
    print("\nshares:")
    for name, count in korea.SHARES.items():
        low, best, high = korea.estimate(f"share:{name}")
        hits, size = count(korea.whole())
        print(f"  {name:22} {hits:3} of {size:3} = {best:.2f} ({low:.2f} to {high:.2f})")
    for name, samples in FIGURES.items():
        table = pd.concat([korea.survival(one) for one in samples])
        middle = ", ".join(f"{style.words(one)} {pd.Series(korea.cases(one).days).median():.0f}"
                           for one in samples)  # fmt: skip
        axes = outcomes.lengths(table, f"Median days: {middle}")
        print(f"figure: {style.save(axes.figure, f'results/record-{name}')[0]}")
    ratio = korea.estimate("dialogue_ratio:launch_day")
    title = f"Launch days in dialogue are {ratio.best:.2f} times those outside, within eras"
    axes = outcomes.counts(korea.by_month("launch_day", 1990, 2025), "launch days a month", title)
    print(f"figure: {style.save(axes.figure, 'results/record-launches')[0]}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
