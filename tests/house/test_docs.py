"""Every block of code in the documents runs; what is written from the code is complete.

Blocks of a page run one after the other in one folder. A block with ``title="name"`` is a file. A
word behind the language and a reason, ``long: ...``, leaves a block to be read by the parser only.
"""

from __future__ import annotations

import inspect
import re
import shlex
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

import sim
from sim.cli import commands as commands_module
from sim.evidence import assumptions, scoring
from sim.evidence.korea import backcast
from sim.evidence.korea import statistics as korea
from sim.scenario import format

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))
import diagrams  # noqa: E402
import generate  # noqa: E402
import hooks  # noqa: E402

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"^```([a-z]*)(?: (.*?))?\n(.*?)^```$", re.S | re.M)
FEW = {"--replications": 20, "--draws": 2, "--sample": 3, "--max-replications": 200,
       "--base": 16, "--trajectories": 4}  # fmt: skip
LITTLE = {
    "explain": {"--replications": "20"},
    "sensitivity": {"--replications": "20", "--base": "16", "--trajectories": "4"},
    "robust": {"--replications": "20"},
    "search": {"--replications": "50", "--tracks": "us_dprk,north_south", "--postures": ""},
}
WITH_FIGURES = ("run", "compare")


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Language, words behind it, and text of every block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(text: str) -> list[list[str]]:
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("detente ")]


def small(arguments: list[str]) -> list[str]:
    """A command with few histories and no figures."""
    done = list(arguments)
    for option, most in FEW.items():
        if option in done and done[done.index(option) + 1].isdigit():
            place = done.index(option) + 1
            done[place] = str(min(int(done[place]), most))
    for option, value in LITTLE.get(done[0], {}).items():
        done += [] if option in done else [option, value]
    return done + (["--no-figures", "--quiet"] if done[0] in WITH_FIGURES else [])


def given(arguments: list[str], folder: Path) -> bool:
    """Whether the files that a command names are there."""
    return all((folder / word).exists() for word in arguments if word.endswith(".toml"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_page_runs(page, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands_module, "REPLICATIONS", 20)
    names: dict[str, object] = {}
    for language, words, text in blocks(page):
        if title := re.search(r'title="([^"]+)"', words):
            (tmp_path / title[1]).write_text(text, encoding="utf-8")
        if words.startswith("long:"):
            assert words.removeprefix("long:").strip(), f"{page.name}: a reason is missing"
        elif language == "python":
            exec(compile(text, page.name, "exec"), names)
        for arguments in commands(text):
            commands_module.parser().parse_args(arguments)
            serves = arguments[0] == "explore"  # until Ctrl-C: tests/app/test_page.py
            if serves or words.startswith("long:") or not given(arguments, tmp_path):
                continue
            assert commands_module.main(small(arguments)) == 0, (
                page.name,
                arguments,
                capsys.readouterr().err,
            )
        if language == "toml":
            tomllib.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_tells_to_run_exists(page) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for target in re.findall(r"(?:`|^ {4}|^)make (\w+)", text, re.M):
        assert target in targets, target
    for path in re.findall(r"(?:experiments|verification|docs|sim|tests)/[\w/.-]+\.\w+", text):
        assert (ROOT / path).exists() or (ROOT / "docs" / path).exists(), path
    known = commands_module.parser().format_help()
    for command in re.findall(r"`detente (\w+)", text):
        assert command in known, command


def test_a_command_that_is_unknown_would_be_found(tmp_path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```bash\ndetente runn korea-2017\n```\n")
    ((_, _, text),) = blocks(page)
    with pytest.raises(SystemExit):
        commands_module.parser().parse_args(commands(text)[0])


# -- what is generated ----------------------------------------------------------------------------


def test_the_format_names_every_key_that_the_schema_has() -> None:
    page = generate.file_format()
    for table in format.schema()["$defs"].values():
        for key in table.get("properties", {}):
            if key not in ("about", "source", "extends", "low", "likely", "high", "as"):
                assert re.search(rf"`\{{?[^`]*\b{key}\b", page), key


def test_the_commands_hold_every_command_and_option() -> None:
    page = generate.commands()
    listed = re.findall(r"^    ([a-z]+)(?: |$)", commands_module.parser().format_help(), re.M)
    assert "stress" in listed
    assert re.findall(r"^## detente ([a-z]+)$", page, re.M) == listed
    written = (ROOT / "sim" / "cli" / "arguments.py").read_text(encoding="utf-8")
    for option in re.findall(r'"(--[a-z-]+)"', written):
        assert option == "--version" or option in page, option


def test_the_names_are_all_there() -> None:
    page = generate.names()
    for name in sim.__all__[1:]:
        thing = getattr(sim, name)
        place = (
            thing.__name__ if inspect.ismodule(thing) else f"{thing.__module__}.{thing.__name__}"
        )
        assert f"::: {place}" in page.splitlines(), name


def test_pages_are_written_into_a_folder_with_their_pictures(tmp_path) -> None:
    generate.main(tmp_path)
    for page in tmp_path.glob("*.md"):
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (tmp_path / picture).exists(), (page.name, picture)
    pages = {path.name for path in tmp_path.glob("*.md")}
    assert (tmp_path / "site.css").exists()  # which mkdocs.yml names
    shown = set(re.findall(r"([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M))
    assert pages == shown


@pytest.mark.parametrize("name", sim.catalog())
def test_a_diagram_shows_every_stage_setback_and_gate_within_its_frame(name) -> None:
    scenario = sim.load(name)
    for track in scenario.tracks.values():
        picture = ElementTree.fromstring(diagrams.draw(scenario, track))
        words = [t.text or "" for t in picture.iter("{http://www.w3.org/2000/svg}text")]
        for stage in track.stages:
            assert stage.name in words
            for setback in stage.setbacks:
                assert any(word.startswith(f"{setback.name} ") for word in words)
            assert all(f"◇ {gate}" in words for gate in diagrams.gates(stage))
        height = float(picture.attrib["height"])
        placed = picture.iter("{http://www.w3.org/2000/svg}text")
        assert all(0 < float(t.attrib["y"]) < height for t in placed)


def test_a_setback_leads_to_where_it_resumes() -> None:
    scenario = sim.load("korea-2017")
    track = scenario.tracks["us_dprk"]
    targets = {one.setback.name: one.target for one in diagrams.laid_out(track)}
    assert targets["walkout"] == 0 and targets["fruitless_round"] == 1
    lanes = [(one.lane, one.source) for one in diagrams.laid_out(track)]
    assert len(set(lanes)) == len(lanes)


@pytest.mark.parametrize(
    "asks", ['<script src="https://x.org/a.js">', '<link rel="stylesheet" href="//x.org/a.css">']
)
def test_a_page_that_asks_the_network_is_refused(tmp_path, asks) -> None:
    (tmp_path / "a.html").write_text('<a href="https://x.org">fine</a>')
    hooks.on_post_build({"site_dir": tmp_path})
    (tmp_path / "b.html").write_text(asks)
    with pytest.raises(SystemExit, match="asks the network"):
        hooks.on_post_build({"site_dir": tmp_path})


# -- figures in prose -----------------------------------------------------------------------------


def test_what_prose_says_of_the_numbers_is_so() -> None:
    scenario = sim.load("korea-2017")
    status = assumptions.register(scenario)["status"]
    judged, recorded = (float((status == one).mean()) for one in ("judgement", "record"))
    text = (DOCS / "validation.md").read_text(encoding="utf-8")
    assert f"{(status == 'record').sum()} of the numbers of `korea-2017` are computed" in text
    assert f"{100 * judged:.0f} % of them are judgement" in text
    scored = pd.read_csv(DOCS / "backcast.csv")
    inside = scoring.coverage(scored).set_index("interval")["inside"][0.8]
    assert f"Central 80 % intervals held {inside} of {len(scored)} facts" in text
    skill = scoring.skill(scored)["crps_skill"].iloc[-1]
    assert skill > 0 and f"past cases (skill {skill:.2f})" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "More than half of the numbers of the reference case are judgement, a quarter" in readme
    assert "More than half of the numbers are judgement" in (DOCS / "tutorial.md").read_text()
    assert 0.5 < judged < 0.66 and 0.2 < recorded < 0.3


def test_the_percentiles_in_prose_are_those_of_the_facts() -> None:
    scored = pd.read_csv(DOCS / "backcast.csv").set_index(["episode", "fact"])["percentile"]
    text = (DOCS / "backcast.md").read_text(encoding="utf-8")
    assert f"at percentile {100 * scored.median():.0f}." in text
    for title, fact in {
        "The collapse of Leap Day": ("leap-day-2011", "moratorium_life"),
        "Freeze of 1994": ("agreed-framework-1993", "freeze"),
        "Life of the Agreed Framework": ("agreed-framework-1993", "freeze_life"),
        "North-South in 2011": ("leap-day-2011", "north_south"),
        "Launches of 2011": ("leap-day-2011", "launch_days"),
    }.items():
        (said,) = re.findall(rf"\*\*{title}\*\* \([^)]*percentile (\d+)\)", text)
        assert int(said) == round(100 * scored[fact]), title
    outside = scored[(scored < 0.025) | (scored > 0.975)].index.tolist()
    assert outside == [("agreed-framework-1993", "median_gap"), ("iran-2013", "median_gap")]


KINDS = {  # of facts, in the prose on scores
    "deal": ("moratorium", "freeze", "principles"),
    "round": ("contact", "first_plenary", "ministers"),
    "seoul": ("north_south",),
    "gap": ("median_gap",),
}


def test_the_scores_in_prose_are_those_of_the_facts() -> None:
    scored = pd.read_csv(DOCS / "backcast.csv")
    text = " ".join((DOCS / "backcast.md").read_text(encoding="utf-8").split())
    by_kind = {
        kind: scoring.skill(scored[scored["fact"].isin(facts)]).iloc[-1]
        for kind, facts in KINDS.items()
    }
    deal, first, seoul, gap = (by_kind[kind] for kind in KINDS)
    assert f"skill {deal.crps_skill:.2f} over {deal.facts} facts" in text
    assert f"fare ({seoul.crps_skill:.2f} over {seoul.facts})" in text
    assert f"first formal round** ({first.crps_skill:.2f} over {first.facts})" in text
    assert f"gaps between rounds ({gap.crps_skill:.2f} over {gap.facts})" in text
    without = [
        scoring.skill(scored[scored["episode"] != one])["crps_skill"].iloc[-1]
        for one in backcast.episodes()
    ]
    assert f"leave a skill of {min(without):.2f} to {max(without):.2f}" in text
    tries = korea.cases("tries_at_a_freeze")
    assert "nine tries at a freeze that led nowhere" in text and tries.over.count(False) == 9


def test_every_fact_outside_its_interval_is_told_of() -> None:
    scored = pd.read_csv(DOCS / "backcast.csv")
    text = " ".join((DOCS / "validation.md").read_text(encoding="utf-8").split())
    outside = scored[~scored["percentile"].between(0.025, 0.975)]
    where = {"agreed-framework-1993": "1993-94", "iran-2013": "Geneva in 2013"}
    assert len(outside) == 2 and "are two of the 34 facts" in text
    for row in outside.itertuples():
        assert re.search(rf"{where[row.episode]}\*\* \((median )?{row.actual:.0f} days\)", text)


def test_the_sentences_on_intervals_say_what_was_counted() -> None:
    table = pd.read_csv(DOCS / "coverage.csv").set_index("part")
    said = " ".join((DOCS / "statistics.md").read_text(encoding="utf-8").split())
    (text,) = re.findall(r"these hold it in (\d+) % or more\. What concerns draws, .* was counted "
                         r"in (\d+) studies, the rest in ([\d,]+)\.", said)  # fmt: skip
    least, few, many = (int(number.replace(",", "")) for number in text)
    of_draws = table.index.isin(["crossed", "draws", "sobol", "regret", "switching"])
    assert 100 * table.loc[["crossed", "draws"], "holds"].min() >= least
    assert set(table.loc[of_draws, "studies"]) == {few}
    assert set(table.loc[~of_draws, "studies"]) == {many}
    assert table["holds"].min() >= 0.9025
