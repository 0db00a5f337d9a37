"""How a replication runs: random streams, distributions, and two engines with equal results.

In: a scenario with its strategy, translated into a :class:`~sim.engine.program.Program`. Out:
:class:`~sim.engine.rows.Rows`, one a replication, and on request the event log. The two engines
never import each other. Read first: ``processes.py``, the SimPy engine, which is the model in
prose; ``kernel.py`` is the same process compiled.
"""
