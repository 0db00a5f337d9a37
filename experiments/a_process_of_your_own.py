"""What would a secret back channel be worth?

A SimPy process of one's own in the world: in a crisis, with some luck, two people meet quietly
and take a level of tension out. It needs no change of the model, only the SimPy engine.

    python experiments/a_process_of_your_own.py
"""

import argparse

import sim
from sim.analysis import incidence


def back_channel(world):
    """Every 30 days: if there is a crisis, one meeting in two lowers it."""
    meeting = 0
    while True:
        yield world.env.timeout(30)
        luck = world.uniforms("back_channel", meeting)[0]
        meeting += 1
        if world.level("crisis") >= 1 and luck < 0.5:
            world.lower("crisis")


def main() -> None:
    """Compare the proposal with and without the back channel, in the same worlds."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=400)
    options = parser.parse_args()

    scenario, names = sim.load("korea-2017"), ["proposal"]
    for title, own in (("without", []), ("with", [back_channel])):
        results = sim.run(scenario, names, options.replications, engine="simpy", user_processes=own)
        row = incidence.summary(results.frame, "freeze", "war", scenario.horizon).iloc[0]
        print(
            f"{title:8} a back channel: frozen {100 * row['reached']:.1f} % "
            f"({100 * row['reached_low']:.1f} to {100 * row['reached_high']:.1f}), "
            f"days in crisis {row['held_crisis']:.0f}, war {100 * row['ruin']:.1f} %"
        )


if __name__ == "__main__":
    main()
