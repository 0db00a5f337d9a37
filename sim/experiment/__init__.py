"""Strategies x draws x replications: run, stored, resumed, extended, verified.

In: a scenario and a plan. Out: :class:`~sim.experiment.experiment.Results`, in memory or in a
results folder that survives a stop at any time. Results depend neither on the number of workers nor
on the order of their tasks. Read first: ``experiment.py``, then ``tasks.py`` (what a worker does).
"""
