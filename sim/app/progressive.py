"""Progressive answers: a first one from a thousand replications, better ones until it is enough.

    for answer in answers(state, cancelled=event.is_set):
        show(answer)

Replication r has the same random numbers under every draft, at every position of a slider, and in
every answer: the replications of an answer are the first ``n`` of the next one. Tables are made by
the project's own statistics and equal those of a run with the same inputs.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from sim.analysis import attribution, comparison
from sim.analysis import incidence as incidence_module
from sim.app.buffers import ReplicationBuffer
from sim.app.scenario_library import SHIPPED, Library
from sim.app.session import State
from sim.app.workspace import Workspace, workspace_of
from sim.errors import ModelError, ScenarioError
from sim.experiment.replay import with_logs
from sim.experiment.simulation import (
    BASE,
    AtPoints,
    Batch,
    CancelCheck,
    SimulationCancelled,
    Span,
    never,
    simulate,
)
from sim.tracing import time_budget as budgets

FIRST = 1_000  # replications of each draft in the first answer
MOST = 32_000  # in the last, whatever the precision asked for
FOLLOWED = 200  # replications of a draft, event by event, behind the time budget
WORKERS = 2  # threads of an answer


@dataclass(frozen=True)
class Answer:
    """What is known so far; tables are None where there is a message, or one draft too few.

    Tables name strategies by key; their attribute titles has the names for readers.

    Attributes:
        state: what was asked.
        n: replications of each draft.
        done: no better answer will follow.
        message: why there is no more: issues of the state, or a replication that fails; else
            empty.
        summary, incidence, outcomes: as those of :mod:`sim.analysis.incidence`.
        differences: to the first draft, as :func:`sim.analysis.comparison.compare`; None with one
            draft.
        bottlenecks: as :func:`sim.analysis.attribution.bottlenecks`.
        budget: as :func:`sim.analysis.attribution.time_budget`, from the first replications of each
            draft (its column n says how many); only the last answer has it.
        goal_tracks: of each draft, those that can reach the goal; as the budget.
    """

    state: State
    n: int = 0
    done: bool = False
    message: str = ""
    summary: pd.DataFrame | None = None
    incidence: pd.DataFrame | None = None
    outcomes: pd.DataFrame | None = None
    differences: pd.DataFrame | None = None
    bottlenecks: pd.DataFrame | None = None
    budget: pd.DataFrame | None = None
    goal_tracks: dict[str, list[str]] | None = None

    @property
    def half_width(self) -> float:
        """Half the width of the widest interval of a share reached; NaN where there is none."""
        if self.summary is None:
            return float("nan")
        return float((self.summary["reached_high"] - self.summary["reached_low"]).max() / 2)


def answers(
    state: State, cancelled: CancelCheck = never, library: Library = SHIPPED
) -> Generator[Answer, None, None]:
    """Better and better answers; the last is ``done``.

    Nothing is raised for what is wrong with the state or the model: that is an answer with a
    message. Once ``cancelled()`` is true no further block is simulated, and nothing more is
    yielded.
    """
    try:
        yield from _answers(workspace_of(state, library), cancelled)
    except (ScenarioError, ModelError) as error:
        yield Answer(state, done=True, message=str(error))


def _answers(workspace: Workspace, cancelled: CancelCheck) -> Generator[Answer, None, None]:
    kept, seed = ReplicationBuffer(workspace.programs), workspace.state.seed
    sources = [partial(AtPoints, program) for program in workspace.programs]
    n, wanted = 0, FIRST
    while True:
        kept.make_room(wanted)

        def keep(batch: Batch, begin: int = n) -> None:
            kept.keep(batch.source, begin + batch.begin, batch.rows)

        new = [Span(BASE, n, wanted - n)]
        try:
            simulate(sources, new, keep, seed=seed, workers=WORKERS, cancelled=cancelled)
        except SimulationCancelled:
            return
        n = wanted
        answer = _answer(workspace, kept.frame(), n)
        if cancelled():
            return
        yield answer
        if n >= MOST or answer.half_width <= workspace.state.precision:
            break
        wanted = min(2 * wanted, MOST)

    budget = _budget(workspace, cancelled)
    if budget is not None:
        budget.attrs["titles"] = workspace.state.titles
        tracks = {p.strategy: budgets.goal_tracks(p) for p in workspace.programs}
        yield replace(answer, budget=budget, goal_tracks=tracks, done=True)


def _budget(workspace: Workspace, cancelled: CancelCheck) -> pd.DataFrame | None:
    """The time budget of all drafts, from the first replications; None once it is cancelled."""
    frames = []
    for program in workspace.programs:
        logged: list[budgets.LoggedReplication] = []
        for one in with_logs(program, workspace.state.seed, range(FOLLOWED)):
            if cancelled():
                return None
            logged.append(one)
        frames.append(budgets.budgets(program, logged))
    if cancelled():
        return None
    horizon = workspace.programs[0].scenario.horizon
    return attribution.time_budget(pd.concat(frames, ignore_index=True), horizon=horizon)


def _answer(workspace: Workspace, frame: pd.DataFrame, n: int) -> Answer:
    scenario, drafts = workspace.programs[0].scenario, workspace.state.drafts
    goal, ruin, horizon = scenario.goal, scenario.ruin, scenario.horizon
    answer = Answer(
        workspace.state,
        n,
        summary=incidence_module.summary(frame, goal, ruin, horizon),
        incidence=incidence_module.incidence(frame, horizon=horizon, goal=goal),
        outcomes=incidence_module.outcomes(frame, horizon=horizon, goal=goal),
        differences=comparison.compare(frame, drafts[0].key, goal, ruin, horizon)
        if len(drafts) > 1
        else None,
        bottlenecks=attribution.bottlenecks(frame, goal=goal, horizon=horizon),
    )
    for made in vars(answer).values():
        if isinstance(made, pd.DataFrame):
            made.attrs["titles"] = workspace.state.titles
    return answer
