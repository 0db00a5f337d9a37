"""The model in plain sentences, with units and ranges, before anything is simulated.

Each function turns one part of the model into a phrase or a sentence; :func:`describe` puts them
together. The reports use the same sentences, so that a part reads alike wherever it is described.
"""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Sequence

from sim.formatting import listed
from sim.scenario.model import (
    ABANDON,
    FAILURES,
    Break,
    Clauses,
    Condition,
    DecisionRule,
    Effects,
    Influence,
    Literal,
    MonthDay,
    Preset,
    ScenarioData,
    Setback,
    Shock,
    Stage,
    Strategy,
    Track,
    Window,
    done_under,
)
from sim.scenario.quantities import MAX, TRUNCATED, Duration, Number, Range, base_value
from sim.types import DAYS_PER_YEAR

WIDTH = 96
MANY_TARGETS = 4  # from here on a pattern says more than its matches
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def describe(content: ScenarioData, strategy: Strategy | None = None) -> str:
    """The whole scenario in sentences, wrapped to :data:`WIDTH` columns.

    Args:
        content: the scenario.
        strategy: its rules are described in full; None lists the names of all strategies.

    Returns:
        Sections for conditions, each track, shocks, influences and strategies, with an empty line
        between them.
    """
    parts = [
        _opening(content),
        _section("Conditions", [condition(c, content) for c in content.conditions.values()]),
        *(_track(track) for track in content.tracks.values()),
        _section("Shocks", [shock(one) for one in content.shocks.values()]),
        _section("Presets", [_preset(one) for one in content.presets.values()]),
        _section("Influences", [influence(one, content) for one in content.influences]),
        _strategies(content) if strategy is None else rules(strategy, content),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


# -- words ----------------------------------------------------------------------------------------


def number(value: Number, scale: float = 1, unit: str = "") -> str:
    """A number with its range; the base value stands first.

    Args:
        value: a number or a range.
        scale: by which every value is multiplied: 100 for per cent.
        unit: written behind the base value.

    >>> number(Range(low=8, likely=14, high=24))
    '14 (8 to 24)'
    >>> number(0.5, 100, " %")
    '50 %'
    """
    text = f"{_plain(base_value(value) * scale)}{unit}"
    if isinstance(value, Range):
        text += f" ({_plain(value.low * scale)} to {_plain(value.high * scale)})"
    return text


def percent(value: Number) -> str:
    """A probability in per cent, with its range.

    >>> percent(Range(low=0.3, likely=0.5, high=0.7))
    '50 % (30 to 70)'
    """
    return number(value, 100, " %")


def days(value: Number) -> str:
    """A number of days, with its range.

    >>> days(1), days(Range(low=8, likely=14, high=24))
    ('1 day', '14 (8 to 24) days')
    """
    if isinstance(value, Range):
        return f"{number(value)} days"
    return "1 day" if value == 1 else f"{_plain(value)} days"


def duration_phrase(duration: Duration) -> str:
    """A duration as a phrase that fits behind "takes" or "after".

    >>> duration_phrase(Duration(family="exponential", params={"mean": 60}))
    '60 days on average'
    >>> duration_phrase(Duration(family="uniform", params={"min": 5, "max": 30}))
    '5 to 30 days, all equally likely'
    """
    p = duration.params
    never = f", never more than {days(p[MAX])}" if duration.family in TRUNCATED and MAX in p else ""
    return _law_phrase(duration) + never


def _law_phrase(duration: Duration) -> str:
    p = duration.params
    match duration.family:
        case "fixed":
            return "no time" if p[""] == 0 else days(p[""])
        case "exponential":
            return f"{days(p['mean'])} on average"
        case "lognormal":
            return f"{days(p['median'])} in the median (sigma {number(p['sigma'])})"
        case "weibull":
            return f"a Weibull time of shape {number(p['shape'])} and scale {days(p['scale'])}"
        case "uniform":
            return f"{number(p['min'])} to {days(p['max'])}, all equally likely"
        case "pert":
            return f"{number(p['min'])} to {days(p['max'])}, with mode {number(p['mode'])}"
        case "quantiles":
            spread = f"{number(p['p10'])} to {number(p['p90'])} four times in five"
            return f"{days(p['p50'])} in the median ({spread})"
        case _:
            return _recorded(duration.values)


def _recorded(values: Sequence[float]) -> str:
    if len(values) == 1:
        return days(values[0])
    return f"{_plain(values[0])} to {days(values[-1])}, as in {len(values)} recorded cases"


def _plain(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def power(ratio: float, most: int) -> str:
    """A ratio raised to a power; only its order of magnitude where it has hundreds of digits.

    >>> power(1.5, 4), power(8.0, 1000)
    ('5.062', 'about 1e+903')
    """
    exponent = most * math.log10(ratio)
    return _plain(ratio**most) if abs(exponent) < 300 else f"about 1e{exponent:+.0f}"


def date(day: dt.date | MonthDay) -> str:
    """A date in words; a month-day stands for that day of every year.

    >>> date(dt.date(2017, 5, 9)), date(MonthDay(5, 9))
    ('9 May 2017', '9 May')
    """
    words = f"{day.day} {MONTHS[day.month - 1]}"
    return words if isinstance(day, MonthDay) else f"{words} {day.year}"


def literal(one: Literal) -> str:
    """A test of a condition as a phrase.

    >>> literal(Literal("freeze", 1, False, "freeze")), literal(Literal("war", 1, True, "!war"))
    ('with freeze', 'without war')
    """
    if one.condition.endswith(FAILURES) and one.condition.count(".") > 1:
        stage = one.condition.removesuffix(FAILURES)
        if one.negated:
            return f"before any failure at {stage}"
        return f"after {_failures(one.at_least)} at {stage}"
    if "." in one.condition:
        return f"with {one.condition} {'not ' if one.negated else ''}done"
    if one.negated:
        return f"without {one.condition}"
    return f"with {one.condition}" + (f" at {one.at_least} or more" if one.at_least > 1 else "")


def _failures(count: int) -> str:
    return "a failure" if count == 1 else f"{count} failures"


def clauses(rule: Clauses) -> str:
    """A rule as a phrase: its items joined by "and", the alternatives within an item by "or".

    >>> freeze, war = Literal("freeze", 1, False, "freeze"), Literal("war", 1, True, "!war")
    >>> clauses(((freeze,), (war,)))
    'with freeze and without war'
    """
    return listed(
        (listed((literal(one) for one in item), "or") for item in rule),
        ", and" if any(len(item) > 1 for item in rule) else "and",
    ).replace(" , and", ", and")


def effects(one: Effects) -> str:
    """What a stage, setback or shock changes, as a phrase; empty where it changes nothing.

    >>> effects(Effects(clears=("crisis",), raises=("trust", "trust")))
    'clears crisis and raises trust twice'
    """
    parts = []
    for verb, names in (("clears", one.clears), ("lowers", one.lowers), ("raises", one.raises)):
        if names:
            parts.append(f"{verb} {listed(_counted(names))}")
    for again in one.reopens:
        parts.append(f"reopens {again.track} at {again.stage} if it was completed")
    if one.resumes:
        parts.append(f"ends any delay of {listed(one.resumes)}")
    return listed(parts) if parts else ""


def _counted(names: Sequence[str]) -> list[str]:
    times = {1: "", 2: " twice"}
    counts = {name: names.count(name) for name in names}
    return [f"{name}{times.get(n, f' {n} times')}" for name, n in counts.items()]


# -- sentences ------------------------------------------------------------------------------------


def _opening(content: ScenarioData) -> str:
    years = content.horizon / DAYS_PER_YEAR
    run = f"The run starts on {date(content.start)} and lasts {days(content.horizon)}"
    run += f" ({years:.1f} years)." if years >= 1 else "."
    ends = f"The goal is {content.goal}"
    ends += f"; {content.ruin} is ruin and ends the run." if content.ruin else "."
    lines = [content.title, f"{run} {ends}"]
    if content.milestones:
        lines.append(f"Milestones on the way: {listed(content.milestones)}.")
    if content.done:
        lines.append(f"Done before day 0: {listed(content.done)}.")
    if content.utility:
        weights = [f"{name} {number(weight)}" for name, weight in content.utility.items()]
        lines.append(f"Utility weighs {listed(weights)}.")
    if content.delegations:
        tables = [
            f"{party} at {number(n)} table{'' if n == 1 else 's'}"
            for party, n in content.delegations.items()
        ]
        lines.append(f"Delegations: {listed(tables)} at once; other parties at any number.")
    return "\n".join(_wrapped(line, "") for line in lines)


def _section(title: str, sentences: Sequence[str]) -> str:
    lines = [_wrapped(title, ""), *(_wrapped(one, "  ") for one in sentences)]
    return "\n".join(lines) if sentences else ""


def _wrapped(text: str, indent: str, hanging: str = "  ") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + hanging if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def condition(one: Condition, content: ScenarioData) -> str:
    """One sentence on a condition: its levels, how it starts, how it fades, what holds it up."""
    holders = [name for name, stage in content.stages.items() if one.name in stage.holds]
    parts = [f"{one.name}"]
    if one.about:
        parts[0] += f" ({one.about})"
    parts.append("is present or absent" if one.max == 1 else f"has levels 0 to {one.max}")
    if holders:
        what = "is held up by attempts" if one.max == 1 else "counts the attempts in progress"
        return f"{parts[0]} {what} at {listed(holders)}."
    start = "absent" if not one.initially else f"at {one.initially}" if one.max > 1 else "present"
    text = f"{parts[0]} {parts[1]}, at first {start}"
    if one.fades is not None:
        what = "fades" if one.max == 1 else "loses a level"
        text += f"; it {what} after {duration_phrase(one.fades)}"
    return f"{text}{'; a strategy may raise it on day 0' if one.posture else ''}."


def _track(track: Track) -> str:
    parties = f" between {listed(track.parties)}" if len(track.parties) > 1 else ""
    parties = parties or (f" of {track.parties[0]}" if track.parties else "")
    about = f": {track.about}" if track.about else ""
    lines = [_wrapped(f"Track {track.name}{parties}{about}", "")]
    for place, one in enumerate(track.stages):
        sentences = stage(one)
        lines.append(_wrapped(f"{place + 1}. {sentences[0]}", "  ", "   "))
        lines += [_wrapped(text, "     ") for text in sentences[1:]]
    return "\n".join(lines)


def stage(one: Stage) -> list[str]:
    """The sentences on a stage: attempts, gate, windows, held conditions, setbacks."""
    sure = base_value(one.success) == 1 and not isinstance(one.success, Range)
    chance = "always succeeds" if sure else f"succeeds with {percent(one.success)}"
    about = f" ({one.about})" if one.about else ""
    sentences = [
        f"{one.name}{about}: an attempt takes {duration_phrase(one.duration)} and {chance}."
    ]
    if one.needs:
        sentences.append(f"It starts only {clauses(one.needs)}.")
    if one.window:
        sentences.append(f"It starts only {listed((_window(w) for w in one.window), 'or')}.")
    if one.holds:
        sentences.append(f"While it lasts it holds up {listed(one.holds)}.")
    if what := effects(one):
        sentences.append(f"Success {what}.")
    return sentences + [
        f"{'If it fails' if not n else 'Or'}: {setback(b, one)}."
        for n, b in enumerate(one.setbacks)
    ]


def _window(one: Window) -> str:
    yearly = " of any year" if isinstance(one.opens, MonthDay) else ""
    if one.opens == one.closes:
        return f"on {date(one.opens)}{yearly}"
    return f"from {date(one.opens)} to {date(one.closes)}{yearly}"


def setback(one: Setback, of: Stage) -> str:
    """A phrase on a setback: when it is possible, what it changes, where the track resumes.

    Args:
        one: the setback.
        of: its stage; the weight is mentioned only where there is a choice of setbacks.
    """
    conditions = [] if len(of.setbacks) == 1 else [f"weight {number(one.weight)}"]
    if one.when:
        conditions.append(f"only {clauses(one.when)}")
    text = one.name + (f" ({', '.join(conditions)})" if conditions else "")
    if what := effects(one):
        text += f", which {what}"
    return f"{text}; {_then(one.delay, one.resume, f'{of.name} is tried again')}"


def _then(delay: Duration, resume: str | None, same: str) -> str:
    what = same if resume is None else f"the track resumes at {resume}"
    if resume == ABANDON:
        what = "the track is abandoned"
    at_once = delay.family == "fixed" and delay.params[""] == 0
    return f"{what} at once" if at_once else f"after {duration_phrase(delay)} {what}"


def shock(one: Shock) -> str:
    """The sentences on a shock: when it comes, its rule and probability, its effects and breaks."""
    about = f" ({one.about})" if one.about else ""
    text = f"{one.name}{about} comes {_timing(one)}"
    if one.when:
        text += f", only {clauses(one.when)}"
    if one.probability != 1:
        text += f", and takes effect with {percent(one.probability)}"
    text += f". It {what}." if (what := effects(one)) else "."
    return " ".join([text, *(_break(b) for b in one.breaks)])


def _timing(one: Shock) -> str:
    if one.rate is not None:
        often = f"{number(one.rate)} times a year"
        seldom = 0 < base_value(one.rate) < 0.5
        return often + (f" (once in {1 / base_value(one.rate):.3g} years)" if seldom else "")
    if one.after is not None:
        return f"once, after {duration_phrase(one.after)}"
    if one.yearly is not None:
        return f"every year on {date(one.yearly)}"
    return f"on {listed(date(day) for day in one.on or ())}"


def _break(one: Break) -> str:
    where = f"{one.track}.{one.stage}" if one.stage else one.track
    chance = "" if one.probability == 1 else f" with {percent(one.probability)}"
    then = _then(one.delay, one.resume, "the broken stage is tried again")
    return f"An attempt at {where} is broken off{chance}: {then}."


def influence(one: Influence, content: ScenarioData) -> str:
    """One sentence on an influence: which condition multiplies what by how much.

    Args:
        one: the influence.
        content: the scenario, which declares how many levels the condition has.
    """
    name = one.of.condition
    most = content.conditions[name].max if name in content.conditions else 1
    start = f"Each level of {name}" if one.of.per_level and most > 1 else _subject(one.of)
    if name.count(".") > 1 and one.of.per_level:
        start = f"Each failure at {name.removesuffix(FAILURES)}"
    ratio, where = number(one.ratio), _targets(one)
    sentence = {
        "odds": f"{start} multiplies the odds of success of {where} by {ratio}",
        "time": f"{start} multiplies the duration of attempts at {where} by {ratio}",
        "rate": f"{start} multiplies the rate of {where} by {ratio}",
    }[one.kind]
    if one.of.per_level and most > 1:
        sentence += f", so by {power(base_value(one.ratio), most)} at level {most}"
    return f"{sentence}{f' ({one.about})' if one.about else ''}."


def _subject(one: Literal) -> str:
    if one.condition.count(".") > 1:
        stage = one.condition.removesuffix(FAILURES)
        if one.negated:
            return f"{stage}, while it has not failed,"
        return f"{stage}, after {_failures(one.at_least)},"
    if "." in one.condition:
        return f"{one.condition}, {'while not' if one.negated else 'once'} done,"
    if one.negated:
        return f"The absence of {one.condition}"
    return one.condition + (f" at {one.at_least} or more" if one.at_least > 1 else "")


def _targets(one: Influence) -> str:
    if not one.targets:
        return f"nothing ({one.on})"
    what = "shocks" if one.kind == "rate" else "stages"
    if len(one.targets) >= MANY_TARGETS and "*" in one.on:
        return f"the {len(one.targets)} {what} {one.on}"
    return listed(one.targets)


def _preset(one: Preset) -> str:
    values = listed(f"{name} to {_plain(value)}" for name, value in one.overrides.items())
    about = f" ({one.about})" if one.about else ""
    return f"{one.name}{about} sets {values or 'nothing'}."


def _strategies(content: ScenarioData) -> str:
    lines = [f"{s.name}: {s.about}" if s.about else s.name for s in content.strategies.values()]
    return _section("Strategies", lines)


def rules(one: Strategy, content: ScenarioData) -> str:
    """The section on a strategy: when each track may start, postures, priority and overrides."""
    sentences = [f"{name} {_start(one, name)}." for name in content.tracks]
    if one.raises:
        sentences.append(f"On day 0 it raises {listed(_counted(one.raises))}.")
    if one.priority:
        sentences.append(
            f"Where several tracks could start, {listed(one.priority, 'then')} come first."
        )
    if done := done_under(content, one):
        sentences.append(
            f"{listed(done)} {'has' if len(done) == 1 else 'have'} succeeded before day 0."
        )
    sentences += [f"Rule {decision_rule(rule)}" for rule in one.rules]
    sentences += [f"It sets {name} to {_plain(value)}." for name, value in one.overrides.items()]
    return _section(f"Strategy {one.name}" + (f": {one.about}" if one.about else ""), sentences)


def decision_rule(one: DecisionRule) -> str:
    """One sentence on a rule of a strategy: when it fires, and what it does.

    >>> quiet = Literal("crisis", 1, True, "!crisis")
    >>> decision_rule(DecisionRule(name="call", when=((quiet,),), held=60, opens=("talks",)))
    'call: when crisis does not hold, for 60 days without a break, it opens talks.'
    """
    about = f" ({one.about})" if one.about else ""
    when = f"when {holding(one.when)}" if one.when else "at the start"
    if one.held:
        when += (
            f", for {days(one.held)} without a break" if one.when else f", after {days(one.held)}"
        )
    parts = [part for part in (effects(one), *_closing(one)) if part]
    again = "; again each time" if one.repeats else ""
    return f"{one.name}{about}: {when}, it {listed(parts) or 'does nothing'}{again}."


def _closing(one: DecisionRule) -> list[str]:
    return [
        f"{verb} {listed(tracks)}"
        for verb, tracks in (("closes", one.closes), ("opens", one.opens))
        if tracks
    ]


def holding(rule: Clauses) -> str:
    """A rule as a sentence about what holds, without its full stop.

    >>> holding(((Literal("talks.meet", 1, False, "talks.meet"),),))
    'talks.meet is done'
    """
    return listed(
        (listed((_holds(one) for one in item), "or") for item in rule),
        ", and" if any(len(item) > 1 for item in rule) else "and",
    ).replace(" , and", ", and")


def _holds(one: Literal) -> str:
    name = one.condition
    if name.count(".") > 1:
        stage = name.removesuffix(FAILURES)
        times = "" if one.at_least == 1 else f" {one.at_least} times"
        return f"{stage} has not failed" if one.negated else f"{stage} has failed{times}"
    if "." in name:
        return f"{name} is {'not ' if one.negated else ''}done"
    if one.at_least > 1:
        return f"{name} is at {one.at_least} or more"
    return f"{name} does not hold" if one.negated else f"{name} holds"


def _start(one: Strategy, track: str) -> str:
    if track in one.never:
        return "is left out"
    rule = one.starts.get(track, ())
    return f"starts only {clauses(rule)}" if rule else "starts at once"
