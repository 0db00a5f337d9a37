"""What a reader sees is in the field's words: help, captions, documents; output: every command."""

from __future__ import annotations

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


PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_in_the_words_of_the_field(page) -> None:
    assert private(page.read_text(encoding="utf-8")) == []
