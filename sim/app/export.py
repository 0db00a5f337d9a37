"""Exports of a workspace: CSV, a results folder, and the script that makes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.app.progressive import Answer
from sim.app.scenario_library import SHIPPED, Library
from sim.app.session import State
from sim.app.strategy_draft import file_of, plain
from sim.app.workspace import workspace_of
from sim.errors import InputError
from sim.experiment.experiment import run
from sim.experiment.results import Results
from sim.plotting import style
from sim.reporting import summary
from sim.scenario.scenario import loads

_ONE_DRAWS = Lock()

SCRIPT = '''"""Simulates the replications of a live page again, into a results folder."""

import sim
from sim.reporting import summary

SCENARIO = """\\
{text}"""

if __name__ == "__main__":
    scenario = sim.loads(SCENARIO, "workspace")
    results = sim.run(scenario, {keys}, replications={replications}, seed={seed}, out={out!r})
    print(summary.summarise(results).to_string())
    summary.figures(results)
'''


def csv(answer: Answer) -> str:
    """The summary of an answer as CSV, with the strategies' titles; empty where it has none."""
    if answer.summary is None:
        return ""
    own = {key: title for key, title in answer.state.titles.items() if title != plain(key)}
    return str(summary.with_title_column(answer.summary, own).to_csv(index=False))


def figure(draw: Callable[[], Axes | Figure], ending: str = "svg", *, dark: bool = False) -> bytes:
    """A figure as the content of a file. May be asked for from any thread; one draws at a time.

    Args:
        draw: makes it with a function of :mod:`sim.plotting`, as
            ``lambda: plots.incidence(answer.incidence)``.
        ending: "svg" or "png".
        dark: for a dark page.

    Raises:
        InputError: another ending.
    """
    if ending not in ("svg", "png"):
        raise InputError(f'figure: found "{ending}"; allowed: svg, png')
    with _ONE_DRAWS:  # the looks are settings of the whole process while a figure is drawn
        drawn = draw()
        whole = drawn if isinstance(drawn, Figure) else drawn.figure
        if dark:
            style.darken(whole)
        return style.as_png(whole) if ending == "png" else style.as_svg(whole).encode()


def scenario_text(state: State, library: Library = SHIPPED) -> str:
    """A scenario file with the drafts and the changed assumptions of a workspace.

    It extends a scenario of the catalog; of any other one it holds the whole.

    Raises:
        ScenarioError: the state does not fit its scenario.
    """
    workspace = workspace_of(state, library)
    if not library.ships(state.scenario):
        return workspace.scenario.text
    return f'extends = "{state.scenario}"\n{file_of(state.drafts, state.numbers)}'


def folder(state: State, replications: int, out: Path, library: Library = SHIPPED) -> Results:
    """A results folder of the workspace, as ``detente run`` writes it, with its figures.

    Raises:
        ScenarioError: the state does not fit its scenario.
        InputError, RunError, Incomplete: as :func:`sim.run`.
    """
    scenario = loads(scenario_text(state, library), "workspace")
    keys = [draft.key for draft in state.drafts]
    results = run(scenario, keys, replications, state.seed, out=out)
    summary.summarise(results)
    with _ONE_DRAWS:
        summary.figures(results)
    return results


def script(
    state: State, replications: int, out: str = "workspace", library: Library = SHIPPED
) -> str:
    """A Python script that makes the same results folder; it runs as it stands.

    Args:
        state: what is in the workspace.
        replications: of each draft.
        out: the folder that it writes.
        library: in which the scenario is looked up.

    Raises:
        ScenarioError: the state does not fit its scenario.
    """
    text = scenario_text(state, library).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    keys = [draft.key for draft in state.drafts]
    return SCRIPT.format(text=text, keys=keys, replications=replications, seed=state.seed, out=out)
