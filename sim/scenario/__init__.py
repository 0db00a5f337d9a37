"""What is negotiated: the file format, its model, validation, overrides, description.

In: TOML files, or text. Out: a validated :class:`~sim.scenario.scenario.Scenario`, which never
changes; a strategy or an override gives a new one. Every issue of a file is reported at once, with
its place. Read first: ``scenario.py``, then ``model.py`` (what a scenario consists of) and
``validation.py`` (what must hold between its parts).
"""
