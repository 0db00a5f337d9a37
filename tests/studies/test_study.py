"""A study as an object: what it says in a terminal, on a page and in a notebook, and its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.errors import InputError
from sim.studies import pages, study
from sim.studies.study import MODULES, Study

TWO = Path(__file__).parents[1] / "corpus" / "valid" / "two_tracks.toml"


@pytest.fixture(scope="module")
def explained() -> Study:
    return sim.explain(TWO, ["direct", "hardline"], 10)


def test_the_page_and_the_terminal_say_the_same_sections(explained: Study) -> None:
    content = pages.of_study(explained)
    printed = " ".join(explained.text.split())
    assert content.sentences == explained.findings and len(explained.findings) >= 4
    assert all(sentence in printed for sentence in explained.findings)
    assert [table.title for table in content.tables if table.title in printed]
    assert [name for name, _ in content.figures] == explained.figure_names


def test_a_notebook_shows_sentences_tables_and_figures(explained: Study) -> None:
    shown = explained._repr_html_()
    assert shown.count("<svg") == len(explained.figure_names)
    assert "where the days without freeze go" in shown and explained.findings[0] in shown
    assert repr(explained) == "<explain: budget, items, costs, bottlenecks>"


def test_a_study_is_saved_and_read_as_it_was(explained: Study, tmp_path: Path) -> None:
    assert explained.save(tmp_path / "new", figures=False) == []
    back = study.read(tmp_path / "new")
    assert back.text == explained.text and back.name == "explain"
    for name, table in explained.tables.items():
        pd.testing.assert_frame_equal(back.tables[name], table, check_dtype=False)


def test_a_folder_of_another_study_is_left_as_it_is(explained: Study, tmp_path: Path) -> None:
    explained.save(tmp_path, figures=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other = replace(explained, manifest=explained.manifest | {"strategies": ["direct"]})
    with pytest.raises(InputError, match="holds other results, of direct, hardline"):
        other.save(tmp_path)
    with pytest.raises(InputError, match="holds other results, of detente explain"):
        sim.diff(TWO, "direct", "hardline", replications=5, out=tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", MODULES)
def test_the_module_of_each_study_says_its_sections(name: str) -> None:
    module = study._module(name)
    assert callable(module.sections) and callable(module.facts)
    assert name == "compare" or "strategies" in module.ASKED or "options" in module.ASKED
