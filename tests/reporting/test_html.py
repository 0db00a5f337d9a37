"""A results folder as one page: what it says, what it says where something is missing, and how it
behaves in a browser (where Chromium is installed)."""

from __future__ import annotations

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sim
from builders import TWO_TRACKS as TWO
from sim.cli import commands
from sim.errors import InputError
from sim.plotting.captions import HOW_TO_READ
from sim.reporting import html, sections, text_tables
from sim.reporting import summary as summary_module
from sim.studies import pages, study

VOID = {"meta", "link", "br", "hr", "img", "input"}
EVIL = '<script>alert(1)</script> & \\"co\\" </title>'


class Elements(HTMLParser):
    """All start tags with their attributes; complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run")
    sim.run(sim.load(TWO), replications=60, out=path)
    return path


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return pages.write(folder).read_text(encoding="utf-8")


def changed(text: str, **values: object) -> str:
    for key, value in values.items():
        text, times = re.subn(rf"(?m)^{key} = .*$", lambda _, v=value, k=key: f"{k} = {v}", text)
        assert times, key
    return text


# -- what it says ---------------------------------------------------------------------------------


def test_the_page_says_what_the_tables_say(folder: Path, text: str) -> None:
    results = sim.read(folder)
    summary = summary_module.summarise(sim.run(results.scenario, replications=60))
    for row in summary.itertuples():
        assert f'<th scope="row">{row.strategy}</th>' in text
        assert f"{row.restricted_mean:,.0f} ({row.restricted_mean_low:,.0f}" in text
    assert "has the fewest days without freeze" in text
    assert "rest on judgement" in text
    assert sim.assumptions.counts(sim.assumptions.register(results.scenario)) in text
    assert results.manifest["hash"] in text and f"detente verify {folder}" in text
    for name in results.manifest["strategies"]:
        assert f"<summary>{name}</summary>" in text


def test_it_needs_nothing_else_and_every_id_is_there_once(text: str) -> None:
    elements = Elements(text).found
    ids = [attrs["id"] for _, attrs in elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in elements:
        assert not {"src", "onclick", "onload"} & set(attrs)
        target = attrs.get("href") or "#findings"
        assert target.startswith("data:image/png") or target[1:] in ids, target
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    assert not re.search(r"@import|url\((?!#)", text)
    figures = [attrs for tag, attrs in elements if tag == "svg"]
    assert len(figures) == 7
    assert all(len(attrs["aria-label"] or "") > 40 for attrs in figures)


def test_it_is_the_same_for_the_same_folder(folder: Path, text: str) -> None:
    assert html.page(pages.of_run(sim.read(folder))) == text


def test_nothing_that_a_scenario_says_becomes_a_tag() -> None:
    evil = changed(TWO.read_text(encoding="utf-8"), title=f'"{EVIL}"')
    text = html.page(pages.of_run(sim.run(sim.loads(evil), replications=5)))
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
    assert [tag for tag, _ in Elements(text).found].count("script") == 1


# -- what cannot be made is said ------------------------------------------------------------------


def said(results: sim.Results) -> str:
    text = html.page(pages.of_run(results))
    Elements(text)
    assert "nan" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.S).lower().split()
    return text


def test_one_strategy_has_nothing_to_be_compared_with() -> None:
    text = said(sim.run(sim.load(TWO), ["direct"], 30))
    assert "One strategy alone was run" in text and "Under direct" in text
    assert 'id="figure-incidence"' in text and 'id="figure-forest"' not in text


def test_counts_cannot_be_paired() -> None:
    text = said(sim.run(sim.load(TWO), replications=30, keep="summary"))
    assert "Counts by day were kept" in text and 'id="figure-times"' in text


def test_draws_are_told() -> None:
    text = said(sim.run(sim.load("korea-2017"), ["proposal", "pressure"], 4, draws=4))
    assert (
        "4 draws x 4 replications" in text
        and "the ranges of the parameters that were drawn" in text
    )


@pytest.mark.parametrize("strategies", [None, ["direct"]])
def test_no_freeze_at_all(strategies: list[str] | None) -> None:
    never = re.sub(r"success = (\{[^}]*\}|[\d.]+)", "success = 0", TWO.read_text(encoding="utf-8"))
    text = said(sim.run(sim.loads(never), strategies, 20))
    assert "reached freeze (at most" in text


def test_one_replication_gives_no_ranking() -> None:
    assert "no ranking" in said(sim.run(sim.load(TWO), replications=1))


def test_half_finished_runs_and_failures_are_told(folder: Path, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(folder, half)
    next(half.glob("part-direct-*.parquet")).unlink()
    text = said(sim.read(half))
    assert "The run is not complete: of 60 replications there are direct 0." in text
    assert "do not have the same replications yet" in text
    for part in half.glob("part-*.parquet"):
        part.unlink()
    assert "nothing was finished" in said(sim.read(half))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["failures"] = [{"block": ["direct", 0, 60, 0, 5], "error": "time stood still"}]
    (half / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert "time stood still" in said(sim.read(half))


def test_another_model_version_is_reported(folder: Path) -> None:
    results = sim.read(folder)
    results.manifest["identity"]["model_version"] = 0
    text = said(results)
    assert "another version of the model" in text and 'id="figure-durability"' not in text


def test_the_command_writes_where_it_is_told(folder: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "deep" / "page.html"
    assert commands.main(["report", str(folder), "--out", str(out), "--baseline", "hardline"]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert "minus hardline" in out.read_text(encoding="utf-8")
    assert commands.main(["report", str(tmp_path / "nothing")]) == 2
    assert commands.main(["report", str(folder), "--baseline", "hardlin"]) == 2
    assert commands.main(["report", str(folder), "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "allowed: a results folder" in message and 'did you mean "hardline"' in message
    with pytest.raises(InputError, match="unknown endpoint"):
        html.page(pages.of_run(sim.read(folder), endpoint="freze"))


def test_scrolling_boxes_have_a_name_and_are_reached_by_keys(text: str) -> None:
    boxes = [attrs for _, attrs in Elements(text).found if attrs.get("class") == "wide"]
    assert len(boxes) > 10
    assert all(box["tabindex"] == "0" and box["role"] == "region" for box in boxes)
    names = [box["aria-label"] for box in boxes]
    assert all(names) and len(set(names)) == len(names)


# -- other kinds of folders -----------------------------------------------------------------------

STUDIES = {
    "sensitivity": "--base 64 --trajectories 4 --replications 20",
    "robust": "--draws 64 --replications 20",
    "search": "--zone 100 --replications 50",
    "explain": "--replications 30",
    "diff": "--a direct --b hardline --replication 2 --replications 30",
}
LOUD = {"explain", "diff"}  # they have no bar
FIGURES = {
    "sensitivity": {"tornado", "morris", "sobol"},
    "robust": {"regret", "switching", "map"},
    "search": {"front"},
    "explain": {"budget", "costs-direct", "costs-hardline", "costs-in_order"},
    "diff": {"side_by_side"},
}


@pytest.fixture(scope="module")
def study_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("studies")
    for kind, words in STUDIES.items():
        quiet = [] if kind in LOUD else ["--quiet"]
        made = [kind, str(TWO), *words.split(), *quiet, "--out", str(top / kind)]
        assert commands.main(made) == 0
        assert commands.main(["report", str(top / kind)]) == 0
    return {kind: top / kind for kind in STUDIES}


STUCK = """
[strategies.stuck]
starts = { talks = ["talks.deal"] }
"""
NEVER = "under stuck: talks waits for talks.deal, a stage of its own, so it never starts"


@pytest.mark.slow
@pytest.mark.parametrize("kind", STUDIES)
def test_each_study_says_what_never_starts(kind: str, tmp_path: Path, capsys) -> None:
    file, out = tmp_path / "stuck.toml", tmp_path / "out"
    file.write_text(TWO.read_text(encoding="utf-8") + STUCK, encoding="utf-8")
    words = STUDIES[kind].replace("--a direct", "--a stuck").split()
    words += ["--strategy", "stuck"] if kind in ("explain", "sensitivity") else []
    assert commands.main([kind, str(file), *words, "--out", str(out)]) == 0
    assert f"note: {NEVER}" in " ".join(capsys.readouterr().out.split())
    assert f"Note: {NEVER}." in pages.write(out).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", STUDIES)
def test_each_kind_of_folder_has_its_page(kind: str, study_folders: dict[str, Path]) -> None:
    text = (study_folders[kind] / "report.html").read_text(encoding="utf-8")
    elements = Elements(text).found
    ids = [attrs["id"] for _, attrs in elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    shown = {str(one).removeprefix("figure-") for one in ids if str(one).startswith("figure-")}
    assert shown <= FIGURES[kind] and shown >= FIGURES[kind] - {"sobol", "switching"}
    assert text.count("<figcaption></figcaption>") == 0
    findings = text.split('id="findings"')[1].split("</section>")[0]
    assert findings.count("<li>") >= 3 and "rest on judgement" in findings
    assert re.search(r"\(\S+( to |\N{EN DASH})\S+\)", findings)
    assert 'id="table-1"' in text and not re.search(r"\b(nan|None)\b", findings)
    assert "no command makes it again" in text  # the tests are none
    manifest = json.loads((study_folders[kind] / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["hash"] in text and manifest["began"] <= manifest["finished"]


def test_columns_of_words_stand_to_the_left(study_folders: dict[str, Path]) -> None:
    text = (study_folders["diff"] / "report.html").read_text(encoding="utf-8")
    rows = re.findall(r"<tr><th scope=\"row\">[\d.]+</th>.*?</tr>", text)
    for row in rows:
        classes = re.findall(r"<td( class=\"word\")?>", row)
        assert [bool(one) for one in classes] == [False, True, True, True]
    assert sum("(first divergence after day 0)" in row for row in rows) >= 1
    two = text_tables.TextTable("", ["a", "b", "c"], [["x", "1 (0 to 2)", "not reached"],
                                                 ["y", "<1", "beyond 3"]], "")  # fmt: skip
    assert html._of_words(two) == [True, False, False]
    assert html._of_words(two._replace(body=[])) == [False, False, False]


def test_a_study_read_back_says_and_draws_the_same(study_folders: dict[str, Path]) -> None:
    each = (
        sim.sensitivity(sim.load(TWO), replications=5, base=16, trajectories=3),
        sim.robust(sim.load(TWO), draws=64, replications=10),
        sim.robust(sim.load(TWO), ["direct"], draws=1, replications=1),
    )
    for number, made in enumerate(each):
        folder = study_folders["robust"] / "again" / str(number)
        made.save(folder)
        back = study.read(folder)
        assert back.text == made.text and list(back.tables) == list(made.tables)
        assert list(back.figures) == list(made.figures)
        for name, table in made.tables.items():
            pd.testing.assert_frame_equal(back.tables[name], table, check_dtype=False)


def test_a_diff_is_not_run_by_another_model_version(
    study_folders: dict[str, Path],
) -> None:
    folder = study_folders["diff"]
    path = folder / "manifest.json"
    before = path.read_text(encoding="utf-8")
    path.write_text(json.dumps(json.loads(before) | {"model_version": 0}), encoding="utf-8")
    content = pages.of(folder)
    path.write_text(before, encoding="utf-8")
    assert content.facts.notes == [sections.OTHER_MODEL] and not content.figures
    assert content.sentences == pages.of(folder).sentences


def test_a_search_read_back_says_the_same(study_folders: dict[str, Path]) -> None:
    found = sim.search(sim.load(TWO), zone=100, replications=50)
    assert study.read(study_folders["search"]).text == found.text


def test_each_table_of_a_folder_stands_in_the_documents(
    study_folders: dict[str, Path], tmp_path: Path
) -> None:
    made = ["compare", str(TWO), "--replications", "20", "--no-figures", "--quiet"]
    assert commands.main([*made, "--out", str(tmp_path)]) == 0
    text = (Path(__file__).parents[2] / "docs" / "reading-results.md").read_text("utf-8")
    documented = set(re.findall(r"`(\w+\.(?:csv|toml))`", text))
    folders = [*study_folders.values(), tmp_path]
    there = {path.name for folder in folders for path in folder.iterdir() if path.is_file()}
    assert documented == {name for name in there if name.endswith((".csv", ".toml"))}


def test_what_is_no_folder_of_ours_is_refused(
    study_folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(study_folders["explain"], folder)
    (folder / "costs.csv").unlink()
    assert commands.main(["report", str(folder)]) == 2
    assert "costs.csv: cannot be read (No such file or directory)" in capsys.readouterr().err
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for changed_to, message in (
        ({"kind": "dream"}, 'unknown kind "dream"; allowed: a results folder of run, compare'),
        ({"tables": None}, "does not say what its tables are"),
    ):
        (folder / "manifest.json").write_text(json.dumps(manifest | changed_to), encoding="utf-8")
        assert commands.main(["report", str(folder)]) == 2
        assert message in capsys.readouterr().err
    robust = str(study_folders["robust"])
    assert commands.main(["report", robust, "--baseline", "direct"]) == 2
    assert "--baseline: allowed for folders of run and compare" in capsys.readouterr().err
    assert commands.main(["explain", str(TWO), "--replications", "5", "--out", robust]) == 2
    assert "holds other results, of detente robust" in capsys.readouterr().err


# -- the gallery ----------------------------------------------------------------------------------


def test_the_gallery_shows_each_figure_that_has_a_legend_and_is_small() -> None:
    docs = Path(__file__).parents[2] / "docs"
    shown = re.findall(r"\]\((gallery/(\w+)\.png)\)", (docs / "gallery.md").read_text("utf-8"))
    assert {name for _, name in shown} == set(HOW_TO_READ)
    text = (docs / "gallery.md").read_text("utf-8")
    for path, name in shown:
        assert (docs / path).stat().st_size < 120_000
        assert HOW_TO_READ[name] in text, f"{name}: python docs/build_gallery.py"
    for command in re.findall(r"^    detente (.*)$", text, re.M):
        commands.parser().parse_args(command.split())


# -- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def opened(browser: Any, folder: Path, text: str) -> Any:
    browser.get((folder / "report.html").as_uri())
    return browser


def test_the_browser_asks_for_nothing_and_has_no_complaint(opened: Any) -> None:
    events = [json.loads(one["message"])["message"] for one in opened.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    outside = [url for url in asked if not url.startswith(("data:", "file:", "chrome:"))]
    assert any(url.endswith("report.html") for url in asked) and outside == []
    assert opened.get_log("browser") == []


def column(browser: Any, table: str, place: int) -> list[str]:
    rows = f"#{table} tbody tr"
    return browser.execute_script(  # type: ignore[no-any-return]
        "return [...document.querySelectorAll(arguments[0])].map(r => r.cells[arguments[1]]"
        ".textContent)", rows, place,
    )  # fmt: skip


def test_a_click_on_a_head_sorts_its_table(opened: Any) -> None:
    heads = opened.find_elements("css selector", "#table-1 thead button")
    names = [head.text for head in heads]
    place = next(i for i, name in enumerate(names) if name.startswith("days without"))
    as_written = column(opened, "table-1", place)
    days = [float(cell.split()[0].replace(",", "")) for cell in as_written]
    assert days == sorted(days) and len(set(days)) > 1
    heads[place].click()
    assert column(opened, "table-1", place) == as_written[::-1]
    heads[place].click()
    assert column(opened, "table-1", place) == as_written
    heads[0].click()
    strategies = column(opened, "table-1", 0)
    assert strategies == sorted(strategies)


def test_dates_sort_as_in_time(browser: Any, study_folders: dict[str, Path]) -> None:
    browser.set_window_size(1100, 900)
    browser.get((study_folders["diff"] / "report.html").as_uri())
    head = browser.find_elements("css selector", "#table-1 thead button")[1]
    days = [float(day) for day in column(browser, "table-1", 0)]
    assert days == sorted(days) and len(set(days)) > 5
    head.click()
    assert [float(day) for day in column(browser, "table-1", 0)] == days
    head.click()
    turned = column(browser, "table-1", 1)
    assert turned == sorted(turned, reverse=True)


def test_figures_have_a_size_and_the_page_fits(opened: Any) -> None:
    sizes = opened.execute_script(
        "return [...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect())"
    )
    assert len(sizes) == 7
    assert all(size["width"] > 300 and size["height"] > 100 for size in sizes)
    opened.set_window_size(500, 800)
    width = "return document.documentElement.scrollWidth <= innerWidth"
    assert opened.execute_script(width)


def test_what_scrolls_on_a_phone_is_reached_by_keys_and_has_a_name(opened: Any) -> None:
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        for folded in opened.find_elements("css selector", "details"):
            opened.execute_script("arguments[0].open = true", folded)
        found = opened.execute_script(SCROLLING)
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert any(name.startswith("Table: Summary") for name, _ in found)
    assert [name for name, reached in found if not (name and reached)] == []


SCROLLING = """
return [...document.querySelectorAll("body *")].filter(one => {
  const style = getComputedStyle(one);
  const across = one.scrollWidth > one.clientWidth + 1 && /auto|scroll/.test(style.overflowX);
  const down = one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(style.overflowY);
  return one.checkVisibility() && (across || down);
}).map(one => [one.getAttribute("aria-label") ?? "", one.tabIndex >= 0]);
"""


@pytest.mark.parametrize("kind", STUDIES)
def test_the_page_of_each_kind_opens_sorts_and_fits(
    kind: str, browser: Any, study_folders: dict[str, Path]
) -> None:
    browser.set_window_size(1100, 900)
    browser.get((study_folders[kind] / "report.html").as_uri())
    assert browser.get_log("browser") == []
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect())"
    )
    assert sizes and all(size["width"] > 300 and size["height"] > 80 for size in sizes)
    heads = browser.find_elements("css selector", "#table-1 thead button")
    place = 3 if kind == "diff" else 0  # its first column is one of days
    heads[place].click()
    names = column(browser, "table-1", place)
    assert names == sorted(names)
    browser.set_window_size(500, 800)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_it_prints_with_all_that_is_folded(opened: Any) -> None:
    folded = "document.querySelectorAll('details:not([open])').length"
    before = opened.execute_script(f"return {folded}")
    opened.execute_script(f"addEventListener('beforeprint', () => {{ window.printed = {folded} }})")
    assert base64.b64decode(opened.print_page())[:5] == b"%PDF-"
    assert opened.execute_script("return window.printed") == 0
    assert opened.execute_script(f"return {folded}") == before > 0
