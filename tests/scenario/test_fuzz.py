"""Whatever a file holds, the answer is a list of issues or a scenario: never a traceback."""

from __future__ import annotations

import copy
import datetime as dt
import math
import os
import random
import string
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from effort import effort
from sim.cli.commands import main
from sim.errors import ScenarioError
from sim.experiment.results import Incomplete

VALID = sorted((Path(__file__).parents[1] / "corpus" / "valid").glob("*.toml"))
WRONG: list[Any] = [
    0, -1, 10**400, 1e308, 5e-324, math.nan, math.inf, -math.inf, True, "", "no such thing",
    "\x00 'quoted\" \\", [], [[]], [[[]]], {}, {"low": 1}, {"x": {"x": {"x": []}}},
    dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.datetime(2019, 1, 1), dt.time(1), ["a", 1, 2.5],
]  # fmt: skip


def inline(value: Any) -> str:
    """Any value as TOML, tables and all in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        shown = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value)
        return '"' + "".join(shown) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inline(str(k))} = {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return repr(value) if isinstance(value, int | float) else value.isoformat()


def toml(document: dict[str, Any]) -> str:
    return "".join(f"{inline(str(key))} = {inline(value)}\n" for key, value in document.items())


def outcome_of(text: str | bytes, tmp_path: Path) -> sim.Scenario | None:
    """The scenario of a file, or None where it is invalid."""
    path = tmp_path / "fuzz.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    issues, _, _ = sim.check(path)
    for issue in issues:
        assert len(issue.message) > 5 and "Traceback" not in issue.message
        assert len(str(issue)) < 3000
    return sim.load(path) if not issues else None


def places(document: Any, path: tuple = ()) -> Iterator[tuple]:
    entries: Any = ()
    if isinstance(document, dict):
        entries = document.items()
    elif isinstance(document, list):
        entries = enumerate(document)
    for key, entry in entries:
        yield (*path, key)
        yield from places(entry, (*path, key))


def put(document: Any, path: tuple, value: Any) -> Any:
    changed = copy.deepcopy(document)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


def survives(scenario: sim.Scenario) -> None:
    """A valid scenario is simulated, or ends with the clear error of the model."""
    assert scenario.describe()
    assert sim.loads(scenario.text).hash == scenario.hash
    try:
        sim.run(scenario, list(scenario.strategies)[:1] or None, 3, workers=1)
    except Incomplete as error:
        assert "time cannot advance" in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_wrong_values_at_every_place(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    for other in VALID:  # so that `extends` finds its files
        (tmp_path / other.name).write_bytes(other.read_bytes())
    rng = random.Random(path.stem)
    survivors = []
    for place in places(document):
        for wrong in rng.sample(WRONG, effort(2, len(WRONG))):
            scenario = outcome_of(toml(put(document, place, wrong)), tmp_path)
            if scenario is not None:
                survivors.append(scenario)
            if rng.random() < 0.05:
                assert main(["check", str(tmp_path / "fuzz.toml")]) == (0 if scenario else 2)
                printed = capsys.readouterr()
                assert (printed.out if scenario else printed.err).strip()
                assert "Traceback" not in printed.out + printed.err
    for scenario in rng.sample(survivors, min(8, len(survivors))):
        survives(scenario)


@pytest.mark.slow
@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_keys_taken_away_doubled_and_renamed(path: Path, tmp_path: Path) -> None:
    for other in VALID:
        (tmp_path / other.name).write_bytes(other.read_bytes())
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    for place in places(document):
        changed = copy.deepcopy(document)
        at = changed
        for key in place[:-1]:
            at = at[key]
        value = at.pop(place[-1])
        outcome_of(toml(changed), tmp_path)
        if isinstance(at, list):
            at += [value, value]
        else:
            at[f"{place[-1]}s"] = value
        outcome_of(toml(changed), tmp_path)


@given(st.binary(max_size=300))
def test_random_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert outcome_of(content, tmp_path_factory.mktemp("bytes")) is None


KEYS = st.sampled_from(
    ["title", "start", "horizon", "goal", "ruin", "conditions", "tracks", "stages", "shocks", "of",
     "name", "duration", "success", "setbacks", "rate", "influences", "strategies", "extends", "a",
     "delegations", "on", "when", "needs", "window", "from", "to", "low", "likely", "high", "max"]
) | st.text(string.ascii_letters + " .-", max_size=8)  # fmt: skip
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=9)
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_random_toml(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    outcome_of(toml(document), tmp_path_factory.mktemp("toml"))


@given(st.randoms(use_true_random=False))
def test_torn_files(tmp_path_factory: pytest.TempPathFactory, rng: random.Random) -> None:
    text = rng.choice(VALID).read_text(encoding="utf-8")
    for _ in range(rng.randint(1, 4)):
        a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        piece = rng.choice([text[a:b], "", "=", "[", '"', "[[x]]\n", "\n", "1e999", "é"])
        text = text[:a] + piece + (text[b:] if rng.random() < 0.5 else text[a:])
    outcome_of(text, tmp_path_factory.mktemp("torn"))


# -- files that are none --------------------------------------------------------------------------


def rejected(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.strip() and "Traceback" not in printed.err
    return printed.err


@pytest.mark.parametrize("command", ["run", "compare", "trace", "check"])
def test_what_is_no_file(command: str, tmp_path: Path, capsys) -> None:
    assert "allowed" in rejected([command, str(tmp_path / "none.toml")], capsys)
    assert "directory" in rejected([command, str(tmp_path)], capsys)
    latin = tmp_path / "latin.toml"
    latin.write_bytes('title = "Entspannung für alle"'.encode("latin-1"))
    assert "UTF-8" in rejected([command, str(latin)], capsys)
    assert rejected([command, "korea-2107"], capsys)
    assert rejected([command, "a\x00b"], capsys)
    assert rejected([command, "x" * 5000], capsys)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path, capsys) -> None:
    path = tmp_path / "secret.toml"
    path.write_bytes(VALID[0].read_bytes())
    path.chmod(0)
    assert "ermission" in rejected(["check", str(path)], capsys)


def test_names_that_stand_twice(tmp_path: Path) -> None:
    text = VALID[0].read_text(encoding="utf-8")
    with pytest.raises(ScenarioError, match="not TOML"):
        sim.loads(text + '\ntitle = "again"\ntitle = "again"\n')


def test_depth_has_a_limit(tmp_path: Path) -> None:
    assert outcome_of("a = " + "[" * 100_000 + "]" * 100_000, tmp_path) is None
    assert outcome_of("a" + ".a" * 50_000 + " = 1", tmp_path) is None
    assert outcome_of("x = " + "9" * 100_000, tmp_path) is None


TWO = (Path(__file__).parents[1] / "corpus" / "valid" / "two_tracks.toml").read_text(
    encoding="utf-8"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('on = "talks.*"', f'on = "{"*a" * 5000}"'),
        ('on = "talks.*"', f'on = "{"*t" * 9}*{"*" * 50_000}"'),
        ('"US", "DPRK"', ", ".join(f'"{"A" * i}"' for i in range(2000))),
        ('holds = ["dialogue"]', "holds = [" + '"dialogue", ' * 50_000 + "]"),
        ('needs = ["!war"]', "needs = [" + '"wra", ' * 50_000 + "]"),
        ('raises = ["freeze"]', "raises = [" + '"freeze", ' * 50_000 + "]"),
        ('title = "', f'title = "{"x" * 10**6}'),
        ("rate = 0.35", f"rate = 0.{'3' * 10**6}"),
    ],
    ids=lambda value: value[:12],
)
def test_large_files_are_read_in_reasonable_time(old: str, new: str, tmp_path: Path) -> None:
    assert TWO.count(old) == 1
    began = time.process_time()
    outcome_of(TWO.replace(old, new), tmp_path)
    assert time.process_time() - began < 10  # of a processor, however busy it is


@pytest.mark.parametrize(
    "name", [".", "..", "/", "~", "x" * 5000, "a/b/c", "two_tracks.toml/x", "\\u0000", "loop.toml"]
)
def test_what_cannot_be_extended(name: str, tmp_path: Path) -> None:
    if os.name == "posix":
        (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "more.toml").write_text(f'extends = "{name}"\n')
    issues, _, _ = sim.check(tmp_path / "more.toml")
    assert [issue.place for issue in issues] == ["extends"]
    assert "allowed: a path, or a catalog name" in issues[0].message


def test_a_long_circle_of_files(tmp_path: Path) -> None:
    for i in range(30):
        (tmp_path / f"{i}.toml").write_text(f'extends = "{(i + 1) % 30}.toml"\n')
    issues, _, _ = sim.check(tmp_path / "0.toml")
    assert len(issues) == 1 and "0.toml -> 1.toml -> 2.toml" in issues[0].message
    assert issues[0].file.endswith("29.toml")


CIRCLE = """
title = "Circle"
start = 2019-01-01
horizon = 10
goal = "goal"
[conditions]
goal = {}
[tracks.a]
[[tracks.a.stages]]
name = "s"
duration = 0
success = 1
reopens = [ { track = "b", stage = "s" } ]
[tracks.b]
[[tracks.b.stages]]
name = "s"
duration = 0
success = 1
reopens = [ { track = "a", stage = "s" } ]
"""


BACK = """
title = "Back and forth"
start = 2019-01-01
horizon = 10
goal = "goal"
[conditions]
goal = {}
[tracks.a]
[[tracks.a.stages]]
name = "s"
duration = 0
success = 1
[[tracks.a.stages]]
name = "t"
duration = 0
success = 0.00001
setbacks = [ { name = "back", delay = 0, resume = "s" } ]
[tracks.b]
[[tracks.b.stages]]
name = "s"
duration = 1
success = 1
"""


@pytest.mark.parametrize(("text", "tracks"), [(CIRCLE, "ab"), (BACK, "a")], ids=["circle", "back"])
@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_time_that_cannot_advance_is_reported_and_not_waited_for(
    engine: str, text: str, tracks: str, tmp_path: Path, capsys
) -> None:
    path = tmp_path / "circle.toml"
    path.write_text(text)
    command = ["run", str(path), "--engine", engine, "--replications", "3", "--workers", "1"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 1
    printed = capsys.readouterr().err
    assert "time cannot advance" in printed and "Traceback" not in printed
    assert [name for name in "ab" if f"track {name}" in printed] == list(tracks)
