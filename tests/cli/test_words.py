"""What a reader sees is in the field's words: help, printed output, captions, documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders import TALKS
from sim.cli import arguments, commands
from sim.plotting.captions import HOW_TO_READ

ROOT = Path(__file__).parents[2]

PRIVATE = re.compile(
    r"\b(tell|tells|told|telling|retold|luck|lucky|worlds?|history|histories|partings?|"
    r"live table|dearest|in 100)\b",
    re.IGNORECASE,
)
"""Words of no field, which the project once used for simulating, random numbers, replications."""

ALLOWED = (  # what may stay, and why
    r"`history`|sim\.history",  # the public name of the tables of historical records
    r"\bWorld\b",  # in titles and proper names
    r"explore/history\.png",  # files, whose names stay
    r"partings\.csv",
)

RUNS = {
    "run": "--replications 60 --draws 2 --no-figures --quiet --out run",
    "compare": "--replications 60 --no-figures --quiet --out compare",
    "search": "--zone 50 --replications 30 --quiet --out search",
    "sensitivity": "--base 8 --trajectories 2 --replications 10 --quiet --out sensitivity",
    "robust": "--draws 8 --replications 10 --quiet --out robust",
    "trace": "--replication 3 --out trace",
    "explain": "--replications 20 --out explain",
    "diff": "--a at_once --b when_quiet --replications 20 --out diff",
    "check": "--describe",
    "assumptions": "",
    "stress": "",
}


def private(text: str) -> list[str]:
    """Lines of a text that hold a private word, exceptions aside."""
    found = []
    for line in text.splitlines():
        rest = line
        for allowed in ALLOWED:
            rest = re.sub(allowed, "", rest)
        if PRIVATE.search(rest):
            found.append(line.strip())
    return found


@pytest.mark.parametrize("command", ["", *arguments.COMMANDS])
def test_help_is_in_the_words_of_the_field(command, capsys) -> None:
    with pytest.raises(SystemExit):
        arguments.parser().parse_args([*command.split(), "--help"])
    assert private(capsys.readouterr().out) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", RUNS)
def test_printed_output_is_in_the_words_of_the_field(
    command, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("talks.toml").write_text(TALKS, encoding="utf-8")
    assert commands.main([command, "talks.toml", *RUNS[command].split()]) == 0
    assert private(capsys.readouterr().out) == []


def test_captions_are_in_the_words_of_the_field() -> None:
    assert private("\n".join(HOW_TO_READ.values())) == []


PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_in_the_words_of_the_field(page) -> None:
    assert private(page.read_text(encoding="utf-8")) == []
