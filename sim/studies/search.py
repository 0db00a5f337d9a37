"""The study that searches sequences: every order of the tracks, and every set of postures.

Candidates (:mod:`sim.studies.sequence_space`) are simulated and one is chosen with a guarantee by
:mod:`sim.studies.sequence_search`.
"""

from __future__ import annotations

import hashlib
import json
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sim.analysis.measures import Measure
from sim.experiment import argument_checks
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.progress import counting
from sim.formatting import NOT_REACHED, days_text, listed, many
from sim.reporting.cells import interval
from sim.reporting.sections import SHOWN, Bullets, Facts, Section, figure
from sim.reporting.text_tables import TextTable, aligned_text
from sim.studies import sequence_search
from sim.studies.sequence_search import ALIKE, BEST, BETTER, OPEN
from sim.studies.sequence_space import Space, file_of
from sim.studies.study import Manifest, Study, begun, finished, of_measure

ASKED = ("model_version", "options")
BEST_FILE = "best.toml"
IN_RUIN = ("ruin_difference_low", "ruin_difference", "ruin_difference_high")
STATUSES = {
    BETTER: "better than it in the new replications",
    ALIKE: "equal to it in every replication",
    OPEN: "not distinguished from it",
}
ALL_DISTINGUISHED = "Every other candidate that was measured is distinguished from it."


def search(
    scenario: ScenarioLike,
    tracks: str | Sequence[str] | None = None,
    *,
    never: Sequence[str] = (),
    optional: Sequence[str] = (),
    postures: Sequence[str] | None = None,
    priority: Sequence[str] = (),
    stages: bool = False,
    measure: str | Measure = sequence_search.DAYS,
    zone: float | None = None,
    confidence: float = 0.95,
    replications: int = 10_000,
    seed: int = 1,
    workers: int | None = None,
    out: str | Path | None = None,
    quiet: bool = True,
) -> Study:
    """Search every order of the tracks, and every subset of the postures, at base values.

    Args:
        scenario: what is negotiated.
        tracks: those to be ordered; the others start as soon as they may. Where None: all but
            those whose own gate waits for the goal, as no order of theirs can bring it sooner.
        never: tracks that are left out by all.
        optional: of ``tracks``, those that a candidate may leave out.
        postures: conditions that a candidate may raise; all that are marked where None.
        priority: of all candidates; tracks that come first where several could start.
        stages: whether a group may also wait for earlier stages of the group before.
        measure: "days" (restricted mean without the goal), "share" (that reaches it), a name, see
            :mod:`sim.analysis.measures`, or a measure of one's own.
        zone: a difference that does not matter, in the unit of the measure (a share as 0.01); 1 %
            of the width of its bounds where None. A measure without bounds needs one, and the
            largest difference found stands for its width in the guarantee.
        confidence: of the choice.
        replications: new replications in which the chosen ones are measured.
        seed: 0 <= seed < 2**64.
        workers: threads; one a core where None. Results do not depend on it.
        out: folder that it is saved to; nothing is written where None.
        quiet: no progress is shown.

    Returns:
        The tables ``candidates`` (see :class:`sim.studies.sequence_search.Found`) and ``front``,
        and strategy files of the candidates, of the front and of the best.

    Raises:
        InputError: what was asked for cannot be done.
        sim.errors.ModelError: a replication in which time cannot advance.

    Example:
        >>> import sim
        >>> tracks = ["us_dprk", "north_south"]
        >>> study = sim.search("korea-2017", tracks, postures=[], zone=200, replications=20)
        >>> study.tables["candidates"]["status"].iloc[0]
        'best'
    """
    scenario = argument_checks.scenario(scenario)
    space = sequence_search.space_of(
        scenario,
        None if tracks is None else argument_checks.names("tracks", tracks),
        argument_checks.names("never", never),
        argument_checks.names("optional", optional),
        None if postures is None else argument_checks.names("postures", postures),
        argument_checks.names("priority", priority),
        argument_checks.flag("stages", stages),
    )
    options = sequence_search.options_of(space, measure, zone, confidence, replications)
    argument_checks.seed(seed)
    argument_checks.workers(workers)
    asked = json.loads(json.dumps(vars(options) | {"measure": options.measure.name}))
    plain = options.measure.name in sequence_search.MEASURES
    about = {} if plain else of_measure(options.measure)
    manifest = begun("search", scenario, seed, out, options=asked, **about)
    with counting(scenario.name, None, not quiet) as count:
        found = sequence_search.find(space, options, seed, workers, count)
    manifest.update(found.counts)
    front = front_of(found.table)
    tables = {"candidates": found.table, "front": front}
    return finished(scenario, tables, manifest, out, _files(space, found.table, front))


def front_of(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the trade-off front, least days first."""
    return table[table["front"]].sort_values("restricted_mean", kind="stable")


def _files(space: Space, table: pd.DataFrame, front: pd.DataFrame) -> dict[str, str]:
    """Texts of files that ``--strategies`` takes."""
    own = table.loc[table["number"] >= 0, "number"]
    about = f"found by search in {space.scenario.name} ({space.scenario.hash})"
    return {
        name: file_of([space.strategy(int(number)) for number in numbers], about)
        for name, numbers in (
            ("candidates.toml", own),
            ("front.toml", front["number"]),
            (BEST_FILE, own.head(1)),
        )
    }


def digest(**asked: Any) -> str:
    """Six hexadecimal digits of what was asked for, for the name of a folder.

    >>> digest(seed=1) == digest(seed=1), digest(seed=1) == digest(seed=2)
    (True, False)
    """
    return hashlib.blake2b(json.dumps(asked).encode(), digest_size=3).hexdigest()


# -- what it says ---------------------------------------------------------------------------------


def sections(study: Study) -> Iterator[Section]:
    """What a search says."""
    table, manifest = study.tables["candidates"], study.manifest
    own, front = table[table["number"] >= 0], study.tables["front"]
    goal = manifest["goal"]
    by_goal = sequence_search.by_goal(manifest["options"]["measure"])
    can_choose = bool(own["reached"].any()) or not by_goal
    of_the_file = table[table["number"] < 0]
    if not can_choose:
        yield Bullets([f"No measured candidate ever reached {goal}, so there is none to choose."])
        yield _table("What was measured", own, manifest)
    else:
        yield Bullets(_answer(own, of_the_file, manifest))
        yield from _on_the_candidates(own, front, manifest)
    yield _how(manifest)
    yield _front_figure(study)
    if len(of_the_file):
        yield _table("Strategies of the file, with the same random numbers", of_the_file, manifest)
    yield (
        f"Estimates come from {manifest['options']['replications']:,} new replications each, which "
        "had no part in any choice, with 95 % intervals; all parameters at their base values."
    )


def _answer(own: pd.DataFrame, of_the_file: pd.DataFrame, manifest: Manifest) -> Iterator[str]:
    """The one chosen among those searched, those near it, and strategies of the file."""
    yield _on_the_chosen(own.iloc[0], manifest)
    if len(own) > 1:
        yield _on_the_near(own)
    if len(of_the_file):
        yield _on_the_file(of_the_file, manifest)


def _on_the_candidates(
    own: pd.DataFrame, front: pd.DataFrame, manifest: Manifest
) -> Iterator[Section]:
    """The tables of the one chosen, those near it, and the trade-off front."""
    if manifest["distinct"] > 1:
        near = own[own["status"].isin([BEST, *STATUSES])]
        yield _table("The chosen candidate, and those not distinguished from it", near, manifest)
        yield _on_the_front(front, manifest)
        yield _table(_traded(manifest).capitalize(), front, manifest, manifest["ruin"])
    else:
        yield _table("What was measured", own, manifest)


def facts(study: Study) -> Facts:
    """What stands around it on a page."""
    manifest = study.manifest
    options = manifest["options"]
    about = f"{manifest['scenario']}: every order of {listed(options['tracks'])}"
    if options["postures"]:
        about += f", with and without {listed(options['postures'])}"
    return Facts(
        "a search",
        about,
        {
            "Measured in": f"{options['replications']:,} replications of each candidate",
            "Chosen by": f"{options['measure']}, zone {options['zone']:g}, confidence "
            f"{options['confidence']:g}",
            "Replications": f"{manifest['simulated']:,} in all",
        },
    )


def _front_figure(study: Study) -> Section:
    table, manifest = study.tables["candidates"], study.manifest
    return figure(
        "outcomes.front", table, manifest["goal"], manifest["ruin"],
        caption=f"{manifest['scenario']}: {manifest['candidates']:,} candidates, "
        f"{len(table):,} shown, each measured in {manifest['options']['replications']:,} new "
        f"replications, seed {manifest['seed']}; bars are 95 % intervals, grey points other "
        "candidates, diamonds strategies of the file",
    )  # fmt: skip


class Candidates(TextTable):
    """Candidates; on a terminal what each is stands below its numbers."""

    def text(self, width: int) -> str:
        """The first candidates."""
        shown = self.first(SHOWN)
        cells = [list(line[:-1]) for line in shown.body]
        head, rule, *lines = aligned_text(shown.head[:-1], cells).splitlines()
        below = [f"{line}\n      {what[-1]}" if what[-1] else line
                 for line, what in zip(lines, shown.body, strict=True)]  # fmt: skip
        return "\n".join([self.title, head, rule, *below, textwrap.fill(shown.note, width)])


def _how(manifest: Manifest) -> str:
    options, stages = manifest["options"], manifest["stages"]
    candidates = manifest["candidates"]
    text = (
        f"{manifest['scenario']}: {many(candidates, 'candidate')}, "
        f"{many(manifest['orders'], 'order')} of {many(len(options['tracks']), 'track')} with "
        f"{many(1 << len(options['postures']), 'set')} of postures"
    )
    if manifest["distinct"] + manifest["hopeless"] < candidates:
        text += f"; {manifest['distinct']:,} of them can differ"
    if manifest["hopeless"]:
        text += f"; under {manifest['hopeless']:,} {manifest['goal']} can never come"
    if stages:
        screened = [stage for stage in stages if stage["name"] == "screening"][-1]
        text += (
            f". Screening left {screened['left']:,} after {screened['replications']:,} "
            "paired replications; "
            f"the choice took {many(manifest['choice_replications'], 'replication')}, all in all "
            f"{manifest['simulated']:,} were simulated"
        )
    return text + "."


def _chosen(row: pd.Series, manifest: Manifest) -> str:
    """With what guarantee the first row was chosen."""
    unit = _Unit.of(manifest)
    zone = unit.amount(manifest["options"]["zone"]).lstrip("+-")
    by = f" by {unit.label} ({unit.better} is better)" if unit.label else ""
    sure = f"{100 * manifest['options']['confidence']:g} %"
    others = int(row["stands_for"]) - 1
    text = f"chosen{by}, with {sure} confidence the best candidate or within {zone} of it"
    if manifest["distinct"] == 1:
        text = "the only candidate"
    if others:
        text += f" (for {others:,} more, which cannot differ from it)"
    return text


def _on_the_chosen(row: pd.Series, manifest: Manifest) -> str:
    how, unit = _chosen(row, manifest), _Unit.of(manifest)
    value = f"{unit.label} {unit.value(row)}; " if unit.label else ""
    days = _range(row, "restricted_mean", days_text)
    text = (
        f"{row['candidate']} ({row['words']}) is {how}: {value}{days} days without "
        f"{manifest['goal']}, which {interval(row, 'reached', 100)} % reach"
    )
    if manifest["ruin"] is not None:
        text += f"; {interval(row, 'ruin', 100)} % end in {manifest['ruin']}"
    return f"{text}."


def _on_the_near(own: pd.DataFrame) -> str:
    counts = {status: int((own["status"] == status).sum()) for status in STATUSES}
    groups = [f"{head}: {counts[status]}" for status, head in STATUSES.items() if counts[status]]
    if not groups:
        return ALL_DISTINGUISHED
    return f"Of {len(own) - 1} other candidates that were measured, {'; '.join(groups)}."


def _on_the_front(front: pd.DataFrame, manifest: Manifest) -> str:
    ruin = manifest["ruin"]
    if len(front) < 2 or ruin is None:
        stand = "stands" if len(front) == 1 else "stand"
        return f"On the {_traded(manifest)} {many(len(front), 'candidate')} {stand}."
    least = front.sort_values("ruin", kind="stable").iloc[0]
    if least["status"] == BEST and "measured" in manifest:
        return (
            f"On the {_traded(manifest)} {many(len(front), 'candidate')} stand; the one chosen has "
            f"the least {ruin}."
        )
    return (
        f"On the {_traded(manifest)} {many(len(front), 'candidate')} stand; {least['candidate']} "
        f"has the least {ruin}, {_points(least[name] for name in IN_RUIN)} against the one "
        f"chosen, at {interval(least, 'reached', 100)} % with {manifest['goal']}."
    )


def _on_the_file(rows: pd.DataFrame, manifest: Manifest) -> str:
    """Which strategies of the file are better than the one chosen: no order that was searched."""
    better = rows[rows["status"] == BETTER]
    if better.empty:
        return "No strategy of the file is shown to be better than the one chosen."
    said = [
        f"{row['candidate']} ({_difference(manifest, row).removesuffix(f', {BETTER}')})"
        for _, row in better.iterrows()
    ]
    return f"Better than the one chosen, of the strategies of the file: {listed(said)}."


def _traded(manifest: Manifest) -> str:
    ruin = manifest["ruin"]
    against = f"days, median, share and {ruin}" if ruin is not None else "days, median and share"
    return f"trade-off front of {against}"


def _table(
    title: str, rows: pd.DataFrame, manifest: Manifest, against: str | None = None
) -> TextTable:
    head, *body = _cells_of(rows, manifest, against)
    words = [[*cells, str(what)] for cells, what in zip(body, rows["words"], strict=True)]
    note = "In brackets: 95 % intervals; those of differences in the measure hold for all together."
    return Candidates(title, [*head, "what it is"], words, note, "candidates.csv")


def _cells_of(rows: pd.DataFrame, manifest: Manifest, against: str | None) -> list[list[str]]:
    """Head and cells of rows."""
    ruin, medians = manifest["ruin"], bool(rows["median_low"].notna().any())
    heads = [
        "candidate",
        *_Unit.of(manifest).head,
        "days without",
        *(["median days"] if medians else []),
    ]
    heads += [f"{manifest['goal']} %", *([f"{ruin} %"] if ruin is not None else [])]
    cells = [_cells(manifest, row, against, medians) for _, row in rows.iterrows()]
    if any(line[-1] for line in cells):
        heads.append("difference" if against is None else f"difference in {against}")
    return [heads, *(line[: len(heads)] for line in cells)]


def _cells(manifest: Manifest, row: pd.Series, against: str | None, medians: bool) -> list[str]:
    unit = _Unit.of(manifest)
    cells = [str(row["candidate"]), *([unit.value(row, bare=True)] if unit.label else [])]
    cells += [_range(row, "restricted_mean", days_text)]
    cells += [_median(row)] if medians else []
    cells += [interval(row, "reached", 100)]
    cells += [interval(row, "ruin", 100)] if manifest["ruin"] is not None else []
    if row["status"] == BEST:
        return [*cells, ""]
    if against is None:
        return [*cells, _difference(manifest, row)]
    return [*cells, _points(row[name] for name in IN_RUIN)]


def _range(row: pd.Series, name: str, show: Callable[[float], str]) -> str:
    best, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    return f"{show(best)} ({show(low)} to {show(high)})"


def _median(row: pd.Series) -> str:
    """A day by which half have reached the goal; its upper limit may lie beyond the horizon."""
    if math.isnan(row["median_low"]):
        return NOT_REACHED
    return _range(row, "median", lambda day: NOT_REACHED if math.isnan(day) else days_text(day))


def _difference(manifest: Manifest, row: pd.Series) -> str:
    if row["status"] == ALIKE:
        return "none in any replication"
    unit, ends = _Unit.of(manifest), ("difference_low", "difference_high")
    if unit.sign < 0:  # of what is better, not of the cost
        ends = ends[::-1]
    known = not math.isnan(row["difference_low"])
    limits = " to ".join(unit.number(row[end]) for end in ends) if known else "not known"
    return f"{unit.amount(row['difference'])} ({limits}), {row['status']}"


@dataclass(frozen=True)
class _Unit:
    """How the measure of a search is printed; "days" and "share" have columns of their own."""

    name: str
    steps: str
    scale: float
    sign: int  # of a difference against its cost
    digits: int = 1
    label: str = ""
    mark: str = ""

    @classmethod
    def of(cls, manifest: Manifest) -> _Unit:
        name, zone = manifest["options"]["measure"], manifest["options"]["zone"]
        if name == sequence_search.DAYS:
            return cls(name, "days", 1, 1)
        if name == sequence_search.SHARE:
            return cls(name, "points", 100, -1)
        about = manifest["measured"]
        steps = "" if about["steps"] == name else about["steps"]
        mark = "" if about["unit"] == name else about["unit"]
        sign = -1 if manifest["better"] == "more" else 1
        digits = max(1, math.ceil(1 - math.log10(about["scale"] * zone)))
        return cls(name, steps, about["scale"], sign, digits, about["label"], mark)

    @property
    def better(self) -> str:
        return "less" if self.sign > 0 else "more"

    @property
    def head(self) -> list[str]:
        """Of its column, if it has one."""
        return [f"{self.name} {self.mark}".strip()] if self.label else []

    def value(self, row: pd.Series, *, bare: bool = False) -> str:
        """The measure with its limits, (value, value_low, value_high) of a row."""
        shown = interval(row, "value", self.scale, self.digits)
        return shown if bare else f"{shown} {self.mark}".strip()

    def number(self, cost: float) -> str:
        """A difference in cost, as one in the measure."""
        return _signed(self.sign * self.scale * cost, self.digits)

    def amount(self, cost: float) -> str:
        """The same with its unit."""
        return f"{self.number(cost)} {self.steps}".strip()


def _signed(value: float, digits: int) -> str:
    """With its sign, but never minus nothing."""
    return f"{round(value, digits) + 0.0:+,.{digits}f}"


def _points(values: Iterable[float]) -> str:
    """A difference of shares with its limits: low, best, high."""
    low, best, high = (_signed(100 * value, 2) for value in values)
    return f"{best} points ({low} to {high})"
