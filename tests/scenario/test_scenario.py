"""Scenario files: what is read, what is invalid and with which messages.

``python tests/scenario/test_scenario.py`` writes the JSON Schema that ships, from the readers.
"""

from __future__ import annotations

import json
import math
import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.cli.commands import main
from sim.errors import ScenarioError
from sim.scenario import scenario as sc
from sim.scenario.quantities import Duration, Range

CORPUS = Path(__file__).parents[1] / "corpus"
VALID = sorted((CORPUS / "valid").glob("*.toml"))
INVALID = sorted((CORPUS / "invalid").glob("*.toml"))
INVALID_STRATEGIES = sorted((CORPUS / "strategies_invalid").glob("*.toml"))
SCHEMA = Path(sc.__file__).parents[1] / "schema" / "scenario.json"
TWO = CORPUS / "valid" / "two_tracks.toml"


def named(path: Path) -> str:
    return path.stem


# -- the corpus -----------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    assert len(VALID) >= 15 and len(INVALID) >= 50


@pytest.mark.parametrize("path", VALID, ids=named)
def test_a_valid_file_loads_tells_itself_and_runs(path: Path) -> None:
    issues, _, _ = sim.check(path)
    assert issues == ()
    scenario = sim.load(path)
    text = scenario.describe()
    for name in [*scenario.tracks, *scenario.shocks, *scenario.conditions, *scenario.strategies]:
        assert name in text, name
    for stage in scenario.stages.values():
        assert f". {stage.name}" in text, stage.name
    for strategy in scenario.strategies:
        assert strategy in scenario.describe(strategy)
    frame = sim.run(scenario, None, 20).frame
    assert len(frame) == 20 * max(1, len(scenario.strategies))


@pytest.mark.parametrize("path", VALID, ids=named)
def test_the_text_of_a_scenario_is_the_scenario(path: Path) -> None:
    scenario = sim.load(path)
    again = sim.loads(scenario.text, path.name)
    assert again.hash == scenario.hash
    assert again == scenario
    assert list(again.parameters()) == list(scenario.parameters())


def test_the_valid_files_use_every_key_of_the_format() -> None:
    used: set[str] = set()
    text: set[str] = set()
    layer: list[Any] = [tomllib.loads(path.read_text(encoding="utf-8")) for path in VALID]
    while layer:
        used |= {key for one in layer if isinstance(one, dict) for key in one}
        layer = [below for one in layer for below in inside(one)]
    layer = [sc.schema()]
    while layer:
        text |= {key for one in layer if isinstance(one, dict) for key in one.get("properties", ())}
        layer = [below for one in layer for below in inside(one)]
    assert {"stages", "fades", "p10", "as", "extends"} < text <= used


def inside(value: Any) -> list[Any]:
    """The values of a table, the entries of a list."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def expected_of(path: Path) -> list[str]:
    """The issues that a file announces in its first lines."""
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line[len("# expect: ") :] for line in lines if line.startswith("# expect: ")]
    assert expected
    return expected


@pytest.mark.parametrize("path", INVALID, ids=named)
def test_every_issue_of_an_invalid_file_is_reported_with_its_place(path: Path) -> None:
    expected = expected_of(path)
    issues, warnings, notes = sim.check(path)
    assert [f"{issue.place}: {issue.message}" for issue in issues] == expected
    assert (warnings, notes) == ((), ())
    assert all(Path(issue.file) == path or issue.file == path.name for issue in issues)
    with pytest.raises(ScenarioError) as error:
        sim.load(path)
    assert error.value.issues == issues


@pytest.mark.parametrize("path", INVALID_STRATEGIES, ids=named)
def test_a_file_of_strategies_is_refused_in_the_same_way(path: Path) -> None:
    issues, warnings, notes = sim.check(TWO, [path])
    text = [f"{f.place}: {f.message}".replace(f"{TWO.parent}{os.sep}", "") for f in issues]
    assert text == expected_of(path)
    assert {issue.file for issue in issues} == {str(path)}
    assert (warnings, notes) == ((), ())


def test_every_message_says_what_is_allowed() -> None:
    words = ("allowed:", "needed:", " has:", "not TOML", "extends in a circle")
    for path in [*INVALID, *INVALID_STRATEGIES]:
        for expected in expected_of(path):
            assert any(word in expected for word in words), expected
            assert "allowed: none" not in expected or "as there are no" in expected, expected


def test_a_command_prints_every_issue_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    path = CORPUS / "invalid" / "many_at_once.toml"
    assert main(["check", str(TWO), str(path)]) == 2
    text = capsys.readouterr()
    assert text.err.splitlines() == [f"{path}: {expected}" for expected in expected_of(path)]
    assert f"{TWO}: is valid" in text.out


def test_an_empty_file_lacks_everything(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_bytes(b"")
    issues, _, _ = sim.check(tmp_path / "empty.toml")
    assert [issue.place for issue in issues] == ["title", "start", "horizon", "goal", "conditions"]


# -- the schema -----------------------------------------------------------------------------------


def schema_text() -> str:
    return json.dumps(sc.schema(), indent=1, sort_keys=True) + "\n"


def test_the_schema_that_ships_is_that_of_the_readers() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()


def plain(value: Any) -> Any:
    """A TOML document as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value if isinstance(value, bool | int | float | str) else value.isoformat()


def fits(value: Any, schema: Any, root: Any) -> bool:
    """Whether a value fits a schema; those words of JSON Schema that ours uses."""
    if "$ref" in schema:
        at = root
        for key in schema["$ref"].removeprefix("#/").split("/"):
            at = at[key]
        rest = {k: v for k, v in schema.items() if k != "$ref"}
        return fits(value, at, root) and fits(value, rest, root)
    if "anyOf" in schema and not any(fits(value, one, root) for one in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(value, one, root) for one in schema["oneOf"]) != 1:
        return False
    if any(not fits(value, one, root) for one in schema.get("allOf", ())):
        return False
    if "not" in schema and fits(value, schema["not"], root):
        return False
    if "if" in schema:
        chosen = schema.get("then" if fits(value, schema["if"], root) else "else", {})
        if not fits(value, chosen, root):
            return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool}
    kind = schema.get("type")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind in kinds and not isinstance(value, kinds[kind]):
        return False
    if kind in ("number", "integer") and not number:
        return False
    if kind == "integer" and value != int(value):
        return False
    if number and not (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and schema.get("exclusiveMinimum", -math.inf) < value
    ):
        return False
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return False
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return False
        if schema.get("uniqueItems") and any(entry in value[:i] for i, entry in enumerate(value)):
            return False
        return all(fits(entry, schema.get("items", {}), root) for entry in value)
    if isinstance(value, dict):
        if any(key not in value for key in schema.get("required", ())):
            return False
        for key, entry in value.items():
            if not fits(key, schema.get("propertyNames", {}), root):
                return False
            of_key = [schema["properties"][key]] if key in schema.get("properties", {}) else []
            of_key += [
                one for pattern, one in schema.get("patternProperties", {}).items()
                if re.search(pattern, key)
            ]  # fmt: skip
            other = schema.get("additionalProperties", {})
            if not of_key and other is False:
                return False
            of_key = of_key or [other]
            if not all(fits(entry, one, root) for one in of_key):
                return False
    return True


def is_json(value: Any) -> bool:
    """Whether a document can be written as JSON, which knows no infinity."""
    if isinstance(value, float):
        return math.isfinite(value)
    return all(is_json(one) for one in inside(value))


@pytest.mark.parametrize("path", [*VALID, sc.find("korea-2017")], ids=named)
def test_valid_files_fit_the_schema(path: Path) -> None:
    schema = sc.schema()
    assert fits(plain(tomllib.loads(path.read_text(encoding="utf-8"))), schema, schema)


def shaped() -> list[tuple[Path, Any]]:
    """The invalid files which are TOML, as JSON has them."""
    found = []
    for path in INVALID:
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError:
            continue
        if is_json(document):
            found.append((path, plain(document)))
    return found


def test_the_schema_knows_the_shape_of_a_file_and_not_what_it_means() -> None:
    """A file of the wrong shape has a line ``# schema: invalid``."""
    schema = sc.schema()
    for path, document in shaped():
        invalid = "\n# schema: invalid\n" in path.read_text(encoding="utf-8")
        assert fits(document, schema, schema) is not invalid, path.name


def test_the_schema_is_one_to_others() -> None:
    """The checks by hand agree with a package for JSON Schema, where there is one."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = sc.schema()
    validator.check_schema(schema)
    documents = [plain(tomllib.loads(path.read_text(encoding="utf-8"))) for path in VALID]
    for document in [*documents, *(document for _, document in shaped())]:
        assert validator(schema).is_valid(document) is fits(document, schema, schema)


# -- asking and changing --------------------------------------------------------------------------


def test_names_of_numbers_follow_the_file() -> None:
    names = sim.load("korea-2017").parameters()
    for name in (
        "delegations.DPRK", "us_dprk.contact.success", "us_dprk.contact.duration.p50",
        "missile_test.rate", "crisis.fades.mean",
    ):  # fmt: skip
        assert name in names, name
    assert any(name.startswith("influences.") and name.endswith(".odds") for name in names)
    assert any(".breaks." in name and name.endswith(".probability") for name in names)
    assert any(name.endswith(".weight") for name in names)


def test_an_override_is_a_new_scenario() -> None:
    scenario = sim.load("korea-2017")
    other = scenario.override({"us_dprk.contact.success": 0.9, "missile_test.rate": 3})
    assert isinstance(scenario.parameters()["us_dprk.contact.success"], Range)
    assert other.parameters()["us_dprk.contact.success"] == 0.9
    assert "missile_test.rate" not in other.ranges() and "missile_test.rate" in scenario.ranges()
    assert other.hash != scenario.hash
    assert scenario.override({}) is scenario


def test_a_moved_number_stays_a_range_with_its_ends_and_its_correlations() -> None:
    scenario = sim.load(CORPUS / "valid" / "correlated.toml")
    for name, old in scenario.ranges().items():
        moved = scenario.with_base_values({name: old.high})
        assert moved.ranges() == scenario.ranges() | {name: replace(old, likely=old.high)}
        assert moved.correlations == scenario.correlations
    korea = sim.load("korea-2017")
    plain = {"spring_exercise.probability": 0.5}
    assert korea.with_base_values(plain).parameters() == korea.parameters() | plain
    assert korea.with_base_values({}) is korea


def test_a_move_reaches_the_strategies_that_leave_the_number_open() -> None:
    scenario = (
        sim.load("korea-2017")
        .strategy("proposal")
        .with_base_values({"us_dprk.contact.success": 0.4})
    )
    assert scenario.ranges()["us_dprk.contact.success"].likely == 0.4
    assert scenario.strategy("pressure").ranges()["us_dprk.contact.success"].likely == 0.4


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"us_dprk.contact.succes": 0.1}, 'did you mean "us_dprk.contact.success"'),
        ({"us_dprk.contact.success": 0.99}, "parameters.*0.99; allowed: 0.* to 0"),
        ({"delegations.US": 2.5}, "a whole number"),
    ],
)
def test_impossible_moves(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        sim.load("korea-2017").with_base_values(values)


def test_a_strategy_is_a_new_scenario_and_an_earlier_choice_is_undone() -> None:
    scenario = sim.load(CORPUS / "valid" / "orders.toml")
    rules = scenario.strategy("rules")
    assert rules.parameters()["one.go.success"] == 0.9
    assert scenario.parameters()["one.go.success"] == 0.5
    assert rules.chosen.name == "rules" and scenario.chosen.name == "default"
    again = rules.override({"two.go.success": 0.1}).strategy("groups")
    assert (
        again.parameters()["one.go.success"] == 0.5 and again.parameters()["two.go.success"] == 0.1
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"us_dprk.contact.succes": 0.1}, 'did you mean "us_dprk.contact.success"'),
        ({"us_dprk.contact.success": 1.1}, "from 0 to 1"),
        ({"us_dprk.contact.success": float("nan")}, "no finite number"),
        ({"us_dprk.contact.success": "much"}, "a number"),
        ({"us_dprk.contact.duration.p50": 1e9}, "p50"),
    ],
)
def test_impossible_overrides(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        sim.load("korea-2017").override(values)


def test_unknown_names() -> None:
    with pytest.raises(ScenarioError, match='did you mean "proposal"'):
        sim.load("korea-2017").strategy("propsal")
    with pytest.raises(ScenarioError, match="korea-2017"):
        sim.load("korea-2018")


def test_strategies_in_a_file_of_their_own() -> None:
    scenario = sim.load(TWO, [CORPUS / "strategies" / "late.toml"])
    assert "late" in scenario.strategies and "direct" in scenario.strategies
    assert sim.load(TWO).hash != scenario.hash
    with pytest.raises(ScenarioError, match="strategies"):
        sim.load(TWO, [TWO])


def test_extending_merges_tables_by_key_and_lists_of_named_tables_by_name() -> None:
    base = sim.load(CORPUS / "valid" / "orders.toml")
    longer = sim.load(CORPUS / "valid" / "extending.toml")
    assert longer.title == "Orders, extended" and longer.start == base.start
    assert set(longer.conditions) == {*base.conditions, "war"}
    sign = longer.tracks["talks"].stages[0]
    assert sign.duration.params[""] == 60 and sign.raises == ("deal",)
    assert [stage.name for stage in longer.tracks["one"].stages] == ["go", "more"]
    assert set(longer.strategies) == {*base.strategies, "late"}


def test_extending_a_law_changes_its_keys_or_replaces_it_by_another(tmp_path: Path) -> None:
    pert, mean = "{ min = 1, mode = 3, max = 9 }", "{ mean = 9 }"
    for old, new, merged in (
        (pert, "{ min = 2, max = 8 }", {"min": 2, "mode": 3, "max": 8}),
        ("{ min = 2, max = 8 }", pert, {"min": 1, "mode": 3, "max": 9}),
        (pert, "{ mode = 4 }", {"min": 1, "mode": 4, "max": 9}),
        (pert, mean, {"mean": 9}),
        (mean, "{ median = 5, sigma = 1 }", {"median": 5, "sigma": 1}),
    ):
        (tmp_path / "base.toml").write_text(f"{TWO.read_text()}[conditions.mood]\nfades = {old}\n")
        more = tmp_path / "more.toml"
        more.write_text(f'extends = "base.toml"\n[conditions.mood]\nfades = {new}\n')
        fades = sim.load(more).conditions["mood"].fades
        assert fades is not None and fades.params == merged


def test_an_issue_of_an_extended_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(TWO.read_text().replace("success = 0.4", "success = 4"))
    (tmp_path / "more.toml").write_text('extends = "base.toml"\nhorizon = 30\n')
    issues, _, _ = sim.check(tmp_path / "more.toml")
    assert [issue.file.split("/")[-1] for issue in issues] == ["base.toml"]


def test_all_forms_of_numbers() -> None:
    scenario = sim.load(CORPUS / "valid" / "every_duration.toml")
    families = [stage.duration.family for stage in scenario.tracks["talks"].stages]
    assert families[:-1] == [
        "fixed", "fixed", "fixed", "exponential", "lognormal", "weibull", "uniform", "pert",
        "quantiles", "values", "fixed", "exponential",
    ]  # fmt: skip
    assert isinstance(scenario.tracks["talks"].stages[10].duration, Duration)
    assert isinstance(scenario.tracks["talks"].stages[10].duration.params[""], Range)


# -- lint -----------------------------------------------------------------------------------------

DOUBTFUL = """
title = "Doubtful"
start = 2019-01-01
horizon = 300
goal = "deal"
[delegations]
East = 1
[conditions]
deal = { }
idle = { max = 2 }
heat = { max = 3, fades = { mean = 45 } }
noise = { }
[tracks.talks]
source = "judgement: for a test"
[[tracks.talks.stages]]
name = "meet"
duration = { low = 5, likely = 9, high = 30 }
success = 1
needs = ["idle>=3"]
window = [ { from = 2010-01-01, to = 2010-02-01 } ]
[[tracks.talks.stages]]
name = "sign"
duration = 5
success = 1
raises = ["deal", "noise"]
[tracks.other]
source = "counted for a test"
[[tracks.other.stages]]
name = "go"
duration = 5
success = 0.5
setbacks = [ { name = "no", delay = 1, resume = "abandon" } ]
[shocks.spark]
rate = 12
raises = ["heat"]
[shocks.past]
on = [2010-01-01, 2031-01-01]
[[influences]]
name = "fire"
of = "heat"
on = "spark"
rate = { low = 2, likely = 3, high = 4 }
source = "judgement: for a test"
[[influences]]
of = "deal"
on = "past*"
rate = 2
[strategies.s]
order = [["talks"], ["other"]]
never = ["talks"]
[strategies.t]
order = [["other"], ["talks"]]
[strategies.u]
starts = { other = ["heat"] }
never = ["other"]
"""

WARNINGS = """
shocks.past.on: before the start, ignored: 2010-01-01
shocks.past.on: after the horizon, never reached: 2031-01-01
tracks.talks.stages[0].window: no window lies inside the run: the stage never starts
tracks.talks.stages[0].window[0]: ends on 2010-02-01, before the start, ignored
tracks.talks.stages[0].needs: "idle>=3" never holds: the max of idle is 2
conditions.idle: nothing ever raises it
conditions.noise: no rule or influence reads it, it is only counted
talks.meet.duration: { low, likely, high } is one fixed length that is not known exactly; \
for one that differs from time to time use { p10, p50, p90 } or { min, mode, max }
influences[1].on: "past*" matches dated shocks only, which have no rate: no effect
delegations.East: sits at the table of no track
strategies.t.order[0]: other may be abandoned: the groups behind it then never start
strategies.u.starts.other: the track is left out: its start rule is not used
strategies.s: other waits for talks.sign, but talks is left out, so it never starts
the goal deal can never be reached, whatever the strategy
strategies.t: talks waits for idle>=3, but the max of idle is 2, so it never starts
strategies.u: talks waits for idle>=3, but the max of idle is 2, so it never starts
12 of 23 numbers have no source and count as judgement: delegations.East, heat.fades.mean, \
spark.rate, influences.deal-past*.rate, start, horizon, idle.max, heat.max, ...
4 of 23 numbers count as judgement, as their source begins with none of record, comparison, op-ed, \
judgement: other.go.duration, other.go.success, other.go.no.weight, other.go.no.delay
"""

NOTES = """
conditions.heat: up to 12 raises a year by spark, and a level fades in 45 days on average: \
it would be up for 87% of the time, and at 3 for 41%
influences[0]: rate 3 once per level of heat: 27 at its max of 3 (8 to 64)
23 numbers: 21 judgement, 2 default
"""


def test_what_is_doubtful_is_said_once_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "doubtful.toml"
    path.write_text(DOUBTFUL)
    issues, warnings, notes = sim.check(path)
    assert issues == ()
    for found, text in ((warnings, WARNINGS), (notes, NOTES)):
        assert {one.file for one in found} == {str(path)}
        lines = [": ".join(part for part in (one.place, one.message) if part) for one in found]
        assert lines == text.strip().replace("\\\n", "").splitlines()


def test_notes_stay_finite(tmp_path: Path) -> None:
    path = tmp_path / "hot.toml"
    path.write_text(
        DOUBTFUL.replace("mean = 45", "mean = 1e300").replace("high = 4", "high = 1e300")
    )
    notes = "\n".join(map(str, sim.check(path)[2]))
    assert "up for 100% of the time, and at 3 for 100%" in notes and "8 to about 1e+900" in notes
    assert (
        "1e+900" not in sim.load(path).describe()
        and "by 27 at level 3" in sim.load(path).describe()
    )


def test_one_clock_saturates_as_a_queue_does() -> None:
    from sim.scenario.linting import level_shares

    assert level_shares(12 * 45 / 365.25, 1)[0] == pytest.approx(1 / (1 + 12 * 45 / 365.25))
    shares = level_shares(12 * 45 / 365.25, 100)
    assert sum(shares) == pytest.approx(1) and shares[-1] > 0.3
    notes = "\n".join(map(str, sim.check("korea-2017")[2]))
    assert "% of the time" in notes and "judgement" in notes


def test_a_description_tells_every_number_once() -> None:
    text = sim.load("korea-2017").describe("proposal")
    for words in ("us_dprk", "contact", "multiplies the odds", "Strategy proposal", "19 September"):
        assert words in text, words
    assert max(map(len, text.splitlines())) <= 100


if __name__ == "__main__":
    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(schema_text(), encoding="utf-8")


def test_alternatives_are_read_as_they_are_written() -> None:
    rule = '[["moratorium", "!war", "crisis>=2"], "!freeze"]'
    text = f"""
title = "Alternatives"
start = 2020-01-01
horizon = 100
goal = "freeze"
conditions = {{ freeze = {{}}, war = {{}}, moratorium = {{}}, crisis = {{ max = 2 }} }}
[[tracks.talks.stages]]
name = "deal"
duration = 5
success = 0.5
needs = {rule}
raises = ["freeze"]
setbacks = [ {{ name = "no", delay = 1 }}, {{ name = "never", delay = 1, when = {rule} }} ]
[shocks.quarrel]
rate = 1
when = {rule}
raises = ["crisis", "war", "moratorium"]
[strategies.quick]
starts = {{ talks = {rule} }}
[[strategies.quick.rules]]
name = "late"
when = {rule}
raises = ["moratorium"]
"""
    one = sim.loads(text)
    assert one.text.count(rule) == 5 and sim.loads(one.text).text == one.text
    words = "with moratorium, without war or with crisis at 2 or more, and without freeze"
    assert words in " ".join(one.describe().split())
