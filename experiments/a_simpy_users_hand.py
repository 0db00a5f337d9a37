"""An envoy of one's own, and how often force is shown: a study by a SimPy user's hand.

A strategy, a process that records a value, a measure, a sweep, a seaborn plot and a lifelines fit.

    python experiments/a_simpy_users_hand.py
"""

import lifelines
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

import sim

REPLICATIONS = 200


def envoy(simulation):
    """Every 45 days an envoy travels; in a crisis one journey in three lowers it."""
    for journey in range(40):
        yield simulation.env.timeout(45)
        if simulation.level("crisis") and simulation.uniforms("envoy", journey)[0] < 1 / 3:
            simulation.lower("crisis")
            simulation.record("last_success", simulation.now)


scenario = sim.load("korea-2017").with_strategy(
    "ministers_early", like="proposal", starts={"ministerial": ["moratorium"]}
)
names = ["proposal", "ministers_early"]

swept = sim.sweep(
    scenario, {"shocks.show_of_force.rate": [2, 4, 8]}, names, REPLICATIONS,
    engine="simpy", user_processes=[envoy],
)  # fmt: skip
frame = swept.frame
frame["calm"] = 1 - frame["held_crisis"] / scenario.horizon
print(frame.groupby(["strategy", "shocks.show_of_force.rate"], observed=True)["calm"].mean())

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(16, 4.5))
swept.plot("restricted_mean", ax=left)
sns.ecdfplot(frame, x="last_success", hue="strategy", ax=middle)

results = swept.runs[1].measure("calm", lambda rows: 1 - rows["held_crisis"] / scenario.horizon)
print(results.compare("proposal").set_index("measure").loc["calm", ["low", "best", "high"]])
for name, own in results.times("moratorium").groupby("strategy"):
    fitter = lifelines.KaplanMeierFitter(label=name).fit(own["duration"], own["event"])
    fitter.plot_cumulative_density(ax=right)
    print(f"{name}: half have a moratorium by day {fitter.median_survival_time_:.0f}")
figure.savefig("a_simpy_users_hand.png")
print(np.round(results.frame["last_success"].describe(), 1))
