"""Freeze first, or denuclearisation first?

The proposal against the same tracks with prior denuclearisation on the agenda.

    python experiments/freeze_first_or_denuclearise_first.py
"""

import sim

REPLICATIONS = 5000

results = sim.run("korea-2017", ["proposal", "cvid_first"], REPLICATIONS)
table = results.compare("proposal").set_index("measure")
share, war = (
    f"{100 * row['best']:+.1f} points ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})"
    for _, row in table.loc[["reached", "ruin"]].iterrows()
)
print(
    f"Asking for denuclearisation first changes the share frozen within five years by {share}, "
    f"and the share of wars by {war}."
)
axes = results.plot.differences(baseline="proposal")
figure = sim.plots.save(axes.figure, "results/freeze-first-or-denuclearise-first")[0]
print(f"figure: {figure}")
