"""What STARS asks of a study that others can reuse: licence, environment, citation, metadata."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import sim

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
ABOUT = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.]*)")


# -- licence --------------------------------------------------------------------------------------


def test_the_licence_is_open_whole_and_the_same_everywhere() -> None:
    text = " ".join((ROOT / "LICENSE").read_text(encoding="utf-8").split())
    assert text.startswith("MIT License Copyright (c) ")
    for words in (
        PROJECT["authors"][0]["name"],
        "Permission is hereby granted, free of charge, to any person obtaining a copy",
        "The above copyright notice and this permission notice shall be included",
        'THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND',
    ):
        assert words in text
    assert PROJECT["license"] == {"file": "LICENSE"}
    assert CITATION["license"] == "MIT"
    assert ABOUT["license"] == "https://spdx.org/licenses/MIT"
    files = metadata.distribution("detente").metadata.get_all("License-File") or []
    assert "LICENSE" in files  # it goes wherever the package goes


# -- pinned environment ---------------------------------------------------------------------------


RUN_WITH = ("explore", "dask", "query")  # extras that serve a run, and not the work on the code


def pins(file: str = "constraints.txt") -> dict[str, str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        if line and not line.startswith("#"):
            exact = PIN.fullmatch(line)
            assert exact, f"{file}: no exact version: {line}"
            found[canonicalize_name(exact[1])] = exact[2]
    return found


def pulled_in(name: str, extras: frozenset[str], seen: dict[str, str]) -> None:
    """All that is installed for a distribution, by name, with its version."""
    try:
        of = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return  # of an extra that is not installed here
    for text in of.requires or ():
        wanted = Requirement(text)
        if wanted.marker and not any(
            wanted.marker.evaluate({"extra": extra}) for extra in extras or {""}
        ):
            continue
        key = canonicalize_name(wanted.name)
        if key in seen and not wanted.extras:
            continue
        try:
            seen[key] = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            continue
        pulled_in(wanted.name, frozenset(wanted.extras), seen)


def test_every_package_that_is_installed_is_pinned_at_its_version() -> None:
    seen: dict[str, str] = {}
    pulled_in("detente", frozenset({"", "test", "docs", "dask", "query"}), seen)
    seen.pop("detente", None)
    assert {"numpy", "numba", "pytest", "lifelines", "llvmlite"} <= set(seen)
    pinned = pins()
    assert set(seen) <= set(pinned), sorted(set(seen) - set(pinned))
    assert seen == {name: pinned[name] for name in seen}


def test_every_requirement_is_met_by_its_pin() -> None:
    pinned = pins()
    extras = [text for one in PROJECT["optional-dependencies"].values() for text in one]
    for text in [*PROJECT["dependencies"], *extras]:
        wanted = Requirement(text)
        if wanted.name != "detente":
            assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), text


def test_make_installs_nothing_that_is_not_pinned() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if "pip install" in line]
    assert len(installs) >= 3
    assert all(re.search("-c constraints(-lowest)?[.]txt ", line) for line in installs)


def test_the_lowest_versions_are_those_that_are_declared() -> None:
    """Each package that is needed to run, exactly at its lower bound; nothing else."""
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(text for key in RUN_WITH for text in extras[key])]
    declared = {}
    for one in map(Requirement, wanted):
        bounds = [part.version for part in one.specifier if part.operator == ">="]
        assert len(bounds) == 1, one
        declared[canonicalize_name(one.name)] = Version(bounds[0])
    lowest = pins("constraints-lowest.txt")
    assert {name: Version(version) for name, version in lowest.items()} == declared


# -- citation and metadata for an archive ---------------------------------------------------------


def test_the_citation_can_be_read_by_machines() -> None:
    for key in ("message", "title", "abstract", "keywords", "type"):
        assert CITATION[key], key
    assert CITATION["cff-version"] == "1.2.0" and CITATION["type"] == "software"
    assert [one["name"] for one in CITATION["authors"]] == [
        one["name"] for one in PROJECT["authors"]
    ]
    assert isinstance(CITATION["date-released"], dt.date)
    for one in CITATION["references"]:
        assert re.fullmatch(r"10\.\d{4,}/\S+", one["doi"])
        assert one["authors"] and one["title"] and one["year"]


def test_the_metadata_tell_the_same_of_the_same_version() -> None:
    assert ABOUT["@context"] == "https://w3id.org/codemeta/3.0"
    assert ABOUT["@type"] == "SoftwareSourceCode"
    assert sim.__version__ == PROJECT["version"] == ABOUT["version"] == CITATION["version"]
    assert metadata.version("detente") == sim.__version__
    assert ABOUT["datePublished"] == CITATION["date-released"].isoformat()
    assert ABOUT["keywords"] == CITATION["keywords"]
    assert [one["name"] for one in ABOUT["author"]] == [one["name"] for one in CITATION["authors"]]
    assert ABOUT["softwareRequirements"] == PROJECT["dependencies"]
    assert ABOUT["programmingLanguage"]["version"] == PROJECT["requires-python"]
    (cited,) = CITATION["references"]
    assert ABOUT["referencePublication"]["identifier"].endswith(cited["doi"])
    for key in ("readme", "softwareHelp"):
        assert (ROOT / ABOUT[key]).exists()
    history = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {sim.__version__}" in history


@pytest.mark.parametrize("asked", ["LICENSE", "constraints.txt", "CITATION.cff", "codemeta.json"])
def test_the_page_on_sharing_names_what_is_there(asked: str) -> None:
    assert f"`{asked}`" in (ROOT / "docs" / "sharing.md").read_text(encoding="utf-8")
    assert (ROOT / asked).exists()
