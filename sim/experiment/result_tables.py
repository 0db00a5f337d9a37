"""Tables of a run: its question (goal, ruin, horizon) and its frame handed to the statistics.

Frames in, frames out; the estimates themselves are those of :mod:`sim.analysis`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.analysis import comparison, measures
from sim.analysis.intervals import LEVEL
from sim.analysis.measures import Measure
from sim.analysis.samples import RowSample, validate
from sim.engine.daily_counts import MOST_DAYS
from sim.errors import InputError, unknown
from sim.experiment import argument_checks
from sim.formatting import many
from sim.types import Floats

if TYPE_CHECKING:
    from sim.experiment.results import Results

MOST_ROWS = 1_000_000  # read at once; a row takes a kilobyte
LEFT_OUT, REACHED, RUINED = 0, 1, 2  # codes of events


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """What a frame cannot be asked is what the input is wrong in.

    Raises:
        InputError: instead of a ValueError of the statistics.
    """
    try:
        yield
    except ValueError as error:
        raise InputError(str(error)) from None


def level_of(results: Results) -> float:
    """The confidence of each interval: higher where the precision was looked at repeatedly."""
    return float(results.manifest.get("precision", {}).get("level_of_each", LEVEL))


def baseline_of(results: Results, baseline: str | None) -> str:
    """The strategy with which the others are compared; by default the first.

    Raises:
        InputError: it is unknown, or there is no other.
    """
    names = list(results.manifest["strategies"])
    if len(names) < 2:
        raise InputError("there is only one strategy; a comparison needs two")
    name = names[0] if baseline is None else baseline
    if name not in names:
        raise InputError(unknown("baseline", name, names))
    return name


def paired_samples_of(results: Results, endpoint: str | None) -> comparison.PairedSamples:
    """The replications of a run in pairs, for the functions of :mod:`sim.analysis.comparison`.

    Raises:
        InputError: an unknown endpoint, or a run that kept counts.
    """
    scenario = results.scenario
    with refusing():
        return comparison.paired_samples(
            results.frame, scenario.goal, scenario.ruin, scenario.horizon, endpoint,
            own=results.measures,
        )  # fmt: skip


def measured(frame: pd.DataFrame, measure: Measure, known: Sequence[str]) -> Floats:
    """The values of a measure of the user's own in each replication, (n,).

    Args:
        frame: of the rows.
        measure: to be checked: it must have a name of its own and a number in each replication.
        known: names of columns and measures that there are already.

    Raises:
        InputError: it has not.
    """
    name = argument_checks.text("name", measure.name)
    if name in known:
        raise InputError(f'measure: there is already "{name}"; allowed: another name')
    if isinstance(measure.function, str):
        argument_checks.one_of("column", measure.function, [str(one) for one in frame])
    values = measure.values(frame)
    if values.shape != (len(frame),):
        raise InputError(
            f'measure "{name}": found values of shape {values.shape}; allowed: one for each of '
            f"{len(frame):,} replications"
        )
    if wrong := int((~np.isfinite(values)).sum()):
        raise InputError(
            f'measure "{name}": found {many(wrong, "replication")} without a number; allowed: a '
            "number in each, as by fillna"
        )
    return values


# -- the frame that a summary is made from --------------------------------------------------------


def frame_of(results: Results) -> pd.DataFrame:
    """The rows of a run, or the counts by day of one that is too large to read its rows at once.

    Raises:
        InputError: the rows are too many, and the horizon is too long to count them by day.
    """
    manifest = results.manifest
    if _many_rows(manifest) and manifest["horizon"] > MOST_DAYS:
        raise InputError(
            f"{rows_of(manifest):,} rows are too many to be read at once, and a horizon of "
            f"{manifest['horizon']:,g} days is too long to count them by day; allowed: at most "
            f"{MOST_ROWS:,} rows, {MOST_DAYS:,} days, or fewer --columns"
        )
    return results.counts if from_counts(manifest) else results.frame


def rows_of(manifest: Mapping[str, Any]) -> int:
    """How many rows a run has."""
    return int(manifest["replications"] * max(1, manifest["draws"]) * len(manifest["strategies"]))


def _many_rows(manifest: Mapping[str, Any]) -> bool:
    return rows_of(manifest) > MOST_ROWS and manifest.get("columns", ()) is None


def from_counts(manifest: Mapping[str, Any]) -> bool:
    """Whether the summary of a run, or of an explanation, is made from counts by day."""
    return _many_rows(manifest) or manifest.get("keep") == "summary"


# -- tables for other libraries -------------------------------------------------------------------


def times(results: Results, endpoint: str | None, competing: bool) -> pd.DataFrame:
    """Duration and event of every replication; see :meth:`sim.experiment.results.Results.times`."""
    scenario = results.scenario
    with refusing():
        valid = validate(
            results.frame, scenario.goal, scenario.horizon, endpoint, scenario.ruin, level=LEVEL
        )
        samples = list(valid.rows())
    tables = []
    for sample in samples:
        reached = sample.times(valid.endpoint, valid.goal)
        ruined = _ruined(sample, valid.ruin, valid.goal, valid.endpoint)
        duration = np.minimum(reached, valid.horizon)
        event = np.where(np.isfinite(reached), REACHED, LEFT_OUT)
        if competing:
            first = np.isfinite(ruined) & ~(reached <= ruined)
            duration, event = np.where(first, ruined, duration), np.where(first, RUINED, event)
        tables.append(
            pd.DataFrame(
                {
                    "strategy": sample.strategy,
                    "draw": sample["draw"],
                    "replication": sample["replication"],
                    "duration": duration,
                    "event": event if competing else event.astype(bool),
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    table.attrs = {"endpoint": valid.endpoint, "horizon": valid.horizon}
    return table


def _ruined(sample: RowSample, ruin: str | None, goal: str, endpoint: str) -> Floats:
    """Days to the ruin, ``inf`` for never, and where the ruin itself is waited for."""
    if ruin is None or ruin == endpoint:
        return np.full(sample.runs, np.inf)
    return sample.times(ruin, goal)


def experiments(results: Results) -> tuple[pd.DataFrame, dict[str, Floats]]:
    """Inputs and outcomes; see :meth:`sim.experiment.results.Results.to_experiments`."""
    scenario, frame = results.scenario, results.frame
    goal, ruin = scenario.goal, scenario.ruin
    standard = [
        measures.came("reached", goal, goal),
        measures.restricted_mean("restricted_mean", goal, goal, scenario.horizon),
        *([] if ruin is None else [measures.came("ruin", ruin)]),
    ]
    measured = frame[["draw"]].assign(
        strategy=frame["strategy"].astype(str), **{one.name: one.values(frame) for one in standard}
    )
    others = [name for name in frame.columns if name.startswith(("held_", "n_"))]
    others += [one.name for one in results.measures]
    measured = pd.concat([measured, frame[others]], axis=1)
    means = measured.groupby(["strategy", "draw"], sort=False).mean()
    keys = means.index.to_frame(index=False)
    inputs = pd.DataFrame(index=keys.index)
    if results.draws is not None:
        drawn = results.draws.drop(columns="draw")
        inputs = drawn.iloc[keys["draw"].to_numpy() - 1].reset_index(drop=True)
    inputs = inputs.assign(scenario=keys["draw"], policy=keys["strategy"], model=scenario.name)
    return inputs, {name: means[name].to_numpy(float) for name in means}
