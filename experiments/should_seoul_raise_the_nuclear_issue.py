"""Should Seoul raise the nuclear issue?

The proposal as it stands, and with cooperation made conditional on nuclear steps.

    python experiments/should_seoul_raise_the_nuclear_issue.py
"""

import sim

REPLICATIONS = 5000

scenario = sim.load("korea-2017").with_strategy(
    "proposal_conditional",
    like="proposal",
    about="the proposal, with Seoul making cooperation depend on nuclear steps",
    raises=["broad_mandate", "russian_envoy", "seoul_raises_nuclear"],
)
results = sim.run(scenario, ["proposal", "proposal_conditional"], REPLICATIONS)
for endpoint, words in (("north_south.exchange", "an exchange"), ("freeze", "a freeze")):
    row = results.compare("proposal", endpoint).set_index("measure").loc["reached"]
    print(
        f"Conditions from Seoul change the share with {words} within five years by "
        f"{100 * row['best']:+.1f} points ({100 * row['low']:+.1f} to {100 * row['high']:+.1f})."
    )
axes = results.plot.incidence(endpoint="north_south.exchange")
figure = sim.plots.save(axes.figure, "results/should-seoul-raise-the-nuclear-issue")[0]
print(f"figure: {figure}")
