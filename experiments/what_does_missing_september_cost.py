"""What does missing September cost?

The process starts on the first day of each month for a year, with direct talks already held and
a moratorium agreed: how long until the ministers have met? Expect a saw-tooth.

    python experiments/what_does_missing_september_cost.py
"""

import argparse
import datetime as dt

import pandas as pd

import sim
from sim.plotting import outcomes, style

STARTED = """
extends = "korea-2017"
start = {start}
[conditions.moratorium]
initially = 1
[strategies.ministers]
about = "the moratorium holds; ministers prepare at once"
never = ["us_dprk", "working_group", "bilateral"]
"""


def main() -> None:
    """Sweep the start date and plot the restricted mean time to the ministerial meeting."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=2000)
    options = parser.parse_args()

    found = []
    for month in range(24):
        start = dt.date(2017 + month // 12, 1 + month % 12, 1)
        scenario = sim.loads(STARTED.format(start=start), "september.toml")
        frame = sim.run(scenario, ["ministers"], options.replications).frame
        row = sim.summary(frame, "freeze", "war", scenario.horizon, "ministerial.convene").iloc[0]
        found.append([start, *row[[f"restricted_mean{end}" for end in ("_low", "", "_high")]]])
    table = pd.DataFrame(found, columns=["start", "low", "best", "high"])
    best, worst = table.loc[table["best"].idxmin()], table.loc[table["best"].idxmax()]
    print(
        f"Starting on {best['start']} the ministers need {best['best']:.0f} days on average, "
        f"starting on {worst['start']} {worst['best']:.0f}: "
        f"missing September costs up to {worst['best'] - best['best']:.0f} days."
    )
    axes = outcomes.sweep(
        table,
        "start",
        "days until the ministers have met (restricted mean)",
        caption=f"korea-2017: {options.replications:,} histories of each start, seed 1",
    )
    print(f"figure: {style.save(axes.figure, 'results/what-does-missing-september-cost')[0]}")


if __name__ == "__main__":
    main()
