"""What is valid in a scenario but doubtful, and what follows from its numbers unexpectedly.

*Warnings* say what may not be meant: a date before the start, a condition that nothing raises, a
track that never starts. *Notes* say what numbers imply: how often a condition is up in the long
run, what a ratio per level comes to, how many numbers are judgement.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence

from sim.errors import Issue, comma_separated
from sim.scenario.description import power
from sim.scenario.issues import place
from sim.scenario.model import (
    ABANDON,
    EVERYTHING_AT_ONCE,
    Clauses,
    Effects,
    Literal,
    ScenarioData,
    Shock,
    Stage,
    Strategy,
    Track,
)
from sim.scenario.parameters import QUANTITIES, parameters
from sim.scenario.quantities import MAX, TRUNCATED, Duration, Range, base_value, quantity_of
from sim.scenario.reachability import highest_level, never_starts, opens_in_run, reach_of
from sim.scenario.register import JUDGEMENT, STATUSES, counts, declared, entries
from sim.types import DAYS_PER_YEAR

Z90 = 1.2815515655446004  # normal quantile at 0.9

Note = tuple[tuple[str | int, ...], str]  # a path, and a message about it


def warnings(content: ScenarioData, file: str = "") -> tuple[Issue, ...]:
    """What may not be meant, each with its place.

    Args:
        content: a valid scenario.
        file: named in each issue.
    """
    notes = [
        *_dates(content),
        *_levels(content),
        *_conditions(content),
        *_lengths(content),
        *_influences(content),
        *_parties(content),
        *_strategies(content),
        *_never_starts(content),
        *_sources(content),
    ]
    return tuple(Issue(file, place(path), message) for path, message in notes)


def notes(content: ScenarioData, file: str = "") -> tuple[Issue, ...]:
    """What the numbers imply, each with its place.

    Args:
        content: a valid scenario.
        file: named in each issue.
    """
    notes = [
        *_unused(content),
        *_saturation(content),
        *_powers(content),
        *_judgement(content),
    ]
    return tuple(Issue(file, place(path), message) for path, message in notes)


# -- dates ----------------------------------------------------------------------------------------


def _dates(content: ScenarioData) -> Iterator[Note]:
    for name, shock in content.shocks.items():
        early = [day for day in shock.on or () if day < content.start]
        if early:
            days = comma_separated([str(day) for day in early], most=5)
            yield (("shocks", name, "on"), f"before the start, ignored: {days}")
        late = [day for day in shock.on or () if (day - content.start).days >= content.horizon]
        if late:
            days = comma_separated([str(day) for day in late], most=5)
            yield (("shocks", name, "on"), f"after the horizon, never reached: {days}")
    for path, stage in _stages(content):
        spans = [(w.opens, w.closes) for w in stage.window]
        if spans and not any(opens_in_run(content, *span) for span in spans):
            yield ((*path, "window"), "no window lies inside the run: the stage never starts")
        for index, (_, closes) in enumerate(spans):
            if isinstance(closes, dt.date) and closes < content.start:
                yield ((*path, "window", index), f"ends on {closes}, before the start, ignored")


def _stages(content: ScenarioData) -> Iterator[tuple[tuple[str | int, ...], Stage]]:
    for name, track in content.tracks.items():
        for index, stage in enumerate(track.stages):
            yield ("tracks", name, "stages", index), stage


# -- conditions -----------------------------------------------------------------------------------


def _rules(content: ScenarioData) -> Iterator[tuple[tuple[str | int, ...], Clauses]]:
    for path, stage in _stages(content):
        yield (*path, "needs"), stage.needs
        for index, setback in enumerate(stage.setbacks):
            yield (*path, "setbacks", index, "when"), setback.when
    for name, shock in content.shocks.items():
        yield ("shocks", name, "when"), shock.when
    for name, strategy in content.strategies.items():
        for track, rule in strategy.starts.items():
            yield ("strategies", name, "starts", track), rule
        for index, one in enumerate(strategy.rules):
            yield ("strategies", name, "rules", index, "when"), one.when


def _read(content: ScenarioData) -> Iterator[tuple[tuple[str | int, ...], Literal]]:
    for path, rule in _rules(content):
        for item in rule:
            for literal in item:
                yield path, literal
    for index, influence in enumerate(content.influences):
        yield ("influences", index, "of"), influence.of


def _levels(content: ScenarioData) -> Iterator[Note]:
    for path, literal in _read(content):
        most = highest_level(content, literal.condition)
        if literal.at_least > most:
            yield path, f'"{literal.text}" never holds: the max of {literal.condition} is {most}'


def _effects(content: ScenarioData) -> Iterator[Effects]:
    for _, stage in _stages(content):
        yield stage
        yield from stage.setbacks
    yield from content.shocks.values()
    for strategy in content.strategies.values():
        yield from strategy.rules


def _conditions(content: ScenarioData) -> Iterator[Note]:
    raised = {name for effects in _effects(content) for name in effects.raises}
    raised |= {name for _, stage in _stages(content) for name in stage.holds}
    raised |= {name for strategy in content.strategies.values() for name in strategy.raises}
    raised |= {name for name, c in content.conditions.items() if c.initially or c.posture}
    read = {literal.condition for _, literal in _read(content)} | {content.goal, content.ruin}
    for name in content.conditions:
        unread = "" if name in read else "; no rule or influence reads it"
        if name not in raised:
            yield ("conditions", name), f"nothing ever raises it{unread}"
        elif unread:
            yield ("conditions", name), "no rule or influence reads it, it is only counted"


# -- numbers --------------------------------------------------------------------------------------


def _durations(content: ScenarioData) -> dict[str, Duration]:
    return {
        one.law: one.duration for one in parameters(content).values() if one.duration is not None
    }


def _unused(content: ScenarioData) -> Iterator[Note]:
    paths = [path.split(".") for path in parameters(content)]
    used = {path[1] for path in paths if path[0] == QUANTITIES}
    used |= {quantity_of(weight) for weight in content.utility.values()}
    for name, one in content.quantities.items():
        recorded = isinstance(one, Duration) and one.values  # which are no parameters
        if name not in used and not recorded:
            yield ("quantities", name), "stands nowhere else: it has no effect"


def _lengths(content: ScenarioData) -> Iterator[Note]:
    for name, duration in _durations(content).items():
        if duration.bare_range:
            message = (
                "{ low, likely, high } is one fixed length that is not known exactly; for one that "
                "differs from time to time use { p10, p50, p90 } or { min, mode, max }"
            )
            yield tuple(name.split(".")), message


def _sources(content: ScenarioData) -> Iterator[Note]:
    table = entries(content)
    judged = [one for one in table if one.status == JUDGEMENT]
    bare = [one.name for one in judged if not one.source]
    other = [one.name for one in judged if one.source and not declared(one.source)]
    total = f"of {len(table)} numbers"
    if bare:
        names = comma_separated(bare, most=8)
        yield (), f"{len(bare)} {total} have no source and count as judgement: {names}"
    if other:
        names, known = comma_separated(other, most=8), comma_separated(STATUSES)
        why = f"their source begins with none of {known}"
        yield (), f"{len(other)} {total} count as judgement, as {why}: {names}"


def _judgement(content: ScenarioData) -> Iterator[Note]:
    yield (), counts(one.status for one in entries(content))


def _influences(content: ScenarioData) -> Iterator[Note]:
    for index, influence in enumerate(content.influences):
        if not influence.targets:
            message = f'"{influence.on}" matches dated shocks only, which have no rate: no effect'
            yield ("influences", index, "on"), message


def _parties(content: ScenarioData) -> Iterator[Note]:
    seated = {party for track in content.tracks.values() for party in track.parties}
    for party in content.delegations:
        if party not in seated:
            yield ("delegations", party), "sits at the table of no track"


# -- strategies -----------------------------------------------------------------------------------


def _strategies(content: ScenarioData) -> Iterator[Note]:
    may_end = {name for name in content.tracks if _may_be_abandoned(content, name)}
    for name, strategy in content.strategies.items():
        path = ("strategies", name)
        for track in strategy.never:
            if track in strategy.starts and not any(track in group for group in strategy.order):
                yield (*path, "starts", track), "the track is left out: its start rule is not used"
        yield from _rules_in_vain(content, strategy)
        for index, group in enumerate(strategy.order[:-1]):
            yield from _behind(strategy, group, (*path, "order", index), may_end)


def _rules_in_vain(content: ScenarioData, strategy: Strategy) -> Iterator[Note]:
    if not strategy.rules:
        return
    reach = reach_of(content, strategy)
    for index, rule in enumerate(strategy.rules):
        path = ("strategies", strategy.name, "rules", index)
        if not reach.may(rule.when) or rule.held >= content.horizon:
            yield path, f"{rule.name} can never fire"
        for track in rule.closes:
            if any(content.goal in stage.raises for stage in content.tracks[track].stages):
                yield path, f"{rule.name} closes {track}, which can raise the goal"


def _behind(
    strategy: Strategy, group: Iterable[str], path: tuple[str | int, ...], may_end: set[str]
) -> Iterator[Note]:
    for track in group:
        if track in may_end and track not in strategy.never:
            yield path, f"{track} may be abandoned: the groups behind it then never start"


def notes_on_strategies(content: ScenarioData, strategies: Sequence[Strategy]) -> list[str]:
    """What never starts under each of some strategies, and why: sentences for the end of a report.

    Args:
        content: a valid scenario.
        strategies: those that were simulated.

    Returns:
        "under A, B: ..." for each sentence of
        :func:`~sim.scenario.reachability.never_starts`, with the strategies that it holds for.
    """
    every = max(2, len(strategies))
    return [
        f"under {comma_separated(names) if len(names) < every else 'every strategy'}: {sentence}"
        for sentence, names in _by_sentence(content, strategies).items()
    ]


def _by_sentence(content: ScenarioData, strategies: Iterable[Strategy]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in strategies:
        for sentence in never_starts(content, one):
            found.setdefault(sentence, []).append(one.name)
    return found


def _never_starts(content: ScenarioData) -> Iterator[Note]:
    every = list(content.strategies.values()) or [EVERYTHING_AT_ONCE]
    for sentence, names in _by_sentence(content, every).items():
        if len(names) == len(every):
            yield (), f"{sentence}, whatever the strategy" if len(names) > 1 else sentence
        else:
            yield from ((("strategies", name), sentence) for name in names)


def _may_be_abandoned(content: ScenarioData, name: str) -> bool:
    track: Track = content.tracks[name]
    given_up = any(b.resume == ABANDON for stage in track.stages for b in stage.setbacks)
    return given_up or any(
        one.track == name and one.resume == ABANDON
        for shock in content.shocks.values()
        for one in shock.breaks
    )


# -- notes ----------------------------------------------------------------------------------------


def mean(duration: Duration) -> float:
    """The mean of a duration in days, at the base values of its parameters.

    PERT after Malcolm et al. (1959); "quantiles" is a lognormal with its own sigma on each side of
    the median; "values" has a piecewise linear quantile function.

    >>> from sim.scenario.quantities import fixed
    >>> mean(fixed(30)), mean(Duration(family="pert", params={"min": 1, "mode": 2, "max": 9}))
    (30, 3.0)
    """
    p = {key: base_value(number) for key, number in duration.params.items()}
    if duration.family in TRUNCATED and MAX in p:
        return _mean_of_truncated(duration.family, p)
    match duration.family:
        case "fixed":
            return p[""]
        case "exponential":
            return p["mean"]
        case "lognormal":
            return p["median"] * _exp(p["sigma"] * p["sigma"] / 2)
        case "weibull":
            return p["scale"] * (
                _exp(math.lgamma(1 + 1 / p["shape"])) if p["shape"] > 1e-3 else math.inf
            )
        case "uniform":
            return (p["min"] + p["max"]) / 2
        case "pert":
            return (p["min"] + 4 * p["mode"] + p["max"]) / 6
        case "quantiles":
            return _mean_of_quantiles(p["p10"], p["p50"], p["p90"])
        case _:
            return _mean_of_values(duration.values)


def _mean_of_truncated(family: str, p: dict[str, float]) -> float:
    """The mean below `max`, by Simpson's rule: max - (integral of F from 0 to max) / F(max)."""
    most, cells = p[MAX], 2000
    shares = [_share_below(family, p, most * i / cells) for i in range(cells + 1)]
    area = shares[-1] + sum((4 if i % 2 else 2) * shares[i] for i in range(1, cells))
    return most - area * most / cells / 3 / shares[-1]


def _share_below(family: str, p: dict[str, float], x: float) -> float:
    """The distribution function of a law that may be truncated, before it is."""
    if x <= 0.0:
        return 0.0
    match family:
        case "exponential":
            return -math.expm1(-x / p["mean"])
        case "weibull":
            return -math.expm1(-((x / p["scale"]) ** p["shape"]))
        case "lognormal":
            return _normal_below(math.log(x / p["median"]) / p["sigma"])
        case _:
            side = p["p50"] / p["p10"] if x < p["p50"] else p["p90"] / p["p50"]
            return _normal_below(math.log(x / p["p50"]) / math.log(side) * Z90)


def _normal_below(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def _mean_of_quantiles(p10: float, p50: float, p90: float) -> float:
    below, above = math.log(p50 / p10) / Z90, math.log(p90 / p50) / Z90

    def half(sigma: float, sign: int) -> float:
        return _exp(sigma * sigma / 2) * (1 + math.erf(sign * sigma / math.sqrt(2))) / 2

    return p50 * (half(below, -1) + half(above, +1))


def _mean_of_values(values: tuple[float, ...]) -> float:
    if len(values) == 1:
        return values[0]
    return (sum(values) - (values[0] + values[-1]) / 2) / (len(values) - 1)


def _raises_a_year(shock: Shock, condition: str) -> float:
    a_year = (
        1.0 if shock.yearly is not None else 0.0 if shock.rate is None else base_value(shock.rate)
    )
    return a_year * base_value(shock.probability) * shock.raises.count(condition)


def level_shares(load: float, most: int) -> list[float]:
    """Long-run shares of time at each level of a condition with one fading clock.

    Raises come at random and fades are taken as exponential: a queue with one server and ``most``
    places (M/M/1/K; Gross and Harris, *Fundamentals of Queueing Theory*).

    Args:
        load: expected raises in one mean fade.
        most: the condition's max.

    Returns:
        Shares of the levels 0 to ``most``, which sum to 1.

    >>> level_shares(1.0, 3)
    [0.25, 0.25, 0.25, 0.25]
    """
    weights, load = [1.0], min(load, 1e100)
    for _ in range(most):
        weights.append(weights[-1] * load)
        if weights[-1] > 1e200:
            weights = [weight / 1e200 for weight in weights]
    return [weight / sum(weights) for weight in weights]


def _saturation(content: ScenarioData) -> Iterator[Note]:
    for name, condition in content.conditions.items():
        if condition.fades is None:
            continue
        by = {s: r for s, one in content.shocks.items() if (r := _raises_a_year(one, name)) > 0}
        a_year, fade = sum(by.values()), mean(condition.fades)
        if a_year == 0 or not math.isfinite(a_year * fade):
            continue
        shares = level_shares(a_year * fade / DAYS_PER_YEAR, condition.max)
        top = f", and at {condition.max} for {shares[-1]:.0%}" if condition.max > 1 else ""
        yield (
            ("conditions", name),
            (
                f"up to {a_year:.3g} raises a year by {comma_separated(list(by))}, "
                f"and a level fades in {fade:.3g} days on average: "
                f"it would be up for {1 - shares[0]:.0%} of the time{top}"
            ),
        )


def _powers(content: ScenarioData) -> Iterator[Note]:
    for index, influence in enumerate(content.influences):
        condition = content.conditions.get(influence.of.condition)
        if condition is None or condition.max == 1 or not influence.of.per_level:
            continue
        most, ratio = condition.max, influence.ratio
        ends = ""
        if isinstance(ratio, Range):
            ends = f" ({power(ratio.low, most)} to {power(ratio.high, most)})"
        yield (
            ("influences", index),
            (
                f"{influence.kind} {base_value(ratio):g} once per level of {condition.name}: "
                f"{power(base_value(ratio), most)} at its max of {most}{ends}"
            ),
        )
