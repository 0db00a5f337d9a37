"""Detente: a discrete-event simulator of multi-track negotiations.

The public names, in the order of a study::

    scenario = sim.load("korea-2017")          # what is negotiated
    print(scenario.describe())
    results = sim.run(scenario, replications=2000)
    print(sim.summary(results.frame))          # what came of it, by strategy
    story = sim.tell(scenario, "proposal", replication=7)   # one history, event by event
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "load": "sim.scenario.scenario",
    "loads": "sim.scenario.scenario",
    "check": "sim.scenario.scenario",
    "catalog": "sim.scenario.scenario",
    "Scenario": "sim.scenario.scenario",
    "ScenarioError": "sim.scenario.scenario",
    "translate": "sim.engine.program",
    "ModelError": "sim.engine.program",
    "run": "sim.experiment.experiment",
    "extend": "sim.experiment.experiment",
    "read": "sim.experiment.experiment",
    "verify": "sim.experiment.verification",
    "Results": "sim.experiment.experiment",
    "summary": "sim.analysis.incidence",
    "incidence": "sim.analysis.incidence",
    "outcomes": "sim.analysis.incidence",
    "compare": "sim.analysis.comparison",
    "search": "sim.studies.sequence_search",
    "study_sensitivity": "sim.studies.common",
    "study_robust": "sim.studies.common",
    "tell": "sim.reporting.summary",
    "explain": "sim.studies.decision",
    "diff": "sim.studies.decision",
}

_MODULES = ("assumptions", "backcast", "calibration", "fitting", "history", "record")

__all__ = ["__version__", *_PLACES, *_MODULES]


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
    if name in _MODULES:
        return importlib.import_module(f"sim.{name}")
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
