"""Sequential stopping: rounds of replications until an estimate is as precise as was asked for.

The sizes of the rounds are fixed beforehand, each about 1.41 times the one before. At each the
interval is taken at a level that pays for all of them (C. E. Bonferroni: 1 - alpha / looks), so
that all intervals that might ever be looked at hold at once with the level asked for, whichever of
them ends the run. Rounds that are sure to be too small, by the width so far, are passed over.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.analysis import comparison, incidence, intervals
from sim.errors import InputError
from sim.experiment import argument_checks, experiment
from sim.experiment.manifests import write_manifest
from sim.experiment.plan import names_of
from sim.experiment.results import Results
from sim.experiment.shard_rows import as_frame
from sim.scenario.scenario import Scenario

FIRST = 1000  # replications of the first round
RATIO = math.sqrt(2.0)
MOST = 1_000_000
MEASURES = {"share": "reached", "days": "restricted_mean"}


@dataclass(frozen=True)
class Precision:
    """The precision that a run must reach.

    Attributes:
        half_width: of the interval; a share, or days.
        unit: "share" (that reached the endpoint by the horizon) or "days" (restricted mean
            without it).
        baseline: the strategy to which differences are estimated; None: each strategy by itself.
        most: number of replications at which the run ends in any case.
        level: confidence.
        endpoint: a condition; None: the goal.
    """

    half_width: float
    unit: str = "share"
    baseline: str | None = None
    most: int = MOST
    level: float = intervals.LEVEL
    endpoint: str | None = None

    @property
    def looks(self) -> list[int]:
        """Number of replications of each round at which the run may stop."""
        sizes, size = [], float(min(FIRST, self.most))
        while round(size) < self.most:
            sizes.append(round(size))
            size *= RATIO
        return [*sizes, self.most]

    @property
    def level_of_each(self) -> float:
        """Confidence of the interval at each look."""
        return 1 - (1 - self.level) / len(self.looks)

    def __str__(self) -> str:
        """In words."""
        width = f"{100 * self.half_width:g} points of the share" if self.unit == "share" else (
            f"{self.half_width:g} days of the restricted mean"
        )  # fmt: skip
        whose = "for every strategy" if self.baseline is None else (
            f"for the differences to {self.baseline}"
        )  # fmt: skip
        what = "" if self.endpoint is None else f" of {self.endpoint}"
        return f"within {width}{what}, {whose}"


def parse(
    text: str, baseline: str | None = None, most: int = MOST, endpoint: str | None = None
) -> Precision:
    """Parse a precision: ``0.01`` of the share, or ``10d`` of the restricted mean.

    Args:
        text: the half width.
        baseline, most, endpoint: as in :class:`Precision`.

    Raises:
        InputError: the text is neither.

    Example:
        >>> str(parse("0.01"))
        'within 1 points of the share, for every strategy'
        >>> parse("10d", most=2000).looks
        [1000, 1414, 2000]
    """
    unit = "days" if text.endswith("d") else "share"
    try:
        half = float(text.removesuffix("d"))
    except ValueError:
        half = math.nan
    if not (0 < half < (math.inf if unit == "days" else 1)):
        raise InputError(
            f'precision: found "{text}"; allowed: a share above 0 and below 1, as 0.01, '
            "or days above 0, as 10d"
        )
    return Precision(half, unit, baseline, most, endpoint=endpoint)


def run(
    scenario: Scenario,
    precision: Precision,
    strategies: Sequence[str] | None = None,
    seed: int = 1,
    *,
    out: str | Path | None = None,
    **options: Any,
) -> Results:
    """Simulate replications in rounds until the precision is met, or ``precision.most`` is reached.

    Args and errors are those of :func:`sim.run`; draws are refused, since more
    replications say nothing of the draws that were not made. The manifest says why it stopped.
    """
    _check(scenario, precision, strategies, options)
    looks, results, at = precision.looks, None, 0
    while True:
        if results is None:
            results = experiment.run(scenario, strategies, looks[at], seed, out=out, **options)
        else:
            results = experiment.extend(
                results, replications=looks[at], **_execution_options(options)
            )
        count = int(results.manifest["replications"])  # more where a folder held more
        widest = widths(results, precision)
        while at + 1 < len(looks) and looks[at + 1] <= count:
            at += 1
        if (widest["half_width"] <= precision.half_width).all() or at + 1 == len(looks):
            break
        factor = (widest["half_width"].max() / precision.half_width) ** 2
        at += 1
        while at + 1 < len(looks) and looks[at] < 0.9 * factor * count:
            at += 1
    return _noted(results, precision, widest)


def widths(results: Results, precision: Precision) -> pd.DataFrame:
    """Intervals of the estimates that the precision is about.

    Returns:
        Columns strategy, low, best, high and half_width (the longer side of the interval).
    """
    scenario, measure = results.scenario, MEASURES[precision.unit]
    about = (scenario.goal, scenario.ruin, scenario.horizon, precision.endpoint)
    level = precision.level_of_each
    frame = _light(results, precision.endpoint)
    if precision.baseline is None:
        table = incidence.summary(frame, *about, level=level)
        table = table.rename(
            columns={measure: "best", f"{measure}_low": "low", f"{measure}_high": "high"}
        )
    else:
        table = comparison.compare(frame, precision.baseline, *about, level=level)
        table = table[table["measure"] == measure]
    table = table[["strategy", "low", "best", "high"]].reset_index(drop=True)
    longer = np.fmax(table["high"] - table["best"], table["best"] - table["low"])
    return table.assign(half_width=longer)


def _light(results: Results, endpoint: str | None) -> pd.DataFrame:
    """The columns that the measures need."""
    if results.manifest["keep"] == "summary":
        return results.frame
    ends = (results.scenario.goal, results.scenario.ruin, endpoint)
    names = ["strategy", "draw", "replication", "outcome", "time"]
    names += dict.fromkeys(f"first_{end}" for end in ends if end is not None)
    return as_frame(results.table(names), results.manifest["strategies"])


def _check(
    scenario: Scenario,
    precision: Precision,
    strategies: Sequence[str] | None,
    options: dict[str, Any],
) -> None:
    if options.get("draws", 0) != 0:
        raise InputError(
            "precision: more replications say nothing of draws that were not made; "
            "allowed: no draws, or a number of replications"
        )
    names = argument_checks.strategies(strategies, names_of(scenario))
    if precision.baseline is None:
        return
    argument_checks.one_of("baseline", precision.baseline, names)
    if len(names) < 2 or options.get("keep") == "summary":
        raise InputError("precision of differences: needs rows (keep=rows) of two strategies")


def _execution_options(options: dict[str, Any]) -> dict[str, Any]:
    names = ("workers", "pool", "dask", "executor", "block", "progress")
    return {name: options[name] for name in names if name in options}


def _noted(results: Results, precision: Precision, widest: pd.DataFrame) -> Results:
    """The results, with a note in the manifest on why they are as many as they are."""
    met = bool((widest["half_width"] <= precision.half_width).all())
    worst = widest.loc[widest["half_width"].idxmax()]
    n = results.manifest["replications"]
    width = (
        f"{100 * worst['half_width']:.2g} points"
        if precision.unit == "share"
        else f"{worst['half_width']:.3g} days"
    )
    verb = "met" if met else "not met"
    why = (
        f"precision {verb} ({precision}): {n:,} replications; the widest interval, that of "
        f"{worst['strategy']}, is {width} to either side"
        + ("" if met else f"; {precision.most:,} replications were allowed")
    )
    results.manifest["precision"] = dataclasses.asdict(precision) | {
        "looks": len(precision.looks),
        "level_of_each": precision.level_of_each,
        "met": met,
        "why": why,
    }
    if results.folder is not None:
        write_manifest(results.folder, results.manifest)
    return results
