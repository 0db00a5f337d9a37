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


def strategy(*rules: str, own: str = "") -> str:
    """A strategy with rules; each is the content of its table, named r0, r1, ..."""
    text = f"[strategies.a]\n{own}\n"
    for i, rule in enumerate(rules):
        text += f'[[strategies.a.rules]]\nname = "r{i}"\n{rule}\n'
    return text


X = conditions(x="")
ON_10 = shock("up", 'day 10; raises = ["x"]')
OFF_15 = shock("down", 'day 15; clears = ["x"]')
T = track("t", 'name = "s"\nduration = 10')

RULES = [
    Case(
        "a rule without a condition fires on day 0, after the first settle",
        X + T + strategy('raises = ["x"]'),
        {"first_rule.r0": 0.0, "first_x": 0.0, "first_t.s": 10.0},
    ),
    Case(
        "a rule fires at the instant at which what it waits for begins to hold",
        X + ON_10 + strategy('when = ["x"]\nraises = ["goal"]'),
        {"first_rule.r0": 10.0, "first_goal": 10.0},
    ),
    Case(
        "a rule fires after what it waits for has held for days",
        X + ON_10 + strategy('when = ["x"]\nheld = 7\nraises = ["goal"]'),
        {"first_rule.r0": 17.0, "first_goal": 17.0},
    ),
    Case(
        "the clock of a rule starts anew when what it waits for has failed",
        X
        + shock("up", 'on = [day 10, day 20]; raises = ["x"]')
        + OFF_15
        + strategy('when = ["x"]\nheld = 7'),
        {"first_rule.r0": 27.0},
    ),
    Case(
        "what falls and rises again within one event stops no clock",
        conditions(h="")
        + track("t", 'name = "s"\nduration = 10\nholds = ["h"]',
                'name = "u"\nduration = 10\nholds = ["h"]')
        + strategy('when = ["h"]\nheld = 15'),
        {"first_rule.r0": 15.0},
    ),
    Case(
        "a rule fires once",
        X + conditions(y="max = 9") + shock("up", 'on = [day 10, day 20]; raises = ["x"]') + OFF_15
        + strategy('when = ["x"]\nraises = ["y"]', 'when = ["y>=2"]'),
        {"first_rule.r0": 10.0, "first_rule.r1": NEVER},
    ),
    Case(
        "a rule that repeats fires again once what it waits for has failed",
        X + conditions(y="max = 9") + shock("up", 'on = [day 10, day 20]; raises = ["x"]') + OFF_15
        + strategy('when = ["x"]\nrepeats = true\nraises = ["y"]', 'when = ["y>=2"]',
                   'when = ["y>=3"]'),
        {"first_rule.r0": 10.0, "first_rule.r1": 20.0, "first_rule.r2": NEVER},
    ),
    Case(
        "rules come after tracks",
        X
        + track("t", 'name = "s"\nduration = 10\nneeds = ["!x"]\nraises = ["x"]')
        + strategy('held = 10\nclears = ["x"]'),
        {"held_x": 0.0, "first_x": 10.0},
    ),
    Case(
        "rules fire in file order",
        X + strategy('held = 5\nraises = ["x"]', 'held = 5\nclears = ["x"]'),
        {"held_x": 0.0, "first_x": 5.0},
    ),
    Case(
        "the first of two rules may disarm the second",
        X + ON_10 + strategy('when = ["x"]\nheld = 5\nclears = ["x"]', 'when = ["x"]\nheld = 5'),
        {"first_rule.r0": 15.0, "first_rule.r1": NEVER},
    ),
    Case(
        "rules are looked at after the tracks have started",
        conditions(x="") + track("t", 'name = "s"\nduration = 10\nholds = ["x"]')
        + strategy('when = ["!x"]', 'when = ["x"]\nheld = 3'),
        {"first_rule.r0": 10.0, "first_rule.r1": 3.0},
    ),
    Case(
        "an opened track waives its start rule and not its gate",
        X + conditions(y="")
        + track("t", 'name = "s"\nduration = 10\nneeds = ["y"]')
        + shock("y", 'day 20; raises = ["y"]').replace("[shocks.y]", "[shocks.raise_y]")
        + strategy('held = 5\nopens = ["t"]', own='starts = { t = ["x"] }'),
        {"first_t.s": 30.0},
    ),
    Case(
        "a track that was left out may be opened",
        T + strategy('held = 5\nopens = ["t"]', own='never = ["t"]'),
        {"first_t.s": 15.0},
    ),
    Case(
        "a closed track that has not begun is left out, and may be opened",
        X + T
        + strategy('closes = ["t"]', 'held = 40\nopens = ["t"]', own='starts = { t = ["x"] }'),
        {"first_t.s": 50.0, "outcome": "ongoing"},
    ),
    Case(
        "a closed track that has not begun is not abandoned",
        X + T + strategy('closes = ["t"]', own='starts = { t = ["x"] }') + ON_10,
        {"first_t.s": NEVER, "outcome": "ongoing"},
    ),
    Case(
        "a track that waits for its second stage is abandoned when it is closed",
        X + track("t", 'name = "s"\nduration = 10', 'name = "u"\nduration = 10\nneeds = ["x"]')
        + strategy('held = 30\ncloses = ["t"]', 'held = 40\nopens = ["t"]')
        + shock("late", 'on = 2019-03-01; raises = ["x"]'),
        {"first_t.s": 10.0, "first_t.u": NEVER, "outcome": "abandoned", "time": 30.0},
    ),
    Case(
        "a track in a delay is abandoned when it is closed",
        T + BROKEN + strategy('held = 30\ncloses = ["t"]'),
        {"first_t.s": NEVER, "outcome": "abandoned", "time": 30.0},
    ),
    Case(
        "a track at the table is abandoned when its attempt has failed",
        track("t", f'name = "s"\nduration = 10\n{FAIL}[{{ name = "no", delay = 5 }}]')
        + strategy('held = 3\ncloses = ["t"]'),
        {"n_no": 1, "outcome": "abandoned", "time": 10.0},
    ),
    Case(
        "a track at the table is abandoned when its attempt has succeeded",
        track("t", 'name = "s"\nduration = 10', 'name = "u"\nduration = 10')
        + strategy('held = 3\ncloses = ["t"]'),
        {"first_t.s": 10.0, "first_t.u": NEVER, "outcome": "abandoned", "time": 10.0},
    ),
    Case(
        "a track at the table is abandoned when its attempt is broken",
        T + BROKEN + strategy('held = 3\ncloses = ["t"]'),
        {"n_k_breaks": 1, "outcome": "abandoned", "time": 5.0},
    ),
    Case(
        "a closed track at the table that completes is completed, and may be reopened",
        track("t", 'name = "s"\nduration = 10', 'name = "u"\nduration = 10')
        + track("v", 'name = "s"\nduration = 1\nneeds = ["x"]')
        + X + shock("again", 'day 25; reopens = [{ track = "t", stage = "s" }]; raises = ["x"]')
        + shock("y", 'on = 2019-02-20; raises = ["goal"]; when = ["t.u"]')
        + strategy('held = 13\ncloses = ["t"]'),
        {"first_t.u": 20.0, "first_goal": 50.0, "outcome": "goal"},
    ),
    Case(
        "opening a track at the table revokes its closing",
        track("t", 'name = "s"\nduration = 10', 'name = "u"\nduration = 10')
        + strategy('held = 3\ncloses = ["t"]', 'held = 4\nopens = ["t"]'),
        {"first_t.u": 20.0},
    ),
    Case(
        "an abandoned track may not be opened",
        T + BROKEN + strategy('held = 30\ncloses = ["t"]', 'held = 31\nopens = ["t"]'),
        {"first_t.s": NEVER, "outcome": "abandoned", "time": 30.0},
    ),
    Case(
        "a rule ends delays, reopens, and does so after its effects on conditions",
        X + T + BROKEN
        + strategy('held = 30\nresumes = ["t"]',
                   'held = 50\nreopens = [{ track = "t", stage = "s" }]',
                   'when = ["!t.s"]\nheld = 45'),
        {"first_t.s": 40.0, "first_rule.r1": 50.0, "first_rule.r2": NEVER},
    ),
    Case(
        "a rule is an event of its own, with a settle",
        X + track("t", 'name = "s"\nduration = 0\nneeds = ["x"]\nclears = ["x"]')
        + strategy('held = 5\nraises = ["x"]', 'held = 5\nlowers = ["x"]'),
        {"first_t.s": 5.0},
    ),
    Case(
        "a rule may bring ruin, and completes its effects",
        X + strategy('held = 5\nraises = ["ruin", "x"]'),
        {"outcome": "ruin", "time": 5.0, "first_x": 5.0},
    ),
    Case(
        "a rule that is due at the horizon does not fire",
        X + strategy("held = 100", "held = 99"),
        {"first_rule.r0": NEVER, "first_rule.r1": 99.0},
    ),
    Case(
        "a rule counts failures",
        REBUFFED + strategy('when = ["t.s.failures>=2"]\nheld = 4'),
        {"first_rule.r0": 29.0},
    ),
]  # fmt: skip

DONE = [
    Case(
        "a track begins after the stages that are done",
        track("t", 'name = "s"\nduration = 10\nraises = ["x"]', 'name = "u"\nduration = 10')
        + X + strategy(own='done = ["t.s"]'),
        {"first_t.s": 0.0, "first_t.u": 10.0, "first_x": NEVER},
    ),
    Case(
        "what a strategy says to be done stands in place of the scenario",
        'done = ["t.s"]\n' + track("t", 'name = "s"\nduration = 10', 'name = "u"\nduration = 10')
        + strategy(own="done = []"),
        {"first_t.s": 10.0, "first_t.u": 20.0},
    ),
    Case(
        "others see on day 0 what is done",
        'done = ["t.s"]\n' + track("t", 'name = "s"\nduration = 10', 'name = "u"\nduration = 10')
        + track("v", 'name = "s"\nduration = 5\nneeds = ["t.s"]'),
        {"first_v.s": 5.0},
    ),
    Case(
        "a track whose stages are all done is completed, and may be reopened",
        'done = ["t.s"]\n' + T + shock("k", 'day 20; reopens = [{ track = "t", stage = "s" }]')
        + shock("k2", 'day 25; raises = ["goal"]; when = ["!t.s"]')
        + track("v", 'name = "s"\nduration = 1',
                'name = "u"\nduration = 1\nneeds = ["goal", "t.s"]'),
        {"first_t.s": 0.0, "first_goal": 25.0, "first_v.u": 31.0},
    ),
    Case(
        "a track on which something is done has begun: its start rule is not asked",
        X + track("t", 'name = "s"\nduration = 10', 'name = "u"\nduration = 10')
        + strategy(own='done = ["t.s"]\nstarts = { t = ["x"] }'),
        {"first_t.u": 10.0},
    ),
    Case(
        "a setback may lead back to a stage that is done",
        X + track("t", 'name = "s"\nduration = 10', f'name = "u"\nduration = 10\n{FAIL}'
                  '[{ name = "no", delay = 5, resume = "s", raises = ["x"] }]')
        + shock("k", 'day 16; raises = ["goal"]; when = ["!t.s"]')
        + strategy(own='done = ["t.s"]'),
        {"n_no": 4, "first_goal": 16.0},
    ),
]  # fmt: skip

CASES = [*FAILURES, *RESUMES, *RULES, *DONE]
