"""The register: every number has a status, and the record gives what the catalog says it does."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.cli import commands
from sim.evidence import assumptions
from sim.evidence.korea import statistics as korea
from sim.reporting import stress_des
from sim.scenario.quantities import Range
from sim.scenario.register import STATUSES, declared

CATALOG = sim.catalog()
CORPUS = Path(__file__).parents[1] / "corpus" / "valid"
KOREA = sim.load("korea-2017")


@pytest.fixture(scope="module", params=CATALOG)
def scenario(request: pytest.FixtureRequest) -> sim.Scenario:
    return sim.load(request.param)


def test_every_number_has_a_status_a_unit_and_a_reason(scenario: sim.Scenario) -> None:
    table = assumptions.register(scenario)
    assert table["status"].isin([*STATUSES, "default"]).all()
    given = table[table["status"] != "default"]
    assert given.loc[given["source"].str.len() < len("judgement: years"), "name"].tolist() == []
    assert table["unit"].str.len().gt(0).all()
    assert table["name"].is_unique
    assert set(scenario.parameters()) <= set(table["name"])


def test_what_the_catalog_calls_record_the_tables_give(scenario: sim.Scenario) -> None:
    table = assumptions.reproduced(scenario)
    assert len(table) > 3
    assert table[~table["agrees"]].to_dict("records") == []


def test_numbers_in_a_text_of_the_record_are_those_of_the_tables() -> None:
    said = {
        "4 of 16 occasions": "share:formal_within_120",
        "4 of 10 proposals by Seoul led": "share:seoul_met_within_120",
        "35 of 39 rounds": "share:good_engaged",
        "4 of 13 six-party plenaries": "share:agreement_six_party",
        "2 of 6 changes in Washington": "share:against_washington",
        "2 of 11 changes in Seoul": "share:against_seoul",
        "8 of 20": "share:attempts",
        "6 of 58 headline rounds": "share:freezes_a_round",
        "all groups in 16 of 19": "share:good_working_group",
        "2 of 7 freezes died within two months": "share:freezes_ended_in_60",
    }
    for text, key in said.items():
        assert text in KOREA.text, text
        hits, size = (int(word) for word in text.split() if word.isdigit())
        assert korea.estimate(key).best == hits / size, text
    for text, key, best in (
        ("34 gaps between day-dated US-DPRK rounds of one period", "gaps_us_dprk", 34),
        ("12 gaps after a broken round, one still open", "gaps_after_breakdown", 12),
        ("56 gaps between North-South rounds", "gaps_north_south", 56),
        ("12 gaps between six-party plenaries, 34 to 402", "gaps_six_party", 12),
        ("before 7 freezes, 5 to 216 days", "last_phase", 7),
        ("5 proposals by Seoul to the meeting", "seoul_to_meeting", 5),
        ("first meeting of 6 groups, 20 to 74 days", "group_first_meeting", 6),
        ("three slips of 10, 15 and 24 days", "exercise_slip", 3),
    ):
        assert text in KOREA.text, text
        assert len(korea.cases(key)) == best
    for text, key in (
        ("0.12 (0.007 to 2.2)", "dialogue_ratio:strategic_day"),
        ("2.3 times as many launch days in listed exercises within a year (1.5 to 3.4)",
         "exercise_ratio:launch_day"),
        ("odds ratio 1.4, from 0.30 to 6.1", "odds:after_setback"),
        ("1.8 (1.1 to 2.3)", "dispersion:launch_day:2012:2017"),
        ("12 a year of 2012-2017 (7 to 18)", "rate:launch_day:2012:2017"),
        ("3.7 a year (0.5 to 7)", "rate:strategic_day:2012:2017"),
        ("0.5 a year (0.18 to 1.1)", "rate:nuclear_test:2006:2017"),
        ("ended at 0.31 a year", "collapse_rate"),
    ):  # fmt: skip
        assert text in KOREA.text, text
        words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
        found = [float(word) for word in words if word[0].isdigit() and "-" not in word]
        low, best, high = korea.estimate(key)
        said_ends = [best, low, high] if len(found) == 3 else [best]
        for value, end in zip(found, said_ends, strict=True):
            assert float(f"{end:.{len(str(value).strip('0.').replace('.', ''))}g}") == value, text


def test_a_changed_record_number_is_found() -> None:
    text = KOREA.text.replace("low = 0.1, likely = 0.25, high = 0.49", "low = 0.1, likely = 0.3, "
                              "high = 0.49")  # fmt: skip
    changed = sim.loads(text, "korea-2017.toml")
    table = assumptions.reproduced(changed)
    assert table.loc[~table["agrees"], "name"].tolist() == ["us_dprk.contact.success"]


def test_a_record_number_without_a_statistic_is_found() -> None:
    text = KOREA.text.replace('judgement: months"', 'record: months"', 1)
    table = assumptions.reproduced(sim.loads(text, "korea-2017.toml"))
    assert (~table["agrees"]).sum() == 1


SMALL = """
title = "Small"
start = 2020-01-01
horizon = 100
goal = "g"
source = "judgement: an example of a hundred days"
conditions = { g = { max = 2, initially = 1 }, w = { posture = true } }
correlations = [ { between = ["t.a.success", "s.rate"], rank = 0.3 } ]
[[tracks.t.stages]]
name = "a"
duration = { low = 1, likely = 2, high = 3, source = "comparison: another case" }
success = { low = 0.1, likely = 0.2, high = 0.3, source = "op-ed: it says so | twice" }
window = [ { from = 2020-02-01, to = 2020-03-01 }, { from = 2020-04-01, to = 2020-05-01 } ]
setbacks = [ { name = "b", delay = 3 } ]
[shocks.s]
rate = { low = 1, likely = 1, high = 2, source = "whatever" }
[shocks.leap]
yearly = "02-29"
[shocks.d]
on = [2020-02-03, 2020-02-05]
[[influences]]
of = "w"
on = "t.a"
odds = 2
[strategies.x]
overrides = { "t.a.success" = 0.5 }
"""


def test_calendar_levels_and_overrides_are_numbers_too() -> None:
    table = assumptions.register(sim.loads(SMALL)).set_index("name")
    assert table.loc["t.a.duration", "status"] == "comparison"
    assert table.loc["t.a.success", ["low", "likely", "high"]].tolist() == [0.1, 0.2, 0.3]
    assert table.loc["t.a.b.weight", "status"] == "default"
    assert table.loc["s.rate", "status"] == "judgement"
    assert table.loc["s.rate", "source"] == "whatever"
    assert table.loc["t.a.window.from", "likely"] == 31
    assert table.loc["leap.yearly", "likely"] == 59
    assert table.loc["t.a.window#2.to", "likely"] == 121
    assert table.loc["d.on#2", "likely"] == 35
    assert table.loc["g.max", "likely"] == 2 and table.loc["g.initially", "unit"] == "levels"
    assert table.loc["influences.w-t.a.odds", "likely"] == 2
    assert table.loc["correlations.t.a.success-s.rate", "likely"] == 0.3
    assert table.loc["strategies.x.t.a.success", "likely"] == 0.5
    assert table.loc["horizon", "status"] == "judgement"


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("judgement: a guess", "judgement"),
        ("judgment: a guess", "judgement"),
        ("Judgment", "judgement"),
        ("Record: 4 of 16", "record"),
        ("op-ed", "op-ed"),
        ("comparison, another case", "comparison"),
        ("recorded by nobody", ""),
        ("judgemental", ""),
        ("whatever", ""),
        ("", ""),
    ],
)
def test_a_status_is_the_first_word_of_a_source(source: str, status: str) -> None:
    assert declared(source) == status


def test_a_number_without_a_source_is_judgement() -> None:
    bare = SMALL.replace('source = "judgement: an example of a hundred days"\n', "")
    spelt = SMALL.replace('"judgement: an', '"Judgment: an')
    without = assumptions.register(sim.loads(bare)).set_index("name")
    other = assumptions.register(sim.loads(spelt)).set_index("name")
    assert without.loc["horizon", ["status", "source"]].tolist() == ["judgement", ""]
    assert other.loc["horizon", "status"] == "judgement"
    assert without["status"].tolist() == other["status"].tolist()


@pytest.mark.parametrize("source", [*sim.catalog(), CORPUS / "two_tracks.toml"])
def test_every_count_is_of_the_rows_of_the_register(source: str | Path, capsys) -> None:
    scenario = sim.load(source)
    table = assumptions.register(scenario)
    total, judged = len(table), (table["status"] == "judgement").sum()
    said = f"{total} numbers: "
    assert commands.main(["check", str(source)]) == 0
    checked = capsys.readouterr().out
    assert said in checked and f" {judged} judgement" in checked
    assert set(re.findall(r"(\d+) numbers (?:have|count)", checked)) <= {str(total)}
    assert assumptions.as_text(table).splitlines()[-1].startswith(said)
    share = f"{100 * judged / total:.0f} % of the {total} numbers of {scenario.name} rest on"
    assert assumptions.caution(scenario).startswith(f"{share} judgement")
    checklist = stress_des.checklist(scenario)
    assert said in checklist and share in checklist
    assert assumptions.as_markdown(table).splitlines()[-1].startswith(said)


def test_defaults_are_named_beside_judgement() -> None:
    status = assumptions.register(KOREA)["status"]
    share = 100 * (status == "default").mean()
    said = f"judgement, {share:.0f} % on defaults of the format"
    assert assumptions.caution(KOREA).endswith(said)


def test_numbers_without_a_source_are_no_small_share_of_judgement() -> None:
    assert "no source" not in assumptions.caution(KOREA)
    bare = sim.load(CORPUS / "two_tracks.toml")
    register = assumptions.register(bare)
    unsourced = int(((register["status"] == "judgement") & (register["source"] == "")).sum())
    assert unsourced > 5
    assert assumptions.caution(bare).endswith(f"; {unsourced} of them have no source")
    assert "judgement, as no source is given" in assumptions.as_text(register)


def test_ranges_are_listed_as_in_the_file() -> None:
    table = assumptions.register(KOREA).set_index("name")
    for name, number in KOREA.parameters().items():
        if isinstance(number, Range):
            ends = table.loc[name, ["low", "likely", "high"]].tolist()
            assert ends == [number.low, number.likely, number.high]


def test_a_part_of_the_record_gives_other_numbers() -> None:
    part = korea.whole().without(pd.Timestamp("2017-06-15"), pd.Timestamp("2025-12-31"))
    whole, less = assumptions.estimates(KOREA), assumptions.estimates(KOREA, part)
    assert set(whole) == set(less)
    assert sum(whole[name] != less[name] for name in whole) > 20


# -- the command ----------------------------------------------------------------------------------


def test_assumptions_are_printed(capsys) -> None:
    assert commands.main(["assumptions", "korea-2017"]) == 0
    out = capsys.readouterr().out
    assert "us_dprk.contact.success" in out
    assert "0.1 / 0.25 / 0.49 share" in out
    assert out.splitlines()[-1].startswith(f"{len(assumptions.register(KOREA))} numbers: ")


def test_assumptions_are_exported(tmp_path, capsys) -> None:
    path = tmp_path / "deep" / "register.csv"
    assert commands.main(["assumptions", "korea-2017", "--out", str(path)]) == 0
    assert "numbers" in capsys.readouterr().out
    table = pd.read_csv(path, keep_default_na=False)
    assert list(table.columns) == assumptions.COLUMNS
    pd.testing.assert_frame_equal(table, assumptions.register(KOREA), check_dtype=False)


def test_a_register_as_markdown_keeps_its_columns(tmp_path) -> None:
    path = tmp_path / "register.md"
    assumptions.write(assumptions.register(sim.loads(SMALL)), path)
    lines = [one for one in path.read_text().splitlines() if one.startswith("|")]
    assert all(one.replace("\\|", "").count("|") == 9 for one in lines)
    assert any("it says so \\| twice" in one for one in lines)


@pytest.mark.parametrize("name", ["register.txt", "file/register.csv"])
def test_a_bad_path_is_one_message(tmp_path, capsys, name: str) -> None:
    (tmp_path / "file").write_text("")
    assert commands.main(["assumptions", "korea-2017", "--out", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert str(tmp_path / name.split("/")[0]) in error
    assert "Traceback" not in error
    assert error.count("\n") == 1


def test_an_unknown_scenario_is_one_message(capsys) -> None:
    assert commands.main(["assumptions", "korea-2107"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_the_csv_is_the_table() -> None:
    table = assumptions.register(sim.loads(SMALL))
    text = table.to_csv(index=False)
    assert len(pd.read_csv(io.StringIO(text))) == len(table)
