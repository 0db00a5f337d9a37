"""Small scenarios whose histories follow by hand, each built on one rule of the process.

Whole durations and common dates make everything certain, so each case holds exactly, in every
replication; and each has numbers at which the rule's reversal gives another answer.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

NEVER = math.nan
HEAD = """
title = "A case"
start = 2019-01-01
horizon = 100
goal = "goal"
ruin = "ruin"
"""
DAY = [f"2019-01-{day + 1:02d}" for day in range(31)]


@dataclass(frozen=True)
class Case:
    """A scenario and what every row of it holds.

    Attributes:
        rule: what is tested, as a name.
        text: the file without its head; ``goal`` and ``ruin`` are declared where it does not.
        expect: value by column; NEVER is an empty cell.
    """

    rule: str
    text: str
    expect: dict[str, Any]

    @property
    def toml(self) -> str:
        """The whole file."""
        text = self.text
        for name in ("goal", "ruin"):
            if f"[conditions.{name}]" not in text:
                text += f"\n[conditions.{name}]\n"
        own = re.findall(r"^(?:start|horizon) = .*\n", text, re.MULTILINE)
        head = HEAD
        for line in own:
            key = line.split()[0]
            head = re.sub(rf"^{key} = .*\n", line, head, flags=re.MULTILINE)
            text = text.replace(line, "")
        return head + text


def conditions(**tables: str) -> str:
    """Declared conditions, with the content of their tables."""
    return "".join(f"[conditions.{name}]\n{body}\n" for name, body in tables.items())


def track(name: str, *stages: str, parties: str = "[]") -> str:
    """A track; a stage without a success is certain."""
    text = f"[tracks.{name}]\nparties = {parties}\n"
    for stage in stages:
        text += f"[[tracks.{name}.stages]]\n{stage}\n"
        if "success" not in stage:
            text += "success = 1\n"
    return text


def shock(name: str, body: str) -> str:
    """A shock; ``day N`` in its body stands for a date, and alone for its timing."""
    body = re.sub(r"^day", "on = day", body)
    for day in reversed(range(31)):
        body = body.replace(f"day {day}", DAY[day])
    return f"[shocks.{name}]\n" + "\n".join(part.strip() for part in body.split(";")) + "\n"


FAIL = "success = 0\nsetbacks = "

CASES = [
    Case(
        "windows open before fades",
        conditions(c="initially = 1\nfades = 10")
        + track(
            "t", 'name = "s"\nduration = 3\nneeds = ["c"]\n'
            f'window = [{{ from = {DAY[10]}, to = {DAY[12]} }}]'
        ),
        {"first_t.s": 13.0, "held_c": 10.0},
    ),
    Case(
        "fades come before shocks",
        conditions(c="initially = 1\nfades = 10") + shock("k", 'day 10; when = ["c"]'),
        {"n_k": 0},
    ),
    Case(
        "fades come before tracks",
        conditions(c="initially = 1\nfades = 10")
        + track(
            "t",
            f'name = "s"\nduration = 10\n{FAIL}[{{ name = "soft", delay = 1, resume = "abandon" }},'
            ' { name = "hard", weight = 1e300, delay = 50, resume = "abandon", when = ["c"] }]',
        ),
        {"n_soft": 1, "n_hard": 0, "outcome": "abandoned", "time": 11.0},
    ),
    Case(
        "shocks come before tracks",
        track("t", 'name = "s"\nduration = 10')
        + shock("k", 'day 10; breaks = [{ track = "t", delay = 5 }]'),
        {"first_t.s": 25.0, "n_k_breaks": 1},
    ),
    Case(
        "fades come in file order, and each settles",
        conditions(a="initially = 1\nfades = 10", b="initially = 1\nfades = 10")
        + track("first", 'name = "s"\nduration = 1\nneeds = ["!a", "b"]')
        + track("second", 'name = "s"\nduration = 1\nneeds = ["a", "!b"]'),
        {"first_first.s": 11.0, "first_second.s": NEVER},
    ),
    Case(
        "shocks come in file order, whatever their timing",
        conditions(x="", y="")
        + shock("early", 'after = 10; raises = ["x"]')
        + shock("late", 'day 10; when = ["x"]; raises = ["y"]')
        + shock("last", 'after = 10; raises = ["goal"]'),
        {"n_late": 1, "first_y": 10.0, "first_goal": 10.0},
    ),
    Case(
        "an earlier shock does not see a later one of its instant",
        conditions(x="") + shock("early", 'day 10; when = ["x"]')
        + shock("late", 'after = 10; raises = ["x"]'),
        {"n_early": 0, "n_late": 1},
    ),
    Case(
        "tracks come in file order",
        conditions(x="")
        + track("one", 'name = "s"\nduration = 10\nraises = ["x"]')
        + track("two", 'name = "s"\nduration = 10\nclears = ["x"]'),
        {"first_x": 10.0, "held_x": 0.0},
    ),
    Case(
        "an event that arises at an instant takes its place in the order",
        conditions(x="max = 2\nfades = 0")
        + track("one", 'name = "s"\nduration = 10\nraises = ["x"]')
        + track("two", 'name = "s"\nduration = 10\nraises = ["x"]')
        + track("three", 'name = "s"\nduration = 1\nneeds = ["x>=2"]'),
        {"first_x": 10.0, "first_three.s": NEVER},
    ),
    Case(
        "the settle lets tracks begin by priority",
        "[delegations]\nUS = 1\n"
        + track("one", 'name = "s"\nduration = 10', parties='["US"]')
        + track("two", 'name = "s"\nduration = 10', parties='["US"]')
        + '[strategies.a]\npriority = ["two"]\n',
        {"first_two.s": 10.0, "first_one.s": 20.0},
    ),
    Case(
        "the settle goes on until no track may begin",
        conditions(h="")
        + track("one", 'name = "s"\nduration = 10\nneeds = ["h"]')
        + track("two", 'name = "s"\nduration = 10\nholds = ["h"]'),
        {"first_one.s": 10.0},
    ),
    Case(
        "a blocked track reserves nothing",
        "[delegations]\nUS = 1\nUN = 1\n"
        + track("busy", 'name = "s"\nduration = 20', parties='["UN"]')
        + track("one", 'name = "s"\nduration = 10', parties='["US", "UN"]')
        + track("two", 'name = "s"\nduration = 5', parties='["US"]'),
        {"first_two.s": 5.0, "first_one.s": 30.0},
    ),
    Case(
        "clocks are wound again after the tracks have begun",
        conditions(x="", h="")
        + track("t", 'name = "s"\nduration = 50\nholds = ["h"]')
        + shock("k", 'after = 10; raises = ["x"]')
        + '[[influences]]\nof = "h"\non = "k"\nrate = 2\n',
        {"first_x": 5.0},
    ),
    Case(
        "a clock that stands still keeps its residual",
        conditions(p="", x="")
        + shock("on", 'day 4; raises = ["p"]') + shock("off", 'day 20; clears = ["p"]')
        + shock("k", 'after = 10; when = ["!p"]; raises = ["x"]'),
        {"first_x": 26.0},
    ),
    Case(
        "a residual is rescaled when a rate changes",
        conditions(p="", x="")
        + shock("on", 'day 4; raises = ["p"]') + shock("off", 'day 6; clears = ["p"]')
        + shock("k", 'after = 10; raises = ["x"]')
        + '[[influences]]\nof = "p"\non = "k"\nrate = 2\n',
        {"first_x": 8.0},
    ),
    Case(
        "every raise draws the fade anew, a clamped one too",
        conditions(x="fades = 10")
        + shock("one", 'day 0; raises = ["x"]') + shock("two", 'day 6; raises = ["x"]'),
        {"first_x": 0.0, "held_x": 16.0},
    ),
    Case(
        "a level above 0 after a fade fades again",
        conditions(x="max = 3\nfades = 10\ninitially = 3"),
        {"held_x": 30.0},
    ),
    Case(
        "at level 0 the fade stops",
        conditions(x="fades = 10\ninitially = 1")
        + shock("off", 'day 5; clears = ["x"]') + shock("on", 'day 12; raises = ["x"]'),
        {"held_x": 15.0},
    ),
    Case(
        "lowering draws no fade",
        conditions(x="max = 2\nfades = 10\ninitially = 2")
        + shock("off", 'day 4; lowers = ["x"]'),
        {"held_x": 10.0},
    ),
    Case(
        "effects clear, lower, then raise",
        conditions(x="max = 3\ninitially = 3", y="max = 2\ninitially = 2", z="")
        + shock("k", 'day 5; raises = ["x", "y", "z"]; clears = ["x"]; lowers = ["y"]')
        + track("t", 'name = "s"\nduration = 1\nneeds = ["z"]')
        + track("u", 'name = "s"\nduration = 1\nneeds = ["z"]')
        + '[[influences]]\nof = "x"\non = "t.s"\ntime = 2\n'
        + '[[influences]]\nof = "y"\non = "u.s"\ntime = 2\n',
        {"first_t.s": 7.0, "first_u.s": 9.0, "held_x": 100.0, "held_y": 100.0},
    ),
    Case(
        "a break releases holds and delegations, and its delay is waited out",
        "[delegations]\nUS = 1\n" + conditions(h="")
        + track("t", 'name = "s"\nduration = 20\nholds = ["h"]', parties='["US"]')
        + track("u", 'name = "s"\nduration = 3', parties='["US"]')
        + shock("k", 'day 5; breaks = [{ track = "t", delay = 10 }]'),
        {"held_h": 25.0, "first_u.s": 8.0, "first_t.s": 35.0, "n_k_breaks": 1},
    ),
    Case(
        "a break never ends a delay",
        track("t", f'name = "s"\nduration = 4\n{FAIL}[{{ name = "no", delay = 50 }}]')
        + shock("k", 'day 5; breaks = [{ track = "t", delay = 1 }]'),
        {"n_no": 2, "n_k": 1, "n_k_breaks": 0},
    ),
    Case(
        "a break looks at the stage that it names",
        track("t", 'name = "a"\nduration = 10', 'name = "b"\nduration = 10')
        + shock("k", 'on = [day 5, day 15]; breaks = [{ track = "t.b", resume = "a" }]'),
        {"n_k": 2, "n_k_breaks": 1, "first_t.b": 35.0},
    ),
    Case(
        "a break that would resume later resumes at the broken stage",
        track("t", 'name = "a"\nduration = 10', 'name = "b"\nduration = 10')
        + shock("k", 'day 5; breaks = [{ track = "t", resume = "b", delay = 2 }]'),
        {"first_t.a": 17.0, "first_t.b": 27.0},
    ),
    Case(
        "a track is abandoned at the end of the delay",
        track("t", f'name = "s"\nduration = 10\n{FAIL}'
              '[{ name = "no", delay = 5, resume = "abandon" }]')
        + track("u", 'name = "s"\nduration = 12'),
        {"outcome": "abandoned", "time": 15.0},
    ),
    Case(
        "abandonment by a break",
        track("t", 'name = "s"\nduration = 10')
        + shock("k", 'day 5; breaks = [{ track = "t", delay = 2, resume = "abandon" }]'),
        {"outcome": "abandoned", "time": 7.0, "n_k_breaks": 1},
    ),
    Case(
        "a run whose tracks are all completed is ongoing",
        track("t", 'name = "s"\nduration = 10'),
        {"outcome": "ongoing", "time": 100.0},
    ),
    Case(
        "a stage condition falls when the track resumes, not when it fails",
        track(
            "t", 'name = "a"\nduration = 10',
            f'name = "b"\nduration = 10\n{FAIL}[{{ name = "no", delay = 10, resume = "a" }}]',
        )
        + track("w", 'name = "p"\nduration = 1\nneeds = ["t.a"]',
                'name = "q"\nduration = 1\nneeds = ["!t.a"]'),
        {"first_w.p": 11.0, "first_w.q": 31.0},
    ),
    Case(
        "abandonment leaves the stage conditions",
        track(
            "t", 'name = "a"\nduration = 10',
            f'name = "b"\nduration = 10\n{FAIL}[{{ name = "no", delay = 0, resume = "abandon" }}]',
        )
        + track("w", 'name = "p"\nduration = 1\nneeds = ["x", "t.a"]')
        + conditions(x="") + shock("k", 'day 30; raises = ["x"]'),
        {"first_w.p": 31.0},
    ),
    Case(
        "a track cannot reopen itself by its last success",
        conditions(h="")
        + track("t", 'name = "s"\nduration = 10\nholds = ["h"]\n'
                'reopens = [{ track = "t", stage = "s" }]'),
        {"held_h": 10.0},
    ),
    Case(
        "a completed track is reopened and starts without asking its start rule again",
        conditions(h="", p="initially = 1\nfades = 5")
        + track("t", 'name = "a"\nduration = 10', 'name = "b"\nduration = 5\nholds = ["h"]')
        + shock("k", 'day 30; reopens = [{ track = "t", stage = "b" }]')
        + '[strategies.a]\nstarts = { t = ["p"] }\n',
        {"held_h": 10.0, "first_t.b": 15.0},
    ),
    Case(
        "neither a running nor an abandoned track is reopened",
        conditions(h="", g="")
        + track("t", 'name = "a"\nduration = 40\nholds = ["h"]')
        + track("u", f'name = "a"\nduration = 10\nholds = ["g"]\n{FAIL}'
                '[{ name = "no", delay = 0, resume = "abandon" }]')
        + shock("k", 'day 30; reopens = [{ track = "t", stage = "a" }, '
                '{ track = "u", stage = "a" }]'),
        {"held_h": 40.0, "held_g": 10.0, "outcome": "abandoned", "time": 40.0},
    ),
    Case(
        "a start rule is asked until the first attempt only",
        conditions(p="initially = 1")
        + track("t", f'name = "s"\nduration = 10\n{FAIL}[{{ name = "no", delay = 10 }}]')
        + shock("k", 'day 5; clears = ["p"]')
        + '[strategies.a]\nstarts = { t = ["p"] }\n',
        {"n_no": 5},
    ),
    Case(
        "success is decided with the attempt's own holds up",
        conditions(h="")
        + track("t", 'name = "s"\nduration = 10\nsuccess = 0.5\nholds = ["h"]\n'
                'setbacks = [{ name = "no", delay = 0 }]')
        + '[[influences]]\nof = "h"\non = "t.s"\nodds = 1e-300\n',
        {"n_no": 9, "first_t.s": NEVER},
    ),
    Case(
        "setbacks are judged with the attempt's own holds up",
        conditions(h="")
        + track("t", f'name = "s"\nduration = 10\nholds = ["h"]\n{FAIL}['
                '{ name = "no", delay = 0 }, '
                '{ name = "loud", delay = 0, weight = 1e300, when = ["h"] }]'),
        {"n_no": 0, "n_loud": 9},
    ),
    Case(
        "a duration is multiplied by the time ratios with own holds up, a delay by none",
        conditions(h="")
        + track("t", f'name = "s"\nduration = 10\nholds = ["h"]\n{FAIL}'
                '[{ name = "no", delay = 15, resume = "abandon" }]')
        + '[[influences]]\nof = "h"\non = "t.s"\ntime = 2\n'
        + '[[influences]]\nof = "!goal"\non = "t.s"\ntime = 3\n',
        {"outcome": "abandoned", "time": 75.0, "held_h": 60.0},
    ),
    Case(
        "weights choose among the setbacks",
        track("t", f'name = "s"\nduration = 10\n{FAIL}['
              '{ name = "seldom", weight = 1e-300, delay = 0 }, '
              '{ name = "often", weight = 1, delay = 0 }, '
              '{ name = "not", weight = 0, delay = 0 }]'),
        {"n_seldom": 0, "n_often": 9, "n_not": 0},
    ),
    Case(
        "an influence multiplies once per level, a test once",
        conditions(x="max = 3\ninitially = 3", y="")
        + track("per_level", 'name = "s"\nduration = 1')
        + track("tested", 'name = "s"\nduration = 1')
        + track("negated", 'name = "s"\nduration = 1')
        + '[[influences]]\nof = "x"\non = "per_level.*"\ntime = 2\n'
        + '[[influences]]\nof = "x>=1"\non = "tested.s"\ntime = 2\n'
        + '[[influences]]\nof = "!y"\non = "negated.s"\ntime = 5\n',
        {"first_per_level.s": 8.0, "first_tested.s": 2.0, "first_negated.s": 5.0},
    ),
    Case(
        "both days of a window belong to it",
        track("first", 'name = "wait"\nduration = 10.5', 'name = "s"\nduration = 1\n'
              f'window = [{{ from = {DAY[10]}, to = {DAY[10]} }}]')
        + track("late", 'name = "wait"\nduration = 11', 'name = "s"\nduration = 1\n'
                f'window = [{{ from = {DAY[10]}, to = {DAY[10]} }}]')
        + track("early", 'name = "s"\nduration = 1\n'
                f'window = [{{ from = {DAY[10]}, to = {DAY[10]} }}]'),
        {"first_first.s": 11.5, "first_late.s": NEVER, "first_early.s": 11.0},
    ),
    Case(
        "a dated shock that may not happen is not made up for",
        conditions(p="", x="")
        + shock("k", 'on = [day 5, day 15]; when = ["p"]; raises = ["x"]')
        + shock("on", 'day 10; raises = ["p"]'),
        {"first_x": 15.0, "n_k": 1},
    ),
    Case(
        "day 0 settles before its dated shocks",
        track("t", 'name = "s"\nduration = 10')
        + shock("k", 'day 0; breaks = [{ track = "t", delay = 5 }]'),
        {"n_k_breaks": 1, "first_t.s": 15.0},
    ),
    Case(
        "initial levels and postures rise at time 0",
        conditions(x="initially = 1", y="posture = true")
        + '[conditions.goal]\ninitially = 1\n[strategies.a]\nraises = ["y"]\n',
        {"first_x": 0.0, "first_y": 0.0, "held_y": 100.0, "outcome": "goal", "time": 0.0},
    ),
    Case(
        "an event at the horizon does not happen",
        track("t", 'name = "s"\nduration = 100') + shock("k", "on = 2019-04-11")
        + shock("m", "on = 2019-04-10"),
        {"n_k": 0, "n_m": 1, "first_t.s": NEVER},
    ),
    Case(
        "ruin completes the effects of its event, then nothing is settled",
        conditions(y="")
        + track("t", 'name = "s"\nduration = 50')
        + track("u", 'name = "s"\nduration = 0\nneeds = ["ruin"]')
        + shock("k", 'day 10; raises = ["ruin", "y"]; breaks = [{ track = "t" }]')
        + shock("m", 'day 10'),
        {"outcome": "ruin", "time": 10.0, "first_y": 10.0, "n_k_breaks": 1, "held_y": 0.0,
         "first_u.s": NEVER, "n_m": 0},
    ),
    Case(
        "ruin at the instant of the goal counts",
        shock("k", 'day 10; raises = ["goal", "ruin"]'),
        {"outcome": "ruin", "time": 10.0, "first_goal": 10.0},
    ),
    Case(
        "the run does not end at the goal",
        shock("k", 'day 10; raises = ["goal"]') + shock("m", "day 20")
        + shock("n", 'day 30; raises = ["ruin"]'),
        {"outcome": "goal", "time": 10.0, "n_m": 1, "held_goal": 20.0, "first_ruin": 30.0},
    ),
    Case(
        "the bottleneck is what was lacking last",
        conditions(p="")
        + track("t", 'name = "s"\nduration = 1\nneeds = ["p"]\nraises = ["goal"]\n'
                f'window = [{{ from = {DAY[10]}, to = {DAY[12]} }}]')
        + shock("k", 'day 5; raises = ["p"]'),
        {"binding": "window", "first_goal": 11.0},
    ),
    Case(
        "alternatives of a bottleneck are joined, and the start rule comes before the gate",
        conditions(p="", q="", r="")
        + track("t", 'name = "s"\nduration = 1\nneeds = ["r"]\nraises = ["goal"]')
        + shock("k", 'day 5; raises = ["r"]') + shock("m", 'day 7; raises = ["q"]')
        + '[strategies.a]\nstarts = { t = [["p", "q"]] }\n',
        {"binding": "p|q", "first_goal": 8.0},
    ),
    Case(
        "a delegation is a bottleneck",
        "[delegations]\nUS = 1\n"
        + track("one", 'name = "s"\nduration = 10', parties='["US"]')
        + track("two", 'name = "s"\nduration = 10\nraises = ["goal"]', parties='["US"]'),
        {"binding": "delegation", "first_goal": 20.0},
    ),
    Case(
        "who never waited has no bottleneck",
        track("t", 'name = "s"\nduration = 10\nraises = ["goal"]'),
        {"binding": ""},
    ),
    Case(
        "holds count the attempts in progress up to max",
        conditions(h="max = 2")
        + track("one", 'name = "s"\nduration = 10\nholds = ["h"]')
        + track("two", 'name = "s"\nduration = 20\nholds = ["h"]')
        + track("three", 'name = "s"\nduration = 30\nholds = ["h"]')
        + track("watch", 'name = "s"\nduration = 1\nneeds = ["two.s"]')
        + track("early", 'name = "s"\nduration = 1\nneeds = ["one.s"]')
        + '[[influences]]\nof = "h"\non = "watch.s"\ntime = 3\n'
        + '[[influences]]\nof = "h"\non = "early.s"\ntime = 3\n',
        {"held_h": 30.0, "first_watch.s": 23.0, "first_early.s": 19.0},
    ),
    Case(
        "a group of an order waits for the last stage of every track before it",
        track("one", 'name = "a"\nduration = 10', 'name = "b"\nduration = 5')
        + track("two", 'name = "s"\nduration = 20') + track("three", 'name = "s"\nduration = 1')
        + track("out", 'name = "s"\nduration = 1')
        + '[strategies.a]\norder = [["one", "two"], ["three"]]\nnever = ["out"]\n',
        {"first_three.s": 21.0, "first_out.s": NEVER},
    ),
    Case(
        "leap years and turns of the year",
        'start = 2019-12-01\nhorizon = 500\n'
        + track("t", 'name = "s"\nduration = 1\nwindow = [{ from = "12-30", to = "01-02" }]')
        + shock("k", 'yearly = "02-29"; raises = ["goal"]')
        + shock("m", 'yearly = "03-01"; raises = ["ruin"]; when = ["!goal"]'),
        {"first_t.s": 30.0, "first_goal": 90.0, "n_k": 2, "n_m": 0},
    ),
    Case(
        "a window from leap day to the day before is open all year, in common years too",
        'start = 2021-03-05\nhorizon = 500\n'
        + track("t", 'name = "s"\nduration = 1\nwindow = [{ from = "02-29", to = "02-28" }]')
        + track("u", 'name = "s"\nduration = 1\nwindow = [{ from = "02-28", to = "02-29" }]'),
        {"first_t.s": 1.0, "first_u.s": 361.0},
    ),
    Case(
        "no time at all stays so whatever the ratios",
        conditions(c="max = 100; initially = 100".replace("; ", "\n"))
        + track("t", 'name = "s"\nduration = 0') + track("u", 'name = "s"\nduration = 1')
        + '[[influences]]\nof = "c"\non = "*"\ntime = 1e9\n',
        {"first_t.s": 0.0, "first_u.s": NEVER},
    ),
]  # fmt: skip
