"""Exact cases of what answers to events: failures, delays that end early, rules, a later start."""

from __future__ import annotations

from exact_cases import FAIL, NEVER, Case, conditions, shock, track

REBUFFED = track("t", f'name = "s"\nduration = 10\n{FAIL}[{{ name = "no", delay = 5 }}]')
BROKEN = shock("k", 'day 5; breaks = [{ track = "t", delay = 50 }]')

FAILURES = [
    Case(
        "failures count setbacks, also after the track has resumed",
        REBUFFED + track("u", 'name = "s"\nduration = 1\nneeds = ["t.s.failures>=2"]'),
        {"first_u.s": 26.0},
    ),
    Case(
        "failures count breaks",
        track("t", 'name = "s"\nduration = 10')
        + BROKEN
        + track("u", 'name = "s"\nduration = 1\nneeds = ["t.s.failures"]'),
        {"first_u.s": 6.0},
    ),
    Case(
        "an attempt that fails does not count before it has failed",
        track(
            "t", f'name = "s"\nduration = 10\n{FAIL}[{{ name = "first", delay = 5 }},'
            ' { name = "later", weight = 1e300, delay = 50, when = ["t.s.failures"] }]'
        ),
        {"n_first": 1, "n_later": 2},
    ),
    Case(
        "failures influence once for each",
        REBUFFED + '[[influences]]\nof = "t.s.failures"\non = "t.s"\ntime = 2\n',
        {"n_no": 3},
    ),
    Case(
        "failures end at a hundred",
        track("t", f'name = "s"\nduration = 0.5\n{FAIL}[{{ name = "no", delay = 0.25 }}]')
        + track("u", 'name = "s"\nduration = 1\nneeds = ["t.s.failures>=100"]')
        + track("v", 'name = "s"\nduration = 1\nneeds = ["t.s.failures>=101"]'),
        {"first_u.s": 75.75, "first_v.s": NEVER, "n_no": 133},
    ),
    Case(
        "failures set the clocks of shocks",
        REBUFFED + shock("k2", 'after = 20; when = ["t.s.failures>=2"]; raises = ["goal"]'),
        {"first_goal": 45.0},
    ),
]  # fmt: skip

RESUMES = [
    Case(
        "a delay ends when something resumes the track",
        track("t", 'name = "s"\nduration = 10')
        + BROKEN
        + shock("call", 'day 20; resumes = ["t"]'),
        {"first_t.s": 30.0},
    ),
    Case(
        "a delay before abandonment does not end early",
        track("t", 'name = "s"\nduration = 10')
        + shock("k", 'day 5; breaks = [{ track = "t", delay = 50, resume = "abandon" }]')
        + shock("call", 'day 20; resumes = ["t"]'),
        {"first_t.s": NEVER, "outcome": "abandoned", "time": 55.0},
    ),
    Case(
        "a track that resumes early does so in its place of the order",
        conditions(block="")
        + track("t", 'name = "s"\nduration = 10\nneeds = ["!block"]')
        + BROKEN
        + shock("call", 'day 20; resumes = ["t"]')
        + shock("later", 'day 20; raises = ["block"]'),
        {"first_t.s": NEVER},
    ),
    Case(
        "an attempt does not end when its track is resumed",
        track("t", 'name = "s"\nduration = 10') + shock("call", 'day 5; resumes = ["t"]'),
        {"first_t.s": 10.0},
    ),
    Case(
        "a delay that ended early leaves nothing behind",
        track("t", 'name = "s"\nduration = 10')
        + shock("k", 'on = [day 5, day 25]; breaks = [{ track = "t", delay = 50 }]')
        + shock("call", 'day 20; resumes = ["t"]'),
        {"first_t.s": 85.0},
    ),
    Case(
        "a setback does not end the delay that it is about to cost",
        track("t", f'name = "s"\nduration = 10\n{FAIL}'
              '[{ name = "no", delay = 50, resumes = ["t"] }]'),
        {"n_no": 2},
    ),
    Case(
        "a setback and a success end the delays of others",
        track("t", 'name = "s"\nduration = 30')
        + shock("k", 'day 5; breaks = [{ track = "t", delay = 80 }]')
        + track("u", f'name = "s"\nduration = 10\n{FAIL}'
                '[{ name = "no", delay = 90, resumes = ["t"] }]'),
        {"first_t.s": 40.0},
    ),
]  # fmt: skip

CASES = [*FAILURES, *RESUMES]
