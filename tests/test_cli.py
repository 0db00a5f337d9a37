"""The commands: what they print, and how they refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sim import cli

SMALL = Path(__file__).parent / "corpus" / "valid" / "two_tracks.toml"


def detente(*arguments: object) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_run_writes_a_folder_with_summary_and_figures(tmp_path, capsys) -> None:
    assert detente("run", SMALL, "--replications", 40, "--out", "out", "--quiet") == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"manifest.json", "summary.csv", "incidence.png", "incidence.svg"} <= names
    assert {"outcomes.png", "times.svg"} <= names
    assert "median days" in capsys.readouterr().out


def test_run_tells_where_it_writes_by_default(capsys) -> None:
    assert detente("run", SMALL, "--replications", 20, "--seed", 9) == 0
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("results:"))
    assert line.endswith("-seed9")
    assert Path(line.split(": ")[1].strip()).is_dir()


def test_both_engines_and_endpoints(capsys) -> None:
    tables = []
    for engine in ("simpy", "compiled"):
        assert detente("run", SMALL, "--replications", 30, "--engine", engine, "--workers", 1,
                       "--out", engine) == 0  # fmt: skip
        tables.append(capsys.readouterr().out.split("\nresults")[0])
    assert tables[0] == tables[1]
    assert detente("run", SMALL, "--replications", 30, "--endpoint", "crisis", "--out", "c") == 0
    assert "reached crisis" in capsys.readouterr().out


def test_compare_ranks_and_takes_differences(tmp_path, capsys) -> None:
    assert detente("compare", SMALL, "--replications", 60, "--out", "out") == 0
    out = capsys.readouterr().out
    assert "run by run in the same worlds" in out
    assert "common random numbers save" in out
    assert (tmp_path / "out" / "differences.png").exists()
    assert (tmp_path / "out" / "differences.csv").exists()


def test_whatever_columns_are_left_out_the_summary_is_made(tmp_path) -> None:
    for command in ("run", "compare"):
        wanted = ("--columns", "held_crisis", "--endpoint", "crisis", "--replications", 20)
        assert detente(command, SMALL, *wanted, "--out", command) == 0
        parts = sorted((tmp_path / command).glob("*.parquet"))
        assert list(pd.read_parquet(parts[0]).columns) == [
            "strategy", "draw", "replication", "outcome", "time",
            "first_freeze", "first_war", "first_crisis", "held_crisis",
        ]  # fmt: skip
        assert (tmp_path / command / "summary.csv").exists()


def test_tell_tells_one_history_dated(tmp_path, capsys) -> None:
    assert detente("tell", SMALL, "--replication", 3, "--out", "out") == 0
    out = capsys.readouterr().out
    assert "attempt 1 begins" in out
    assert "outcome:" in out
    assert len(list((tmp_path / "out").glob("*.png"))) == 1
    first = out
    assert detente("tell", SMALL, "--replication", 3, "--out", "out", "--engine", "compiled") == 0
    assert capsys.readouterr().out == first


def test_list_names_the_catalog(capsys) -> None:
    assert detente("list") == 0
    out = capsys.readouterr().out
    assert "korea-2017" in out
    for strategy in ("proposal", "sequential", "cvid_first", "pressure"):
        assert strategy in out


def test_check_lists_every_fault_and_goes_on(tmp_path, capsys) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(SMALL.read_text().replace("success = ", "succes = "), encoding="utf-8")
    assert detente("check", bad, SMALL, "--describe") == 2
    captured = capsys.readouterr()
    assert captured.err.count("succes") >= 2
    assert "is valid" in captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nosuch"], "no such file"),
        (["run", "."], "."),
        (["run", SMALL, "--strategy", "nosuch"], 'unknown strategy "nosuch"'),
        (["run", SMALL, "--replications", "0"], "allowed: 1 to"),
        (["run", SMALL, "--replications", "-5"], "allowed: 1 to"),
        (["run", SMALL, "--replications", "1e18"], "found 1e18"),
        (["run", SMALL, "--replications", "nan"], "found nan"),
        (["run", SMALL, "--seed", "-1"], "allowed: 0 to"),
        (["run", SMALL, "--seed", str(2**64)], "allowed: 0 to"),
        (["run", SMALL, "--draws", "7"], "--draws"),
        (["run", SMALL, "--engine", "fast"], "invalid choice"),
        (["run", SMALL, "--workers", "0"], "allowed: 1 to"),
        (["run", SMALL, "--endpoint", "crisi"], 'did you mean "crisis"?'),
        (["run", SMALL, "--columns", "tim"], 'did you mean "time"?'),
        (["run", SMALL, "--out", SMALL], "is a file"),
        (["run", SMALL, "--strategies", "nosuch.toml"], "nosuch.toml"),
        (["compare", SMALL, "--baseline", "nosuch"], "unknown strategy"),
        (["tell", SMALL, "--strategy", "nosuch"], "unknown strategy"),
        (["tell", SMALL, "--replication", "-1"], "allowed: 0 to"),
        (["tell", SMALL, "--replication", str(2**63)], "allowed: 0 to"),
        (["tell", SMALL, "--out", SMALL], "cannot be written"),
        (["check"], "FILE"),
        (["dance"], "invalid choice"),
        ([], "COMMAND"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments, message, capsys) -> None:
    assert detente(*arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_a_model_that_cannot_advance_ends_with_exit_code_1(tmp_path, capsys) -> None:
    file = tmp_path / "loop.toml"
    file.write_text(
        'title = "Loop"\nstart = 2020-01-01\nhorizon = 9\ngoal = "g"\n[conditions]\ng = {}\n'
        '[tracks.t]\n[[tracks.t.stages]]\nname = "a"\nduration = 0\nsuccess = 1\n'
        '[[tracks.t.stages]]\nname = "b"\nduration = 0\nsuccess = 0\n'
        'setbacks = [ { name = "again", delay = 0, resume = "a" } ]\n'
    )
    for engine in ("compiled", "simpy"):
        assert detente("run", file, "--engine", engine, "--out", engine) == 1
        error = capsys.readouterr().err
        assert "time cannot advance" in error
        assert "track t" in error
    assert detente("tell", file) == 1


def test_help_is_there_for_every_command(capsys) -> None:
    for command in ("run", "compare", "tell", "check", "list"):
        assert detente(command, "--help") == 0
        assert "usage: detente" in capsys.readouterr().out
    assert detente("--version") == 0


def test_python_m_sim_is_detente_and_a_closed_pipe_is_no_error(tmp_path) -> None:
    command = [sys.executable, "-m", "sim", "list"]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0
    assert "korea-2017" in done.stdout
    shell = f"{sys.executable} -m sim tell {SMALL} --out {tmp_path} | head -1"
    piped = subprocess.run(shell, shell=True, cwd=root, capture_output=True, text=True)
    assert "Traceback" not in piped.stderr
