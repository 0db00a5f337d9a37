"""What would a secret back channel be worth?

A SimPy process of one's own: in a crisis, by chance, two people meet quietly
and take a level of tension out. It needs no change of the model, only the SimPy engine.

    python experiments/a_process_of_your_own.py
"""

import sim

REPLICATIONS = 400


def back_channel(simulation):
    """Every 30 days: if there is a crisis, one meeting in two lowers it."""
    meeting = useful = 0
    while True:
        yield simulation.env.timeout(30)
        chance = simulation.uniforms("back_channel", meeting)[0]
        meeting += 1
        if simulation.level("crisis") >= 1 and chance < 0.5:
            simulation.lower("crisis")
            useful += 1
            simulation.record("useful_meetings", useful)


for title, own in (("without", []), ("with", [back_channel])):
    how = {"engine": "simpy", "user_processes": own}
    results = sim.run("korea-2017", "proposal", REPLICATIONS, **how)
    row = results.summary().iloc[0]
    print(
        f"{title:8} a back channel: frozen {100 * row['reached']:.1f} % "
        f"({100 * row['reached_low']:.1f} to {100 * row['reached_high']:.1f}), "
        f"days in crisis {row['held_crisis']:.0f}, war {100 * row['ruin']:.1f} %"
    )
print(f"useful meetings: {results.frame['useful_meetings'].fillna(0).mean():.1f} a replication")
