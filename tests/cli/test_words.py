"""What a reader sees is in the field's words: help, captions, documents, the live page."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from field_words import private
from sim.cli import arguments
from sim.plotting.captions import HOW_TO_READ

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", ["", *arguments.COMMANDS])
def test_help_is_in_the_words_of_the_field(command, capsys) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args([*command.split(), "--help"])
    assert private(capsys.readouterr().out) == []


def test_captions_are_in_the_words_of_the_field() -> None:
    assert private("\n".join(HOW_TO_READ.values())) == []


@pytest.mark.parametrize(
    "module", sorted((ROOT / "sim" / "app").rglob("*.py")), ids=lambda module: module.stem
)
def test_strings_of_the_live_page_are_in_the_words_of_the_field(module) -> None:
    constants = [one for one in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
                 if isinstance(one, ast.Constant)]  # fmt: skip
    texts = [one.value for one in constants if isinstance(one.value, str)]
    assert private("\n".join(texts)) == []


PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_in_the_words_of_the_field(page) -> None:
    assert private(page.read_text(encoding="utf-8")) == []
