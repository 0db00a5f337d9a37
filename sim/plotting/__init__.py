"""One function a figure: a table in, axes out.

In: tables of :mod:`sim.analysis` and :mod:`sim.studies`. Out: matplotlib axes, with a caption that
says how many replications and which seed. No estimate is made here. Read first: ``style.py`` (looks
and files), then ``outcomes.py``.
"""
