# %% [markdown]
"""# Should the ministers be called early?

A whole study, from the question to three figures: a notebook in percent format, which Jupyter (with
jupytext), VS Code and PyCharm open as cells, and which runs as a script.
"""

# %%
import sim

REPLICATIONS = 2000

scenario = sim.load("korea-2017").with_strategy(
    "ministers_early", like="proposal", starts={"ministerial": ["moratorium"]}
)
print(scenario)

# %% [markdown]
# The proposal calls the ministers when preliminary steps have succeeded; here they are called as
# soon as the moratorium holds. What comes of it, in common random numbers?

# %%
results = sim.run(scenario, ["proposal", "ministers_early"], REPLICATIONS)
print(results)
apart = results.compare("proposal").set_index("measure").loc["restricted_mean"]
print(
    f"Called early, it takes {apart['best']:+.0f} days to a freeze "
    f"({apart['low']:+.0f} to {apart['high']:+.0f}), never counting as five years."
)

# %% [markdown]
# First figure: the share that has reached a freeze by each day.

# %%
axes = results.plot.incidence()
axes.figure.savefig("a_whole_study_incidence.png")

# %% [markdown]
# Which assumption would turn this? The chance that one ministerial meeting ends in a freeze is
# judgement; a sweep over its range, with the same random numbers at each value.

# %%
swept = sim.sweep(
    scenario.without("war"), {"ministerial.freeze.success": [0.13, 0.22, 0.31, 0.45, 0.58]},
    results.manifest["strategies"], REPLICATIONS,
)  # fmt: skip
differences = swept.compare("proposal")
days = differences[differences["measure"] == "restricted_mean"]
columns = ["ministerial.freeze.success", "low", "best", "high"]
print(days[columns].round({"low": 0, "best": 0, "high": 0}).to_string(index=False))

# %% [markdown]
# Second figure: days without a freeze over that range. Third figure: when the freeze comes.

# %%
swept.plot("restricted_mean").figure.savefig("a_whole_study_sweep.png")
results.plot.times().figure.savefig("a_whole_study_times.png")
