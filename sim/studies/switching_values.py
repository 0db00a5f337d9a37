"""At which value of an uncertain number another strategy becomes the best one.

The *leader* is the best strategy with every parameter at its base value, which many replications
decide. The lead over each rival is then simulated along the range of each parameter, all others at
their base values, under common random numbers. As the lead at the base values is known from many
more replications than the lead elsewhere, it is a control variate (S. S. Lavenberg and P. D. Welch
1981):

    lead(x) = mean(lead at x) - b (mean(lead at base, same replications) - the well-known one)

Both ends of every range are looked at first. Where a lead may be lost there, the range is simulated
again at several values with random numbers that the first look has not used, so that a parameter
does not switch the leader for having been picked among hundreds; the likeliest of them, where there
are many. Between values the lead is a straight line.

A rival that is not distinguished from the leader at the base values takes over only where it is
better by a margin that matters: that it is better by a hair would be true of almost every number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from sim.experiment.evaluator import Evaluator
from sim.types import Floats

PRECISE = 20_000  # replications at the likely point, at least
LOOKED_INTO = 24  # ends of numbers, at most
STEPS = 6  # values simulated between the base value and an end
RESAMPLES = 400
Z = float(stats.norm.ppf(0.975))
SWITCHES, PERHAPS, STAYS = "switches", "perhaps", "does not switch"


@dataclass(frozen=True)
class Base:
    """What is known of the likely point.

    Attributes:
        evaluator: of all strategies.
        goodness: the measure, more is better, in many replications there, (S, many).
        margin: a difference that matters, in the unit of the measure.
    """

    evaluator: Evaluator
    goodness: Floats
    margin: float

    @cached_property
    def leader(self) -> int:
        """The place of the best strategy; of equals the first."""
        return int(self.goodness.mean(axis=1).argmax())

    @cached_property
    def leads(self) -> pd.DataFrame:
        """The leader's lead over each rival: strategy, low, best, high, tied."""
        lead = self.goodness[self.leader] - self.goodness
        best, half = lead.mean(axis=1), Z * _error(lead)
        names = self.evaluator.strategies
        rows = [
            {
                "strategy": name,
                "low": best[s] - half[s],
                "best": best[s],
                "high": best[s] + half[s],
                "tied": bool(best[s] - half[s] <= 0),
            }
            for s, name in enumerate(names)
            if s != self.leader
        ]
        table = pd.DataFrame(rows, columns=["strategy", "low", "best", "high", "tied"])
        return table.sort_values(["best", "strategy"], ignore_index=True)

    @cached_property
    def tied(self) -> set[int]:
        """Rivals that are not distinguished from the leader."""
        names = self.leads.loc[self.leads["tied"], "strategy"]
        return {self.evaluator.strategies.index(name) for name in names}

    def level(self, rival: int) -> float:
        """The lead at which a rival takes over."""
        return -self.margin if rival in self.tied else 0.0


def _error(values: Floats) -> Floats:
    """Standard errors of means over the last axis; 0 of a single one."""
    n = values.shape[-1]
    if n < 2:
        return np.zeros(values.shape[:-1])
    error: Floats = values.std(axis=-1, ddof=1) / np.sqrt(n)
    return error


def base(evaluator: Evaluator, replications: int, margin: float | None = None) -> Base:
    """Outcomes at the base values, from many replications.

    Args:
        evaluator: of the strategies and the measure.
        replications: at least; ``PRECISE`` where it is fewer.
        margin: by which a lead must be exceeded; that of the measure where None.
    """
    many = max(PRECISE, replications)
    outcomes = evaluator.evaluate(evaluator.base[None, :], many, what="base values")[:, 0]
    return Base(
        evaluator,
        evaluator.measure.sign * outcomes,
        evaluator.measure.margin if margin is None else margin,
    )


def controlled(there: Floats, here: Floats, known: Floats) -> tuple[Floats, Floats, Floats]:
    """Leads by the control variate of the top of this module.

    Args:
        there: leads of replications at some points, (.., n).
        here: leads of the same replications at the base values, (.., n), broadcast against these.
        known: leads of many replications at the base values, (.., many).

    Returns:
        Estimates, their standard errors, and b, (..) each.
    """
    n = there.shape[-1]
    here = np.broadcast_to(here, there.shape)
    rest = here - here.mean(axis=-1, keepdims=True)
    variance = (rest * rest).sum(axis=-1)
    together = (rest * there).sum(axis=-1)
    b = np.divide(together, variance, out=np.zeros_like(variance), where=variance > 0)
    best = there.mean(axis=-1) - b * (here.mean(axis=-1) - known.mean(axis=-1))
    left = there - b[..., None] * here
    # Two numbers, mean and b, are fitted to n replications.
    error = _error(left) * np.sqrt(max(1, n - 1) / max(1, n - 2))
    return best, np.hypot(error, np.abs(b) * _error(known)), b


# -- the first look -------------------------------------------------------------------------------


def first_look(known: Base, outcomes: Floats) -> pd.DataFrame:
    """Leads at both ends of every number.

    Args:
        known: the likely point.
        outcomes: the measure, (S, points, n), at the points of
            :func:`sim.studies.sensitivity_indices.tornado_points`.

    Returns:
        A row for each number, end ("low" or "high") and rival: number, end, value, strategy, low,
        best, high (of the lead), level (at which the rival takes over).
    """
    good = known.evaluator.measure.sign * outcomes
    lead = good[known.leader] - good  # (S, points, n)
    many = known.goodness[known.leader] - known.goodness
    best, error, _ = controlled(lead[:, 1:], lead[:, :1], many[:, None, :])
    rows = []
    for i, name in enumerate(known.evaluator.free):
        number = known.evaluator.ranges[name]
        for j, (end, value) in enumerate((("low", number.low), ("high", number.high))):
            if value == number.likely:
                continue
            for s, strategy in enumerate(known.evaluator.strategies):
                if s != known.leader:
                    x, half = best[s, 2 * i + j], Z * error[s, 2 * i + j]
                    rows.append((name, end, value, strategy, x - half, x, x + half,
                                 known.level(s)))  # fmt: skip
    columns = ["number", "end", "value", "strategy", "low", "best", "high", "level"]
    return pd.DataFrame(rows, columns=columns)


def influential(look: pd.DataFrame, count: int) -> list[str]:
    """The parameters that bring the lead lowest, in units that each rival's takeover asks for.

    Args:
        look: a row for each parameter, end of its range and rival: ``number``, ``best`` (the lead
            there) and ``level`` (below which the rival takes over).
        count: at most so many.

    >>> look = pd.DataFrame({"number": ["a", "a", "b"], "best": [5.0, 1.0, 2.0], "level": 0.0})
    >>> influential(look, 1)
    ['a']
    """
    room = look.assign(room=look["best"] - look["level"])
    return list(room.groupby("number", sort=False)["room"].min().sort_values(kind="stable")
                .index[:count])  # fmt: skip


# -- along a range --------------------------------------------------------------------------------


def switching_values(
    known: Base, look: pd.DataFrame, replications: int, first: int, most: int = LOOKED_INTO
) -> pd.DataFrame:
    """Where each number switches the leader.

    Args:
        known: the likely point.
        look: from :func:`first_look`.
        replications: of each value.
        first: the first of them, beyond those of the first look.
        most: ends of numbers that are looked into; further ones that may switch are "perhaps".

    Returns:
        A row for each number, and two where both ends may: number, unlikely end ("low", "high" or
        "" where it stays), from, likely, to, verdict ("switches", "perhaps", "does not switch"),
        value_low, value, value_high (NaN: beyond the end, or none), strategy (which takes over),
        chance (share of resamples with a switch), and lead_low, lead, lead_high: the leader's lead
        over that strategy, or over the nearest one, at the end (where it stays: at the end that was
        looked into, else at the nearer one).
    """
    rows = []
    random = known.evaluator.random("switching values")
    found = {}
    for i, ((name, end), part) in enumerate(_reachable(look)):
        if i < most:
            rivals = [known.evaluator.strategies.index(s) for s in part["strategy"]]
            found[name, end] = _along(known, name, end, rivals, replications, first, random)
        else:
            found[name, end] = _left_open(part, end)
    nearest = _nearest(look)
    for name in known.evaluator.free:
        ends = [found[name, end] for end in ("low", "high") if (name, end) in found]
        closest = min(ends, key=lambda one: float(one["lead"]), default=None)
        ends = [one for one in ends if one["verdict"] != STAYS]
        ends = ends or [closest | {"end": ""} if closest else _stays(nearest[name])]
        number = known.evaluator.ranges[name]
        span = {"number": name, "from": number.low, "likely": number.likely, "to": number.high}
        rows += [span | one for one in ends]
    table = pd.DataFrame(rows)
    order = {SWITCHES: 0, PERHAPS: 1, STAYS: 2}
    return table.assign(order=table["verdict"].map(order), room=table["lead"]).sort_values(
        ["order", "room", "number"], ignore_index=True
    ).drop(columns=["order", "room"])  # fmt: skip


def _reachable(look: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """Ends at which the lead may be used up, with the rivals that may; the likeliest first."""
    error = (look["high"] - look["best"]).clip(lower=1e-12)
    look = look.assign(room=(look["best"] - look["level"]) / error)
    parts = look[look["low"] < look["level"]].groupby(["number", "end"], sort=False)
    found = [((str(name), str(end)), part) for (name, end), part in parts]
    return sorted(found, key=lambda one: float(one[1]["room"].min()))


def _nearest(look: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Of each number, what brings a lead lowest."""
    room = look["best"] - look["level"]
    rows = look.loc[room.groupby(look["number"], sort=False).idxmin()]
    return {row["number"]: row for row in rows.to_dict("records")}


def _left_open(look: pd.DataFrame, end: str) -> dict[str, Any]:
    (nearest,) = _nearest(look).values()
    return _stays(nearest) | {"end": end, "verdict": PERHAPS, "chance": np.nan}


def _stays(nearest: dict[str, Any]) -> dict[str, Any]:
    lead = (nearest["low"], nearest["best"], nearest["high"])
    return _row("", STAYS, (np.nan,) * 3, str(nearest["strategy"]), 0.0, lead)


def _row(
    end: str,
    verdict: str,
    value: Sequence[float],
    strategy: str,
    chance: float,
    lead: Sequence[float],
) -> dict[str, Any]:
    return {
        "end": end, "verdict": verdict,
        "value_low": value[0], "value": value[1], "value_high": value[2],
        "strategy": strategy, "chance": chance,
        "lead_low": lead[0], "lead": lead[1], "lead_high": lead[2],
    }  # fmt: skip


def _along(
    known: Base,
    name: str,
    end: str,
    rivals: list[int],
    replications: int,
    first: int,
    random: np.random.Generator,
) -> dict[str, Any]:
    """Where a number switches the leader on the way from its likely value to one end."""
    evaluator = known.evaluator
    number = evaluator.ranges[name]
    values = np.linspace(number.likely, number.low if end == "low" else number.high, STEPS + 1)
    whole = name.startswith("delegations.")
    if whole:  # tables at which a party can sit
        values = np.array(list(dict.fromkeys(values.round())))
    points = np.array([evaluator.with_values({name: value}) for value in values])
    among = [known.leader, *rivals]
    names = [evaluator.strategies[s] for s in among]
    good = evaluator.measure.sign * evaluator.evaluate(points, replications, first, names, name)
    lead = good[0] - good[1:]  # (rivals, points, n)
    many = known.goodness[known.leader] - known.goodness[rivals]
    best, error, b = controlled(lead, lead[:, :1], many[:, None, :])
    best[:, 0] = many.mean(axis=1)
    levels = np.array([known.level(s) for s in rivals])
    crossing, rival = _crossing(best - levels[:, None], values, whole)
    again = _resampled(lead, many, b, random) - levels[:, None]
    crossings = np.array([_crossing(one, values, whole)[0] for one in again])
    chance = float(np.isfinite(crossings).mean())
    nearest = rival if rival is not None else int((best[:, -1] - levels).argmin())
    x, half = best[nearest, -1], Z * error[nearest, -1]
    sure = chance >= 0.975 and rival is not None
    verdict = SWITCHES if sure else PERHAPS if chance > 0.025 or rival is not None else STAYS
    limits = _limits(crossings, crossing, number.likely)
    if verdict == STAYS:
        limits = (np.nan,) * 3
    return _row(end, verdict, limits, names[1 + nearest], chance, (x - half, x, x + half))


def _crossing(room: Floats, values: Floats, whole: bool) -> tuple[float, int | None]:
    """Where the first of the leads, (rivals, points), is used up; inf and None where none is.

    Between whole numbers there is nothing: it is the first value at which a lead is gone.
    """
    best, which = np.inf, None
    where = np.inf
    for rival, line in enumerate(room):
        lost = np.flatnonzero(line < 0)
        if len(lost) == 0:
            continue
        i = int(lost[0])
        part = float(i)
        if i > 0 and not whole:
            part += line[i - 1] / (line[i - 1] - line[i]) - 1
        if part < where:
            where, which = part, rival
            best = float(np.interp(part, np.arange(len(values)), values))
    return best, which


def _resampled(lead: Floats, many: Floats, b: Floats, random: np.random.Generator) -> Floats:
    """Leads of resampled replications, (resamples, rivals, points)."""
    n, much = lead.shape[-1], many.shape[-1]
    weights = random.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    there = np.einsum("bn,rpn->brp", weights, lead, optimize=True)
    # The many are many enough for their means to be normal.
    root = np.linalg.cholesky(np.atleast_2d(np.cov(many)) / much + 1e-18 * np.eye(len(many)))
    shaken = many.mean(axis=1) + random.standard_normal((RESAMPLES, len(many))) @ root.T
    leads: Floats = there - b * (there[:, :, :1] - shaken[:, :, None])
    leads[:, :, 0] = shaken
    return leads


def _limits(crossings: Floats, best: float, likely: float) -> tuple[float, float, float]:
    """Limits of a switching value; NaN on the side on which it may lie beyond the end.

    Resamples in which nothing switches lie beyond the end.
    """
    outward = np.where(np.isfinite(crossings), np.abs(crossings - likely), np.inf)
    near, far = np.quantile(outward, [0.025, 0.975], method="nearest")
    some = crossings[np.isfinite(crossings)]
    down = bool(len(some) and some.mean() < likely)
    side = -1 if down else 1
    inner, outer = (likely + side * d if np.isfinite(d) else np.nan for d in (near, far))
    middle = best if np.isfinite(best) else np.nan
    if np.isfinite(middle):
        inner = side * min(side * inner, side * middle) if np.isfinite(inner) else middle
        outer = side * max(side * outer, side * middle) if np.isfinite(outer) else outer
    return (outer, middle, inner) if down else (inner, middle, outer)


# -- maps -----------------------------------------------------------------------------------------


def best_map(
    known: Base, numbers: tuple[str, str], replications: int, cells: int = 9, first: int = 0
) -> pd.DataFrame:
    """Which strategy is best where two numbers lie, all others likely.

    Returns:
        A row for each of cells x cells pairs of values: x, y (values of the two numbers), strategy
        (the best one), and low, best, high: its lead over the next one, as sure as for all rivals
        together; apart: whether it is distinguished from all that do not have the same outcomes
        there.
        Attributes: numbers, likely.
    """
    evaluator = known.evaluator
    axes = [np.linspace(evaluator.ranges[n].low, evaluator.ranges[n].high, cells) for n in numbers]
    grid = [(float(x), float(y)) for y in axes[1] for x in axes[0]]
    points = np.array(
        [
            evaluator.base,
            *(evaluator.with_values(dict(zip(numbers, xy, strict=True))) for xy in grid),
        ]
    )
    good = evaluator.measure.sign * evaluator.evaluate(points, replications, first, what="map")
    rows = [
        {"x": x, "y": y} | _cell(known, good[:, 1 + i], good[:, 0]) for i, (x, y) in enumerate(grid)
    ]
    table = pd.DataFrame(rows)
    table.attrs = {
        "numbers": numbers,
        "likely": tuple(evaluator.ranges[name].likely for name in numbers),
    }
    return table


def _cell(known: Base, there: Floats, here: Floats) -> dict[str, Any]:
    """The best strategy of one cell, from goodness there and at the likely point, (S, n)."""
    names, many = known.evaluator.strategies, known.goodness
    from_leader, _, _ = controlled(
        there - there[known.leader], here - here[known.leader], many - many[known.leader]
    )
    best = int(from_leader.argmax())
    # A rival with the same outcome in every replication is the same strategy here.
    others = [s for s in range(len(names)) if s != best]
    rivals = [s for s in others if (there[s] != there[best]).any()] or others
    lead, error, _ = controlled(
        there[best] - there[rivals], here[best] - here[rivals], many[best] - many[rivals]
    )
    z = float(stats.norm.ppf(1 - 0.025 / len(rivals)))
    next_ = int(lead.argmin())
    return {
        "strategy": names[best],
        "low": lead[next_] - z * error[next_],
        "best": lead[next_],
        "high": lead[next_] + z * error[next_],
        "apart": bool((lead - z * error > 0).all()),
    }
