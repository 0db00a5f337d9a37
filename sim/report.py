"""What is made of a run: its summary, its figures, and single histories told."""

from __future__ import annotations

import contextlib
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
    results: Results, baseline: str | None = None, endpoint: str | None = None
) -> list[Path]:
    """Draw the figures of a run into its folder, each as PNG and SVG; their paths without ending.

    Raises:
        InputError: the run has no folder.
    """
    folder = results.folder
    if folder is None:
        raise InputError("a run without a results folder has no place for figures")
    from sim import plots  # matplotlib takes its time: only who draws waits for it

    drawn = axes_of(results, baseline, endpoint)
    for name, axes in drawn.items():
        plots.save(axes.figure, folder / name)
    return [folder / name for name in drawn]


def axes_of(
    results: Results,
    baseline: str | None = None,
    endpoint: str | None = None,
    *,
    paired: bool = True,
) -> dict[str, Any]:
    """The figures of a run as axes, by name; ``paired``: with the differences, where there are."""
    from sim import plots

    scenario, frame = results.scenario, frame_of(results)
    goal, horizon = scenario.goal, scenario.horizon
    about = caption(results)
    drawn = {
        "incidence": plots.incidence(
            statistics.incidence(frame, endpoint, horizon=horizon, goal=goal),
            caption=f"{about}; bands are 95 % intervals",
        ),
        "outcomes": plots.outcomes(
            statistics.outcomes(frame, goal=goal, horizon=horizon), caption=about
        ),
        "times": plots.times(
            statistics.times(frame, endpoint, horizon=horizon, goal=goal),
            caption=about,
        ),
    }
    if paired and len(results.manifest["strategies"]) > 1 and not is_counted(frame):
        drawn["differences"] = plots.differences(
            differences(results, baseline, endpoint), caption=f"{about}; bars are 95 % intervals"
        )
    return drawn


def frame_of(results: Results) -> pd.DataFrame:
    """The rows of a run, or the counts by day of one that is too large to read its rows at once."""
    manifest = results.manifest
    rows = manifest["replications"] * max(1, manifest["draws"]) * len(manifest["strategies"])
    counted = rows > MOST_ROWS and manifest["columns"] is None
    return results.counts if counted else results.frame


def notes(manifest: dict[str, Any]) -> list[str]:
    """What must be known before the intervals of a run, or an explanation, are read."""
    if manifest["draws"] != 1:
        return []
    return ["One draw says nothing of other draws: the intervals are over its histories alone."]


def caption(results: Results) -> str:
    """What every figure says of its run."""
    return caption_of(results.manifest)


def caption_of(manifest: dict[str, Any]) -> str:
    """How many histories a manifest tells of, and of what."""
    of_each = f"{many(manifest['replications'], 'history')} of each strategy"
    if manifest["draws"]:
        of_each = f"{many(manifest['draws'], 'draw')} x {of_each} and draw"
    return f"{manifest['scenario']}: {of_each}, seed {manifest['seed']}"
