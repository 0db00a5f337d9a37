"""What is made of a run: its summary, its figures, and single histories told."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from sim import comparison, experiment, intervals, kernel, processes, statistics
from sim.draws import Draws
from sim.experiment import InputError, Results, names_of, nearest
from sim.printing import many
from sim.program import translate
from sim.question import is_counted
from sim.scenario import Scenario
from sim.story import Story
from sim.story import tell as make_story

MOST_ROWS = 1_000_000  # read at once; a row takes a kilobyte
TRACERS = {"compiled": kernel.trace, "simpy": processes.trace}


def tell(
    scenario: Scenario,
    strategy: str | None = None,
    replication: int = 0,
    seed: int = 1,
    engine: str = "simpy",
    draw: int = 0,
    draws: str | Path | Draws | None = None,
) -> Story:
    """One history of a scenario, event by event; the same as in a run with this seed.

    Args:
        scenario: what is negotiated.
        strategy: the first one where None.
        replication, seed, draw: which history.
        engine: "simpy" or "compiled".
        draws: a table that holds the draw, or its file; as a run samples them where None.

    Raises:
        InputError: an unknown strategy, or a draw that there is not.
        sim.program.ModelError: a history in which time cannot advance.
    """
    name = names_of(scenario)[0] if strategy is None else strategy
    program = experiment.of_draw(translate(experiment.chosen(scenario, name)), draw, draws, seed)
    rows, log = TRACERS[engine](program, seed, replication)
    return make_story(program, rows, log, seed, replication, draw)


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


def summarise(results: Results, endpoint: str | None = None) -> pd.DataFrame:
    """The summary of a run, best strategy first; written to ``summary.csv`` where it has a folder.

    Raises:
        InputError: an endpoint that the scenario does not know.
    """
    scenario = results.scenario
    # Where the precision was looked at again and again, the intervals pay for that.
    level = results.manifest.get("precision", {}).get("level_of_each", intervals.LEVEL)
    with refusing():
        table = statistics.summary(
            frame_of(results), scenario.goal, scenario.ruin, scenario.horizon, endpoint, level=level
        )
    if results.folder is not None:
        table.to_csv(results.folder / "summary.csv", index=False)
    return table


def differences(
    results: Results, baseline: str | None = None, endpoint: str | None = None
) -> pd.DataFrame:
    """Paired differences to a baseline (the first strategy of the scenario where None).

    Raises:
        InputError: an unknown baseline or endpoint, or a run of one strategy alone.
    """
    scenario, name = results.scenario, baseline_of(results, baseline)
    with refusing():
        table = comparison.compare(
            results.frame, name, scenario.goal, scenario.ruin, scenario.horizon, endpoint
        )
    if results.folder is not None:
        table.to_csv(results.folder / "differences.csv", index=False)
    return table


def baseline_of(results: Results, baseline: str | None) -> str:
    """The strategy that the others are held against; by default the first.

    Raises:
        InputError: it is unknown, or there is no other.
    """
    names = list(results.manifest["strategies"])
    if len(names) < 2:
        raise InputError("there is only one strategy; a comparison needs two")
    name = names[0] if baseline is None else baseline
    if name not in names:
        raise InputError(f'unknown baseline "{name}"{nearest(name, names)}')
    return name


def figures(
    results: Results,
    baseline: str | None = None,
    endpoint: str | None = None,
    table: pd.DataFrame | None = None,
) -> list[Path]:
    """Draw the figures of a run into its folder, each as PNG and SVG; their paths without ending.

    Args:
        results: of a run that has a folder.
        baseline, endpoint: as for :func:`differences`.
        table: of the differences, where there is one already. None: it is made and written.

    Raises:
        InputError: the run has no folder.
    """
    folder = results.folder
    if folder is None:
        raise InputError("a run without a results folder has no place for figures")
    from sim import canvas, plots  # matplotlib takes its time: only who draws waits for it

    shown = _shares(results, endpoint) | _paired(results, baseline, endpoint, table)
    for name, (one, about) in shown.items():
        canvas.save(getattr(plots, name)(one, caption=about).figure, folder / name)
    return [folder / name for name in shown]


def axes_of(
    results: Results, endpoint: str | None = None, table: pd.DataFrame | None = None
) -> dict[str, Any]:
    """The figures of a run as axes, by name; that of differences where their table is given."""
    from sim import plots  # matplotlib takes its time: only who draws waits for it

    shown = _shares(results, endpoint)
    if table is not None:
        shown |= _differences_shown(results, table)
    return {name: getattr(plots, name)(one, caption=about) for name, (one, about) in shown.items()}


Shown = dict[str, tuple[pd.DataFrame, str]]


def _shares(results: Results, endpoint: str | None) -> Shown:
    """What the figures of each strategy by itself show, and what stands below them."""
    scenario, frame = results.scenario, frame_of(results)
    goal, horizon = scenario.goal, scenario.horizon
    about = caption(results)
    return {
        "incidence": (
            statistics.incidence(frame, endpoint, horizon=horizon, goal=goal),
            f"{about}; bands are 95 % intervals",
        ),
        "outcomes": (statistics.outcomes(frame, goal=goal, horizon=horizon), about),
        "times": (statistics.times(frame, endpoint, horizon=horizon, goal=goal), about),
    }


def _paired(
    results: Results, baseline: str | None, endpoint: str | None, table: pd.DataFrame | None
) -> Shown:
    """The same of the figure of differences, where there are any."""
    if table is None:
        if len(results.manifest["strategies"]) < 2 or is_counted(frame_of(results)):
            return {}
        table = differences(results, baseline, endpoint)
    return _differences_shown(results, table)


def _differences_shown(results: Results, table: pd.DataFrame) -> Shown:
    return {"differences": (table, f"{caption(results)}; bars are 95 % intervals")}


def frame_of(results: Results) -> pd.DataFrame:
    """The rows of a run, or the counts by day of one that is too large to read its rows at once."""
    manifest = results.manifest
    rows = manifest["replications"] * max(1, manifest["draws"]) * len(manifest["strategies"])
    counted = rows > MOST_ROWS and manifest["columns"] is None
    return results.counts if counted else results.frame


def notes(manifest: dict[str, Any]) -> list[str]:
    """What must be known before the intervals of a run, or an explanation, are read."""
    if manifest["draws"] == 1:
        return ["One draw says nothing of other draws: the intervals are over its histories alone."]
    return [luck_of_few(manifest["replications"])] if manifest["draws"] else []


def luck_of_few(worlds: int) -> str:
    """What intervals over draws leave out: all draws meet the luck of the same worlds.

    Said as the half length of an interval of a share of one half in so many worlds, which is what
    it comes to where histories of one world end alike in every draw.
    """
    points = 100 * intervals.normal(intervals.LEVEL) * math.sqrt(0.25 / worlds)
    return (
        f"All draws are told in the same {many(worlds, 'world')}. Intervals are over draws; the "
        f"luck of these worlds, up to {points:.1f} points of a share, is not in them."
    )


def caption(results: Results) -> str:
    """What every figure says of its run."""
    return caption_of(results.manifest)


def caption_of(manifest: dict[str, Any]) -> str:
    """How many histories a manifest tells of, and of what."""
    of_each = f"{many(manifest['replications'], 'history')} of each strategy"
    if manifest["draws"]:
        of_each = f"{many(manifest['draws'], 'draw')} x {of_each} and draw"
    return f"{manifest['scenario']}: {of_each}, seed {manifest['seed']}"
