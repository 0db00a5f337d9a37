"""What would flip it: at which values of the numbers the second of two drafts is the best.

    for found in flips(workspace, leading(answer.summary), cancelled=event.is_set):
        show(found.table, found.sentence)

A study of :mod:`sim.studies.switching_values`, of two drafts and of the days until the goal, that
begins where the sliders stand. Both ends of every range are looked at first, which is the first
thing that is yielded; then the numbers that may flip it are simulated along their ranges.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.app.strategy_draft import StrategyDraft, plain
from sim.app.workspace import Workspace
from sim.errors import InputError
from sim.experiment.evaluator import Evaluator, make_evaluator
from sim.experiment.simulation import CancelCheck, SimulationCancelled, never
from sim.formatting import listed
from sim.studies import switching_values
from sim.studies.sensitivity_indices import tornado_points

SHOWN = 5  # numbers
REPLICATIONS = 100  # of each draft at an end of a range; ten times as many along it
LOOKED_INTO = 12  # ends of ranges, at most


@dataclass(frozen=True)
class Flips:
    """What is known so far of the numbers that may flip two drafts.

    Attributes:
        leader: the better draft where the sliders stand.
        rival: the other one.
        lead: days by which the leader is sooner on average: low, best, high.
        tied: whether the two cannot be distinguished; then the rival takes over only where it is
            sooner by :attr:`margin` days.
        margin: days.
        table: as :func:`sim.studies.switching_values.switching_values`, of the first numbers; while
            not done, those that may flip it are "perhaps", with no values.
        numbers: how many were looked at.
        done: nothing better will follow.
        here, at_ends: replications of each strategy where the sliders stand, and at an end.
    """

    leader: StrategyDraft
    rival: StrategyDraft
    lead: tuple[float, float, float]
    tied: bool
    margin: float
    table: pd.DataFrame
    numbers: int
    done: bool = False
    here: int = 0
    at_ends: int = 0

    @property
    def sentence(self) -> str:
        """What it says, in words."""
        return " ".join([_who_leads(self), *_what_flips(self)])


def leading(summary: pd.DataFrame) -> tuple[str, ...]:
    """The keys of the two best drafts of an answer's summary; of one where there is one."""
    return tuple(summary["strategy"].astype(str)[:2])


def flips(
    workspace: Workspace,
    keys: Sequence[str],
    cancelled: CancelCheck = never,
    replications: int = REPLICATIONS,
    shown: int = SHOWN,
) -> Generator[Flips, None, None]:
    """The numbers nearest to making the second of two drafts the best: a first look, then all.

    Once ``cancelled()`` is true nothing more is simulated or yielded.

    Args:
        workspace: whose sliders stand where the study begins.
        keys: of two drafts, as :func:`leading` gives them. Numbers that one of them overrides are
            not asked.
        cancelled: asked every some milliseconds, by any thread.
        replications: of each draft at each end of a range.
        shown: numbers, at most.

    Raises:
        InputError: not two drafts of the workspace, or no uncertain number.
        sim.errors.ModelError: a replication in which time cannot advance.
    """
    if len(set(keys)) != 2 or not set(keys) <= set(workspace.keys):
        raise InputError(
            f"strategies: found {', '.join(keys)}; allowed: two of {', '.join(workspace.keys)}"
        )
    evaluator = make_evaluator(
        workspace.ranged(keys), keys, "restricted_mean", workspace.state.seed,
        workers=1, cancelled=cancelled,
    )  # fmt: skip
    try:
        yield from _flips(workspace, evaluator, replications, shown)
    except SimulationCancelled:
        return


def _flips(
    workspace: Workspace, evaluator: Evaluator, replications: int, shown: int
) -> Generator[Flips, None, None]:
    known = switching_values.base(evaluator, replications)
    look = switching_values.first_look(
        known, evaluator.evaluate(tornado_points(evaluator), replications)
    )
    for ends in (0, LOOKED_INTO):
        found = switching_values.switching_values(
            known, look, 10 * replications, replications, ends
        )
        first = list(dict.fromkeys(found["number"]))[:shown]
        part = found[found["number"].isin(first)].reset_index(drop=True)
        yield _of(workspace, known, part, replications, done=ends > 0)


def _of(
    workspace: Workspace,
    known: switching_values.Base,
    part: pd.DataFrame,
    replications: int,
    *,
    done: bool,
) -> Flips:
    drafts = {draft.key: draft for draft in workspace.state.drafts}
    lead = known.leads.iloc[0]
    return Flips(
        leader=drafts[known.evaluator.strategies[known.leader]],
        rival=drafts[lead["strategy"]],
        lead=(float(lead["low"]), float(lead["best"]), float(lead["high"])),
        tied=bool(lead["tied"]),
        margin=known.margin,
        table=part,
        numbers=len(known.evaluator.free),
        here=int(known.goodness.shape[-1]),
        at_ends=replications,
        done=done,
    )


# -- in words -------------------------------------------------------------------------------------


def _titles(found: Flips) -> tuple[str, str]:
    return f'"{found.leader.title}"', f'"{found.rival.title}"'


def _who_leads(found: Flips) -> str:
    leader, rival = _titles(found)
    low, best, high = found.lead
    if not any(found.lead):
        return f"{leader} and {rival} are equally good in every replication simulated here."
    days = _days(low, best, high)
    if found.tied:
        return (
            f"{leader} is sooner than {rival} by {days} on average, so the two are not "
            f"distinguished; {rival} counts as better where it is sooner by {found.margin:g} days."
        )
    return f"{leader} is sooner than {rival} by {days} on average."


def _what_flips(found: Flips) -> list[str]:
    rows = found.table.to_dict("records")
    sure = [row for row in rows if row["verdict"] == switching_values.SWITCHES]
    perhaps = [row for row in rows if row["verdict"] == switching_values.PERHAPS]
    if not sure and not perhaps and not any(found.lead):
        return []  # they are the same strategy wherever it was looked
    if not found.done:
        names = [plain(row["number"]) for row in perhaps]
        return [f"May flip it: {listed(names)}." if names else "No end of a range flips it."]
    said = []
    if sure:
        said.append(
            f"{_titles(found)[1]} takes over where {'; or where '.join(map(_switch, sure))}."
        )
    if perhaps:
        names = [f"{plain(row['number'])} at its {row['end']} end" for row in perhaps]
        said.append(f"Left open by the replications simulated: {listed(names)}.")
    if not sure and not perhaps:
        said.append(f"No parameter flips it alone, of {found.numbers}. {_nearest(rows[0])}")
    return said


def _switch(row: dict[str, Any]) -> str:
    low, high = (
        f"{row[end]:.3g}" if row[end] == row[end] else "beyond its range"
        for end in ("value_low", "value_high")
    )
    way = "falls" if row["end"] == "low" else "rises"
    return (
        f"{plain(row['number'])} {way} from {row['likely']:.3g} to {row['value']:.3g} "
        f"({low} to {high})"
    )


def _nearest(row: dict[str, Any]) -> str:
    lead = _days(row["lead_low"], row["lead"], row["lead_high"])
    return (
        f"{plain(row['number'])} comes nearest: at one end of its range, {row['from']:.3g} to "
        f"{row['to']:.3g}, the lead is {lead}."
    )


def _days(low: float, best: float, high: float) -> str:
    unit = "day" if round(best) == 1 else "days"
    return f"{best:.0f} {unit} ({low:.0f} to {high:.0f})"
