"""Every text that people give is read with and without a byte order mark."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from test_draws import TEXT

import sim
from sim.app.scenario_library import Library
from sim.app.session import State
from sim.app.strategy_draft import opened
from sim.evidence import assumptions, records
from sim.experiment import draws, manifests
from sim.scenario import loading
from sim.studies import study

STRATEGIES = '[strategies.late]\nstarts = { talks = ["deal"] }\n'


def scenario_file(path: Path) -> object:
    return sim.load(path).text


def extended_file(path: Path) -> object:
    upper = path.with_name("upper.toml")
    upper.write_text(f'extends = "{path.name}"\n')
    return sim.load(upper).text


def strategies_file(path: Path) -> object:
    (path.parent / "base.toml").write_text(TEXT.replace("@", "delay = 5"))
    return sim.load(path.parent / "base.toml", [path]).text


def draws_file(path: Path) -> object:
    return draws.read(path, sim.loads(TEXT.replace("@", "delay = 5"))).frame.to_csv()


def record_file(path: Path) -> object:
    return records.read("assembly", path).to_csv()


def table_of_results(path: Path) -> object:
    return study.table_of(path, ["strategy"]).to_csv()


def file_of_a_folder(path: Path) -> object:
    library, name = Library.of(str(path), path.parent)
    return library.names()[-1], library.scenario(name).text


KINDS: dict[Callable[[Path], object], tuple[str, str]] = {
    scenario_file: ("base.toml", TEXT.replace("@", "delay = 5")),
    extended_file: ("base.toml", TEXT.replace("@", "delay = 5")),
    strategies_file: ("more.toml", STRATEGIES),
    draws_file: ("d.csv", "draw,talks.round.success\n1,0.2\n2,0.3\n"),
    record_file: ("assembly.csv", (records.FOLDER / "assembly.csv").read_text(encoding="utf-8")),
    assumptions.evidence: (
        "evidence.csv", "scenario,name,statistic,otherwise,digits\nkorea-2017,a.b,c,,2\n"
    ),
    table_of_results: ("best.csv", "strategy,best\nnow,0.5\n"),
    manifests.read_manifest: ("manifest.json", '{"seed": 7}'),
    file_of_a_folder: ("base.toml", TEXT.replace("@", "delay = 5")),
}  # fmt: skip


@pytest.mark.parametrize("read", KINDS, ids=lambda read: read.__name__)
def test_a_file_reads_the_same_with_and_without(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    name, text = KINDS[read]
    found = []
    for i, mark in enumerate((b"", BOM_UTF8)):
        path = tmp_path / str(i) / name
        path.parent.mkdir()
        path.write_bytes(mark + text.encode())
        found.append(read(path.parent if name == "manifest.json" else path))
    assert found[0] == found[1]


def test_texts_that_were_read_with_the_mark(tmp_path: Path) -> None:
    text = TEXT.replace("@", "delay = 5")
    assert sim.loads("\ufeff" + text).text == sim.loads(text).text
    scenario = sim.loads(text)
    drafts = opened(scenario, STRATEGIES)
    assert opened(scenario, "\ufeff" + STRATEGIES) == drafts
    state = State(scenario="korea-2017", drafts=drafts)
    assert State.from_text("\ufeff" + state.to_text()) == state
    (tmp_path / "x.json").write_bytes(BOM_UTF8 + state.to_text().encode())
    assert State.open(tmp_path, "x") == state
    assert loading.decoded(BOM_UTF8 + "ä".encode()) == "ä"


def test_a_table_of_results_keeps_its_first_column(tmp_path: Path) -> None:
    (tmp_path / "best.csv").write_bytes(BOM_UTF8 + b"strategy,best\nnow,0.5\n")
    table = study.table_of(tmp_path / "best.csv", ["strategy"])
    assert isinstance(table, pd.DataFrame) and list(table) == ["strategy", "best"]
