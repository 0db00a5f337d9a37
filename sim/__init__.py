"""Detente: a discrete-event simulator of multi-track negotiations.

The public names, in the order of a study. Each has a help of its own: ``help(sim.run)``.

What is negotiated (a catalog name, a path or a ``Scenario`` will do wherever one is asked for)::

    catalog        names of the scenarios that ship
    load           a scenario from the catalog or from a file
    loads          a scenario from a text
    check          what is wrong with a file, what is doubtful, what its numbers imply
    Scenario       its tracks, shocks, strategies; variants of it

Runs::

    run            replications of each strategy under common random numbers
    sweep          the same at several values of some parameters
    extend         more replications, draws or strategies of a run
    read           a results folder
    verify         whether a results folder holds what it says
    Results        rows, summary, curves, comparison, figures of a run
    Sweep          the results of a sweep
    Measure        a number of each replication, of one's own

Studies::

    compare        all strategies of a scenario against each other and a baseline
    trace          one replication, event by event
    explain        where the days of a strategy go, what setbacks and shocks cost
    diff           one replication under two strategies, side by side
    search         every order of the tracks and every posture
    sensitivity    which uncertain parameters matter
    robust         what would make another strategy the best
    Study          what each of these returns: tables, sentences, figures

Tables of a frame, and figures of tables::

    summary        one row a strategy
    incidence      share that has reached the endpoint by each day
    outcomes       share of every outcome
    without_dots   a column's name for ``DataFrame.query``
    plots          a function for every figure: table in, axes out

Evidence::

    assumptions    what each parameter rests on
    history        dated historical records
    record         statistics of these records
    fitting        distributions fitted to them
    calibration    draws that agree with the records
    narrowing      draws narrowed to those that agree with what is known
    backcast       past episodes as test cases
    scoring        forecasts held against facts

Under the hood::

    translate      a scenario as the arrays that the engines run
    ScenarioError  a scenario is invalid
    InputError     an argument cannot be used
    RunError       a run failed
    ModelError     a replication cannot be simulated to its end

A first study::

    results = sim.run("korea-2017", ["proposal", "bilateral_only"], replications=2000)
    results.summary()
    results.compare(baseline="proposal")
    results.plot.incidence()
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "catalog": "sim.scenario.scenario:catalog",
    "load": "sim.scenario.scenario:load",
    "loads": "sim.scenario.scenario:loads",
    "check": "sim.scenario.scenario:check",
    "Scenario": "sim.scenario.scenario:Scenario",
    "run": "sim.experiment.experiment:run",
    "sweep": "sim.experiment.sweep:sweep",
    "extend": "sim.experiment.experiment:extend",
    "read": "sim.experiment.results:read",
    "verify": "sim.experiment.verification:verify",
    "Results": "sim.experiment.results:Results",
    "Sweep": "sim.experiment.sweep:Sweep",
    "Measure": "sim.analysis.measures:Measure",
    "compare": "sim.studies.compare:compare",
    "trace": "sim.reporting.summary:trace",
    "explain": "sim.studies.explain:explain",
    "diff": "sim.studies.diff:diff",
    "search": "sim.studies.search:search",
    "sensitivity": "sim.studies.sensitivity:sensitivity",
    "robust": "sim.studies.robustness:robust",
    "Study": "sim.studies.study:Study",
    "summary": "sim.analysis.incidence:summary",
    "incidence": "sim.analysis.incidence:incidence",
    "outcomes": "sim.analysis.incidence:outcomes",
    "without_dots": "sim.formatting:without_dots",
    "plots": "sim.plotting.plots",
    "assumptions": "sim.evidence.assumptions",
    "history": "sim.evidence.records",
    "record": "sim.evidence.korea.statistics",
    "fitting": "sim.evidence.fitting",
    "calibration": "sim.evidence.korea.calibration",
    "narrowing": "sim.evidence.narrowing",
    "backcast": "sim.evidence.korea.backcast",
    "scoring": "sim.evidence.scoring",
    "translate": "sim.engine.program:translate",
    "ScenarioError": "sim.errors:ScenarioError",
    "InputError": "sim.errors:InputError",
    "RunError": "sim.errors:RunError",
    "ModelError": "sim.errors:ModelError",
}
"""Where each name is defined: a module, or an attribute of a module."""

__all__ = ["__version__", *_PLACES]


def _load_matplotlib() -> None:
    """Import matplotlib even where MPLBACKEND names a backend that is not installed here.

    A notebook hands that variable on to every process that it starts, and matplotlib refuses to be
    imported with a backend that it does not know. Figures are files here, drawn by a backend of
    their own; a backend that is installed stays that of the caller.
    """
    named = os.environ.pop("MPLBACKEND")
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
    finally:
        os.environ["MPLBACKEND"] = named
    with contextlib.suppress(ValueError):
        matplotlib.rcParams["backend"] = named  # as matplotlib does itself


if os.environ.get("MPLBACKEND") and "matplotlib" not in sys.modules:
    _load_matplotlib()


def __getattr__(name: str) -> Any:
    # Loaded when first used: `detente --help` should not wait for a compiler.
    if name not in _PLACES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    module, _, attribute = _PLACES[name].partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__() -> list[str]:
    return list(__all__)
