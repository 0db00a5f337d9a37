"""Scenario files: what is read, what is refused and in which words, and what can be asked.

``python tests/test_scenario.py`` writes the JSON Schema that ships, from the readers.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

import sim
from sim import scenario as sc
from sim.numbers import Duration, Range
from sim.scenario import ScenarioError

CORPUS = Path(__file__).parent / "corpus"
VALID = sorted((CORPUS / "valid").glob("*.toml"))
INVALID = sorted((CORPUS / "invalid").glob("*.toml"))
SCHEMA = Path(sc.__file__).parent / "schema" / "scenario.json"
TWO = CORPUS / "valid" / "two_tracks.toml"


def named(path: Path) -> str:
    return path.stem


# -- the corpus -----------------------------------------------------------------------------------


def test_the_corpus_is_large_enough() -> None:
    assert len(VALID) >= 15 and len(INVALID) >= 50


@pytest.mark.parametrize("path", VALID, ids=named)
def test_a_valid_file_loads_tells_itself_and_runs(path: Path) -> None:
    faults, _, _ = sim.check(path)
    assert faults == ()
    scenario = sim.load(path)
    told = scenario.describe()
    for name in [*scenario.tracks, *scenario.shocks, *scenario.conditions, *scenario.strategies]:
        assert name in told, name
    for strategy in scenario.strategies:
        assert strategy in scenario.describe(strategy)
    frame = sim.run(scenario, None, 5).frame
    assert len(frame) == 5 * max(1, len(scenario.strategies))


@pytest.mark.parametrize("path", VALID, ids=named)
def test_the_text_of_a_scenario_is_the_scenario(path: Path) -> None:
    scenario = sim.load(path)
    again = sim.loads(scenario.text, path.name)
    assert again.hash == scenario.hash
    assert again == scenario
    assert list(again.numbers()) == list(scenario.numbers())


@pytest.mark.parametrize("path", INVALID, ids=named)
def test_an_invalid_file_is_refused_with_every_fault_and_its_place(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line[len("# expect: ") :] for line in lines if line.startswith("# expect: ")]
    assert expected
    faults, warnings, facts = sim.check(path)
    assert [f"{fault.place}: {fault.message}" for fault in faults] == expected
    assert (warnings, facts) == ((), ())
    assert all(Path(fault.file) == path or fault.file == path.name for fault in faults)
    with pytest.raises(ScenarioError) as error:
        sim.load(path)
    assert error.value.faults == faults


def test_every_message_says_what_is_allowed() -> None:
    for path in INVALID:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("# expect: "):
                words = ("allowed:", "needed:", "has:", "not TOML", "extends in a circle")
                assert any(word in line for word in words), line


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
    import re

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
        and schema.get("exclusiveMinimum", value - 1) < value
    ):
        return False
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return False
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
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


@pytest.mark.parametrize("path", [*VALID, sc.find("korea-2017")], ids=named)
def test_valid_files_fit_the_schema(path: Path) -> None:
    schema = sc.schema()
    assert fits(plain(tomllib.loads(path.read_text(encoding="utf-8"))), schema, schema)


@pytest.mark.parametrize(
    "name",
    ["unknown_key", "missing_title", "max_too_high", "success_above_one", "success_is_text",
     "duration_unknown_law", "delay_missing", "tracks_is_a_list", "capital_name",
     "influence_no_ratio", "shock_without_timing", "window_not_a_list", "delegation_below_one"],
)  # fmt: skip
def test_the_schema_knows_the_shape_of_a_file(name: str) -> None:
    schema = sc.schema()
    text = (CORPUS / "invalid" / f"{name}.toml").read_text(encoding="utf-8")
    assert not fits(plain(tomllib.loads(text)), schema, schema)


# -- asking and changing --------------------------------------------------------------------------


def test_names_of_numbers_follow_the_file() -> None:
    names = sim.load("korea-2017").numbers()
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
    assert isinstance(scenario.numbers()["us_dprk.contact.success"], Range)
    assert other.numbers()["us_dprk.contact.success"] == 0.9
    assert "missile_test.rate" not in other.ranges() and "missile_test.rate" in scenario.ranges()
    assert other.hash != scenario.hash
    assert scenario.override({}) is scenario


def test_a_strategy_is_a_new_scenario_and_an_earlier_choice_is_undone() -> None:
    scenario = sim.load(CORPUS / "valid" / "orders.toml")
    rules = scenario.strategy("rules")
    assert rules.numbers()["one.go.success"] == 0.9
    assert scenario.numbers()["one.go.success"] == 0.5
    assert rules.chosen.name == "rules" and scenario.chosen.name == "default"
    again = rules.override({"two.go.success": 0.1}).strategy("groups")
    assert again.numbers()["one.go.success"] == 0.5 and again.numbers()["two.go.success"] == 0.1


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


def test_a_fault_of_a_file_that_is_extended_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(TWO.read_text().replace("success = 0.4", "success = 4"))
    (tmp_path / "more.toml").write_text('extends = "base.toml"\nhorizon = 30\n')
    faults, _, _ = sim.check(tmp_path / "more.toml")
    assert [fault.file.split("/")[-1] for fault in faults] == ["base.toml"]


def test_all_forms_of_numbers() -> None:
    scenario = sim.load(CORPUS / "valid" / "every_duration.toml")
    families = [stage.duration.family for stage in scenario.tracks["talks"].stages]
    assert families[:-1] == [
        "fixed", "fixed", "fixed", "exponential", "lognormal", "weibull", "uniform", "pert",
        "quantiles", "values", "fixed", "exponential",
    ]  # fmt: skip
    assert isinstance(scenario.tracks["talks"].stages[10].duration, Duration)
    assert isinstance(scenario.tracks["talks"].stages[10].duration.params[""], Range)


# -- advice ---------------------------------------------------------------------------------------

DOUBTFUL = """
title = "Doubtful"
start = 2019-01-01
horizon = 300
goal = "deal"
[conditions]
deal = { }
idle = { max = 2 }
heat = { max = 3, fades = { mean = 45 } }
[tracks.talks]
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
raises = ["deal"]
[tracks.other]
[[tracks.other.stages]]
name = "go"
duration = 5
success = 1
[shocks.spark]
rate = 12
raises = ["heat"]
[shocks.past]
on = [2010-01-01, 2031-01-01]
[[influences]]
of = "heat"
on = "spark"
rate = 3
[strategies.s]
order = [["talks"], ["other"]]
never = ["talks"]
"""


def test_what_is_doubtful_is_said(tmp_path: Path) -> None:
    path = tmp_path / "doubtful.toml"
    path.write_text(DOUBTFUL)
    faults, warnings, facts = sim.check(path)
    assert faults == ()
    told = "\n".join(map(str, warnings))
    for words in (
        "before the start, ignored: 2010-01-01", "after the horizon, never reached: 2031-01-01",
        "the stage never starts", "never holds", "nothing ever raises it",
        "one fixed length that is not known exactly", "no source",
    ):  # fmt: skip
        assert words in told, words
    assert "strategies.s" in told  # a group behind a track that is left out
    known = "\n".join(map(str, facts))
    assert "12 raises a year" in known and "rate 3 once per level of heat: 27 at its max" in known


def test_one_clock_saturates_as_a_queue_does() -> None:
    from sim.advice import level_shares

    assert level_shares(12 * 45 / 365.25, 1)[0] == pytest.approx(1 / (1 + 12 * 45 / 365.25))
    shares = level_shares(12 * 45 / 365.25, 100)
    assert sum(shares) == pytest.approx(1) and shares[-1] > 0.3
    facts = "\n".join(map(str, sim.check("korea-2017")[2]))
    assert "% of the time" in facts and "judgement" in facts


def test_a_description_tells_every_number_once() -> None:
    told = sim.load("korea-2017").describe("proposal")
    for words in ("us_dprk", "contact", "multiplies the odds", "Strategy proposal", "19 September"):
        assert words in told, words
    assert max(map(len, told.splitlines())) <= 100


if __name__ == "__main__":
    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(schema_text(), encoding="utf-8")
