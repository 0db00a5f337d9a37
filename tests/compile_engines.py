"""Compile every engine, so that tests find its machine code in the cache.

Tests run in several processes, and each would compile the same engines at the same time.
"""

from __future__ import annotations

import sim


def main() -> None:
    """Run a replication with each engine that is compiled."""
    scenario = sim.load("korea-2017")
    sim.run(scenario, ["proposal"], replications=2, draws=2, keep="summary")
    sim.trace(scenario, "proposal", engine="compiled")


if __name__ == "__main__":
    main()
