"""Would the model have been surprised by what happened?

Episodes whose course is known are simulated from what was known at their start, with the numbers
of the record estimated from the other episodes. Expect the actual course at all percentiles, half
of it between 25 and 75.

    python experiments/backcast.py [--draws 40] [--histories 30]
"""

import argparse

import pandas as pd

from sim.evidence import scoring
from sim.evidence.korea import backcast
from sim.plotting import outcomes, style

COLUMNS = ["episode", "fact", "n", "actual", "q2.5", "q50", "q97.5", "percentile", "crps",
           "reference_crps", "log_score", "reference_log_score"]  # fmt: skip


def main() -> None:
    """Print every fact among its simulated courses, coverage and scores; draw both figures."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--histories", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    tables = [
        backcast.held_against(one, options.draws, options.histories, options.seed)
        for one in backcast.episodes()
    ]
    table = pd.concat(tables, ignore_index=True)
    print(table[COLUMNS].round(2).to_string(index=False))
    print(
        f"\n{len(tables)} episodes, {len(table)} facts: few, and those of an episode hang together"
    )
    print(scoring.coverage(table).round(2).to_string(index=False))
    print("\nagainst the other cases of the record (above 0: the model is better):")
    print(scoring.skill(table).round(2).to_string(index=False))
    for name, axes in (
        ("intervals", outcomes.intervals(table)),
        ("calibration", outcomes.calibration(table)),
    ):
        print(f"figure: {style.save(axes.figure, f'results/backcast-{name}')[0]}")
    table.to_csv("results/backcast.csv", index=False)


if __name__ == "__main__":
    main()
