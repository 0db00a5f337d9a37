# %% [markdown]
"""# How long should calm hold before the ministers are called?

A rule calls them when a moratorium has held without a crisis for some days. The number of days is a
parameter of the strategy; the loop over it is that of SciPy. A notebook in percent format.
"""

# %%
from scipy.optimize import minimize_scalar

import sim

REPLICATIONS = 1000
SWEEPS = 8

korea = sim.load("korea-2017")


def days_without_a_freeze(held: float, show: bool = False) -> float:
    """Mean days without a freeze where calm must hold for so many days; common random numbers."""
    rule = {"name": "quiet", "when": ["moratorium", "!crisis"], "held": round(held)}
    scenario = korea.with_strategy(
        "when_quiet",
        like="proposal",
        starts={},
        never=["bilateral", "ministerial"],
        rules=[{**rule, "opens": ["ministerial"]}],
    )
    results = sim.run(scenario, "when_quiet", REPLICATIONS)
    if show:
        results.plot.incidence().figure.savefig("how_long_should_calm_hold.png")
    return float(results.summary()["restricted_mean"].iloc[0])


# %%
found = minimize_scalar(
    days_without_a_freeze, bounds=(0, 400), method="bounded", options={"maxiter": SWEEPS}
)
at_once, best = days_without_a_freeze(0), days_without_a_freeze(found.x, show=True)
print(f"Called at once: {at_once:,.0f} days without a freeze; after {found.x:.0f}: {best:,.0f}.")
