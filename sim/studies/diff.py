"""The study of a difference: one replication under two strategies, and where many diverge."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis import attribution
from sim.engine import kernel
from sim.engine.program import Program
from sim.engine.version import MODEL_VERSION
from sim.errors import InputError
from sim.experiment import argument_checks, replay
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.plan import of_draw
from sim.formatting import days_text, many, percent
from sim.reporting.cells import limits
from sim.reporting.sections import HELD, OTHER_MODEL, Bullets, Facts, Figure, Section
from sim.reporting.text_tables import TextTable
from sim.scenario.scenario import Scenario
from sim.studies.study import (
    MOST_REPLAYED_REPLICATIONS,
    Study,
    begun,
    check_events,
    finished,
)
from sim.tracing import divergence as divergence_tables
from sim.tracing.divergence import BOTH, ONLY_A, Divergence
from sim.tracing.trace import Trace, is_main, trace_of

ASKED = ("strategies", "replication", "draw")
MOST_DIVERGENCES = 8
DIVERGENCES = {"partings": "first divergences", "turns": "first attempts that end otherwise"}
NEVER = "never"
FIRST = " (first divergence after day 0)"


def diff(
    scenario: ScenarioLike,
    a: str,
    b: str,
    replication: int = 0,
    replications: int = 500,
    seed: int = 1,
    out: str | Path | None = None,
    draw: int = 0,
    draws: str | Path | Draws | None = None,
) -> Study:
    """One paired replication under two strategies, side by side, and where many diverge.

    Args:
        scenario: what is negotiated.
        a, b: two strategies.
        replication: that is shown.
        replications: whose first divergences are counted.
        seed: of the random numbers.
        out: folder that it is saved to; nothing is written where None.
        draw, draws: of the uncertain parameters, in all these replications; as for
            :func:`sim.reporting.summary.trace`.

    Returns:
        The tables ``side_by_side``, ``partings`` (first divergences) and ``turns`` (first attempts
        that both make and that end otherwise).

    Raises:
        InputError: an unknown strategy, the same twice, a draw that there is not, or more events
            than can be replayed one by one.

    Example:
        >>> import sim
        >>> pair = "proposal", "all_parallel"
        >>> study = sim.diff("korea-2017", *pair, replication=7, replications=10)
        >>> sorted(study.tables)
        ['partings', 'side_by_side', 'turns']
    """
    scenario = argument_checks.scenario(scenario)
    argument_checks.whole("replication", replication, 0, argument_checks.MOST_REPLICATION)
    argument_checks.whole("replications", replications, 1, MOST_REPLAYED_REPLICATIONS)
    argument_checks.seed(seed)
    if a == b:
        raise InputError(f'"{a}" twice; two different strategies are needed')
    manifest = begun(
        "diff", scenario, seed, out, strategies=[a, b], replication=replication,
        replications=replications, draw=draw,
    )  # fmt: skip
    ours, theirs = (
        of_draw(replay.program_of(scenario, name), draw, draws, seed) for name in (a, b)
    )
    check_events([ours, theirs], seed, replications)
    traces, logs = _both(ours, theirs, seed, replication, draw)
    each = (replay.with_logs(program, seed, range(replications)) for program in (ours, theirs))
    pairs = ((one[0], one[2], two[2]) for one, two in zip(*each, strict=True))
    diverged, turns = divergence_tables.divergences(
        ours, pairs, divergence_tables.first_divergence, divergence_tables.first_changed_attempt
    )
    tables = {
        "side_by_side": divergence_tables.side_by_side(*traces),
        "partings": attribution.commonest_divergences(diverged),
        "turns": attribution.commonest_divergences(turns),
    }
    manifest |= {
        "numbers": _parameters(ours) | _parameters(theirs) if draw else {},
        "divergence": _kept(divergence_tables.first_divergence(ours, *logs)),
        "turn": _kept(divergence_tables.first_changed_attempt(ours, *logs)),
        "endings": [
            ending(trace.row["outcome"], trace.row["time"], scenario.goal, scenario.ruin)
            for trace in traces
        ],
    }
    return finished(scenario, tables, manifest, out)


def _both(
    ours: Program, theirs: Program, seed: int, replication: int, draw: int
) -> tuple[list[Trace], list[Any]]:
    """Traces and logs of a paired replication."""
    traces, logs = [], []
    for program in (ours, theirs):
        rows, log = kernel.trace(program, seed, replication)
        traces.append(trace_of(program, rows, log, seed, replication, draw))
        logs.append(log)
    return traces, logs


def _kept(divergence: Divergence) -> list[Any] | None:
    return None if math.isnan(divergence.time) else [float(divergence.time), *divergence[1:]]


def _divergence(kept: list[Any] | None) -> Divergence:
    return divergence_tables.NO_DIVERGENCE if kept is None else Divergence(*kept)


def _parameters(program: Program) -> dict[str, float]:
    return {name: float(program.parameters[slot]) for name, slot in program.parameter_index.items()}


def _figure(study: Study) -> Any:
    """The two replications, simulated again."""
    from sim.plotting import decisions  # matplotlib loads slowly: only figures wait for it

    manifest = study.manifest
    seed, replication, draw = (manifest[key] for key in ("seed", "replication", "draw"))
    ours, theirs = (
        _with_parameters(study.scenario, name, manifest["numbers"])
        for name in manifest["strategies"]
    )
    (a, b), _ = _both(ours, theirs, seed, replication, draw)
    return decisions.side_by_side(a, b, _divergence(manifest["divergence"]))


def _with_parameters(scenario: Scenario, name: str, values: dict[str, float]) -> Program:
    program = replay.program_of(scenario, name)
    own = set(program.parameter_index) - set(program.scenario.chosen.overrides)
    return program.with_parameters({key: value for key, value in values.items() if key in own})


# -- what it says ---------------------------------------------------------------------------------


def sections(study: Study) -> Iterator[Section]:
    """What a diff says."""
    manifest, tables = study.manifest, study.tables
    names = manifest["strategies"]
    first, turn = (_divergence(manifest[key]) for key in ("divergence", "turn"))
    yield Bullets([*_on_the_divergence(first, turn, names), *_on_the_endings(study)])
    yield _timeline(study, first)
    if not _of_another_model(study):
        yield Figure("side_by_side", partial(_figure, study))
    for kind, title in DIVERGENCES.items():
        yield _on_the_commonest(tables[kind], names, title)
        yield _commonest(tables[kind], names, kind)


def facts(study: Study) -> Facts:
    """What stands around it on a page."""
    manifest = study.manifest
    a, b = manifest["strategies"]
    draw = f", draw {manifest['draw']}" if manifest["draw"] else ""
    return Facts(
        "two strategies in a paired replication",
        f"{manifest['scenario']}: {a} and {b} in paired replication {manifest['replication']}"
        f"{draw}, seed {manifest['seed']}",
        {
            "Divergences": f"of {manifest['replications']:,} paired replications",
            "Strategies": f"{a}, {b}",
        },
        notes=[OTHER_MODEL] if _of_another_model(study) else [],
        parameters="given the value of the draw" if draw else HELD,
    )


def _of_another_model(study: Study) -> bool:
    """Whether the two replications would be others if they were simulated again."""
    return bool(study.manifest.get("model_version") != MODEL_VERSION)


class Timeline(TextTable):
    """Events of two replications; on a terminal without those that both share at first."""

    def text(self, width: int) -> str:
        """A line an event, marked where the two diverge."""
        lines, wide = [], max(len(under) for _, _, under, *_ in self.body)
        shared = True
        for day, date, under, entity, what in self.body:
            shared = shared and (under == "both" or float(day) == 0)
            if shared and float(day) > 0:
                continue
            mark = ">>" if what.endswith(FIRST) else "  "
            words = f"{entity}: {what.removesuffix(FIRST)}"
            lines.append(f"{mark} {date}  day {day:>7}  {under:{wide}}  {words}")
        return "\n".join([self.title, *lines, textwrap.fill(self.note, width)])


class Divergences(TextTable):
    """Divergences by how often they occur, on a terminal a paragraph each."""

    def text(self, width: int) -> str:
        """The commonest ones."""
        lines = []
        for share, day, what in self.body[:MOST_DIVERGENCES]:
            when = "" if what == NEVER else f"day {day}  "
            line = f"{share.replace(' ', ' % ', 1)}  {when}{what}"
            lines.append(textwrap.fill(line, width, subsequent_indent="    "))
        more = len(self.body) - MOST_DIVERGENCES
        tail = [f"and {more} others, in {self.file}"] if more > 0 else []
        return "\n".join([f"{self.title} in paired replications (median day)", *lines, *tail])


def _on_the_divergence(first: Any, turn: Any, names: Sequence[str]) -> Iterator[str]:
    """The first divergence of two replications, and the first attempt with another outcome."""
    if math.isnan(first.time):
        yield "After day 0 the two replications are the same to the end."
    else:
        yield f"They diverge on day {first.time:.1f}. {divergence_text(first, names)}."
    if not math.isnan(turn.time):
        yield (
            f"The first attempt that both make and that ends otherwise, day {turn.time:.1f}: "
            f"{divergence_text(turn, names)}."
        )


def ending(outcome: str, time: float, goal: str, ruin: str | None) -> str:
    """How a replication ends, in words.

    Args:
        outcome: the condition that ended it, ``abandoned`` or ``ongoing``.
        time: its day.
        goal: the condition that is the goal.
        ruin: the condition that is the ruin; None where there is none.

    >>> ending("freeze", 812.4, "freeze", "war")
    'freeze on day 812'
    >>> ending("ongoing", 1826, "freeze", "war")
    'neither freeze nor war in 1,826 days'
    """
    if outcome in (goal, ruin):
        return f"{outcome} on day {time:,.0f}"
    neither = f"no {goal}" if ruin is None else f"neither {goal} nor {ruin}"
    if outcome == "abandoned":
        return f"{neither}, and no track goes on after day {time:,.0f}"
    return f"{neither} in {time:,.0f} days"


def _on_the_endings(study: Study) -> Iterator[str]:
    names, endings = study.manifest["strategies"], study.manifest.get("endings", ())
    if endings:
        ends = (f"{name}: {what}" for name, what in zip(names, endings, strict=True))
        yield f"{'; '.join(ends)}."


def _timeline(study: Study, first: Divergence) -> TextTable:
    a, b = study.manifest["strategies"]
    table = study.tables["side_by_side"]
    shown = table[is_main(table, study.scenario)]
    under = {BOTH: "both", ONLY_A: a}
    at = divergence_tables.divergence_index(shown, first)
    body = [
        [f"{row.time:.1f}", str(row.date), under.get(row.where, b), row.entity,
         row.what + FIRST * (i == at)]
        for i, row in enumerate(shown.itertuples())
    ]  # fmt: skip
    shared = table[(table["time"] < first.time) & (table["where"] == BOTH) & (table["time"] > 0)]
    note = "What tracks do, postures, and the conditions of the end."
    if len(shared):
        note += f" Both share {many(len(shared), 'event')} before the first divergence."
    head = ["day", "date", "under", "entity", "what"]
    title = f"{a} and {b} in a paired replication (common random numbers)"
    return Timeline(title, head, body, note, "side_by_side.csv")


def divergence_text(first: Any, names: Sequence[str]) -> str:
    """A first divergence in words."""
    ours, theirs = (str(side) or "nothing of it" for side in (first.a, first.b))
    return f"{first.entity}: {ours} ({names[0]}), {theirs} ({names[1]})"


def _on_the_commonest(table: pd.DataFrame, names: Sequence[str], title: str) -> str:
    first, pairs = table.iloc[0], int(table["n"].sum())
    share = f"{percent(first['best'])} %{limits(first['low'], first['high'], percent)}"
    if first["entity"]:
        what = f"the commonest is {divergence_text(first, names)}, in {share}"
        return f"Of the {title} in {many(pairs, 'paired replication')} {what}."
    return f"Most often, in {share} of {many(pairs, 'paired replication')}, there are no {title}."


def _commonest(table: pd.DataFrame, names: Sequence[str], kind: str) -> TextTable:
    body = [
        [f"{percent(row.best)}{limits(row.low, row.high, percent)}", days_text(row.median_day),
         divergence_text(row, names) if row.entity else NEVER]
        for row in table.itertuples()
    ]  # fmt: skip
    head = ["of paired replications, %", "median day", "what"]
    note = "In brackets: 95 % intervals."
    return Divergences(DIVERGENCES[kind], head, body, note, f"{kind}.csv")
