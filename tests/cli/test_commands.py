"""The commands: what they print, and how they refuse."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import sim
from builders import LOOP
from builders import TWO_TRACKS as SMALL
from command import detente
from effort import PATIENCE
from sim.cli import arguments as arguments_module
from sim.cli import commands
from sim.experiment import provenance
from sim.studies import diff

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_run_writes_a_folder_with_summary_and_figures(tmp_path, capsys) -> None:
    assert detente("run", SMALL, "--replications", 40, "--out", "out", "--quiet") == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"manifest.json", "summary.csv", "incidence.png", "incidence.svg"} <= names
    assert {"outcomes.png", "times.svg"} <= names
    assert "median days" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        "run {} --replication 5", "run {} --strateg direct", "search {} --measur days",
        "sensitivity {} --bas 8", "robust {} --draw 8", "explain {} --see 3",
        "diff {} --a direct --b hardline --replications 5 --draw_ 1", "trace {} --strat direct",
        "check {} --desc", "verify {} --samp 3", "report {} --base direct", "explore {} --por 80",
        "assumptions {} --ou o.csv", "stress {} --ou o.md", "list --qui", "--vers",
    ],
)  # fmt: skip
def test_options_are_written_out(words, capsys, tmp_path) -> None:
    assert detente(*words.format(SMALL).split()) == 2
    assert "--help lists what is allowed" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_without_a_command_the_help_is_shown(capsys) -> None:
    assert detente() == 2
    output, message = capsys.readouterr()
    assert output == "" and message.startswith("usage: detente")
    assert all(f"    {name}" in message for name in commands.COMMANDS)


def drawn(folder: Path, **environment: str) -> dict[str, bytes]:
    subprocess.run(
        [sys.executable, "-m", "sim", "run", SMALL, "--replications", "20", "--out", folder],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return {path.name: path.read_bytes() for path in folder.glob("*.[ps][nv]g")}


@pytest.mark.parametrize("command", [("list",), ("run", SMALL), ("check", SMALL)])
@pytest.mark.parametrize(
    ("name", "found", "allowed"),
    [
        ("SOURCE_DATE_EPOCH", "abc", "whole seconds since 1970"),
        ("SOURCE_DATE_EPOCH", "", "whole seconds since 1970"),
        ("SOURCE_DATE_EPOCH", "9" * 20, "whole seconds since 1970"),
        ("NUMPY_MADVISE_HUGEPAGE", "abc", "0 or 1"),
    ],
)
def test_a_variable_that_numpy_cannot_read_is_named(
    command, name, found, allowed, monkeypatch, capsys
) -> None:
    monkeypatch.setenv(name, found)
    assert detente(*command) == 2
    message = f'environment: found {name}="{found}"; allowed: {allowed}, or unset\n'
    assert capsys.readouterr() == ("", message)
    assert not any(Path().iterdir())


@pytest.mark.slow
def test_figures_do_not_depend_on_the_backend_or_the_settings_of_the_caller(tmp_path) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")  # would need LaTeX
    plain = drawn(tmp_path / "plain", MPLBACKEND="")
    assert len(plain) == 8
    assert plain == drawn(tmp_path / "notebook", MPLBACKEND="module://no_such_package.backend")
    other = {"MPLBACKEND": "svg", "MATPLOTLIBRC": str(tmp_path), "SOURCE_DATE_EPOCH": "0"}
    assert plain == drawn(tmp_path / "other", **other)


@pytest.mark.slow
@pytest.mark.parametrize("module", ["sim.plotting.outcomes", "sim"])
def test_the_backend_of_the_caller_stays(module) -> None:
    code = f"import os, {module}, matplotlib as m; print(os.environ['MPLBACKEND'], m.get_backend())"
    for backend in ("svg", "pdf"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": backend},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout.split() == [backend, backend]


@pytest.mark.slow
def test_run_tells_where_it_writes_by_default(capsys) -> None:
    assert detente("run", SMALL, "--replications", 20, "--seed", 9) == 0
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("results:"))
    assert line.endswith("-seed9")
    assert Path(line.split(": ")[1].strip()).is_dir()


@pytest.mark.slow
def test_both_engines_and_endpoints(capsys) -> None:
    tables = []
    for engine in ("simpy", "compiled"):
        assert detente("run", SMALL, "--replications", 30, "--engine", engine, "--workers", 1,
                       "--out", engine) == 0  # fmt: skip
        tables.append(capsys.readouterr().out.split("\nresults")[0])
    assert tables[0] == tables[1]
    assert detente("run", SMALL, "--replications", 30, "--endpoint", "crisis", "--out", "c") == 0
    assert "reached crisis" in capsys.readouterr().out


@pytest.mark.slow
def test_compare_ranks_and_takes_differences(tmp_path, capsys) -> None:
    assert detente("compare", SMALL, "--replications", 60, "--full", "--out", "out") == 0
    out = capsys.readouterr().out
    assert "paired by replication (common random numbers)" in out and "the best, jointly" in out
    assert "numbers of two_tracks rest on judgement" in out
    assert max(map(len, out.split("results:")[0].splitlines())) <= 102
    for name in ("ranking.png", "forest.svg", "sooner.png", "differences.csv", "dominance.csv"):
        assert (tmp_path / "out" / name).exists(), name
    for name in ("best", "pairs", "bands", "hazard", "risks", "durability", "endurance"):
        assert (tmp_path / "out" / f"{name}.csv").exists(), name


@pytest.mark.slow
def test_explain_says_why_and_draws(tmp_path, capsys) -> None:
    assert detente("explain", SMALL, "--replications", 40, "--full", "--out", "out") == 0
    out = capsys.readouterr().out
    assert "where the days without freeze go" in out and "waiting for the window" in out
    assert "talks.deal.walkout" in out and "talks.deal: always open" in out
    for name in ("budget.png", "budget.csv", "items.csv", "costs.csv", "costs-direct.svg"):
        assert (tmp_path / "out" / name).exists(), name
    assert detente("explain", SMALL, "--strategy", "directt") == 2
    assert "did you mean" in capsys.readouterr().err


def test_diff_tells_two_histories_side_by_side(tmp_path, capsys) -> None:
    words = ("diff", SMALL, "--a", "direct", "--b", "hardline", "--replications", 20)
    assert detente(*words, "--replication", 2, "--out", "out") == 0
    out = capsys.readouterr().out
    assert "They diverge on day" in out and ">> " in out
    assert "first divergences in 20 paired replications" in out
    rows = {name: sim.trace(sim.load(SMALL), name, 2).row for name in ("direct", "hardline")}
    ends = (
        f"{name}: {diff.ending(row['outcome'], row['time'], 'freeze', 'war')}"
        for name, row in rows.items()
    )
    assert f"- {'; '.join(ends)}." in " ".join(out.split())
    stems = ("side_by_side.csv", "partings.csv", "turns.csv", "side_by_side.png", "manifest.json")
    for name in stems:
        assert (tmp_path / "out" / name).exists(), name
    assert detente("diff", SMALL, "--a", "direct", "--b", "direct") == 2
    assert detente("diff", SMALL, "--a", "direct") == 2


@pytest.mark.parametrize(
    ("outcome", "ruin", "words"),
    [
        ("freeze", "war", "freeze on day 1,204"),
        ("war", "war", "war on day 1,204"),
        ("abandoned", "war", "neither freeze nor war, and no track goes on after day 1,204"),
        ("ongoing", "war", "neither freeze nor war in 1,204 days"),
        ("ongoing", None, "no freeze in 1,204 days"),
    ],
)
def test_the_end_of_a_history_in_words(outcome, ruin, words) -> None:
    assert diff.ending(outcome, 1203.7, "freeze", ruin) == words


def test_a_world_beyond_the_last_is_refused(capsys) -> None:
    assert detente("diff", SMALL, "--a", "direct", "--b", "hardline", "--replication", 2**63) == 2
    assert "allowed: 0 to 9223372036854775807" in capsys.readouterr().err


def test_the_command_of_another_program_is_none_of_ours(monkeypatch) -> None:
    for given, ours in (("sim/__main__.py", True), ("pytest/__main__.py", False),
                        ("bin/detente", True), ("study.py", False)):  # fmt: skip
        monkeypatch.setattr(sys, "argv", [str(Path(sim.__file__).parents[1] / given), "list"])
        assert (provenance.command() is not None) is ours, given


@pytest.mark.slow
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


@pytest.mark.slow
def test_tell_tells_one_history_dated(tmp_path, capsys) -> None:
    assert detente("trace", SMALL, "--replication", 3, "--out", "out") == 0
    out = capsys.readouterr().out
    assert "attempt 1 begins" in out
    assert "outcome:" in out
    assert len(list((tmp_path / "out").glob("*.png"))) == 1
    first = out
    assert detente("trace", SMALL, "--replication", 3, "--out", "out", "--engine", "compiled") == 0
    assert capsys.readouterr().out == first


def test_list_names_the_catalog(capsys) -> None:
    assert detente("list") == 0
    out = capsys.readouterr().out
    assert all(f"{name}  " in out for name in sim.catalog())
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
        (["run", SMALL, "--draws", "-7"], "allowed: 0 to 1000000"),
        (["run", SMALL, "--draws", "1e18"], "1e18: cannot be read"),
        (["run", SMALL, "--draws", "nosuch.csv"], "nosuch.csv: cannot be read"),
        (["run", SMALL, "--dask", "nowhere"], "nothing answers at nowhere"),
        (["run", SMALL, "--precision", "nan"], 'precision: found "nan"'),
        (["run", SMALL, "--precision", "0.1", "--draws", "4"], "draws that were not made"),
        (["run", SMALL, "--precision", "0.1", "--replications", "9"], "--max-replications"),
        (["run", SMALL, "--max-replications", "0"], "allowed: 1 to"),
        (["run", SMALL, "--max-events", "0"], "allowed: 1 to"),
        (["run", SMALL, "--pool", "fibres"], "invalid choice"),
        (["run", SMALL, "--design", "grid"], "invalid choice"),
        (["verify", "nosuch"], "nosuch: no such folder; allowed: a results folder"),
        (["verify", SMALL], f"{SMALL}: is a file; allowed: a results folder"),
        (["verify", "."], ".: is empty; allowed: a results folder"),
        (["report", "nosuch"], "nosuch: no such folder; allowed: a results folder"),
        (["report", SMALL], f"{SMALL}: is a file; allowed: a results folder"),
        (["report", SMALL.parent], f"{SMALL.parent}: has no manifest.json; it holds "),
        (["run", SMALL, "--replication", "5"], "unrecognized arguments: --replication 5"),
        (["run", SMALL, "--rep=5"], "unrecognized arguments: --rep=5"),
        (["verify", ".", "--samp", "5"], "unrecognized arguments: --samp 5"),
        (["--vers", "list"], "unrecognized arguments: --vers"),
        (["verify", ".", "--sample", "0"], "allowed: 1 to"),
        (["run", SMALL, "--engine", "fast"], "invalid choice"),
        (["run", SMALL, "--workers", "0"], "allowed: 1 to"),
        (["run", SMALL, "--endpoint", "crisi"], 'did you mean "crisis"?'),
        (["run", SMALL, "--columns", "tim"], 'did you mean "time"?'),
        (["run", SMALL, "--out", SMALL], "is a file"),
        (["run", SMALL, "--strategies", "nosuch.toml"], "nosuch.toml"),
        (["compare", SMALL, "--baseline", "nosuch"], "unknown strategy"),
        (["trace", SMALL, "--strategy", "nosuch"], "unknown strategy"),
        (["trace", SMALL, "--replication", "-1"], "allowed: 0 to"),
        (["trace", SMALL, "--replication", str(2**63)], "allowed: 0 to"),
        (["trace", SMALL, "--out", SMALL], "is a file"),
        (["trace", SMALL, "--out", SMALL / "below"], "cannot be written"),
        (["trace", SMALL, "--out", "x" * 400], "cannot be written"),
        (["run", SMALL, "--out", "a\udcff"], "allowed: a name in UTF-8"),
        (["run", SMALL, "--out", "a\0b"], "allowed: a name in UTF-8"),
        (["compare", SMALL, "--strategy", "direct"], "a comparison needs two"),
        *(
            ([command, "", *more], "argument SCENARIO: found an empty text")
            for command, more in (
                ("run", []),
                ("compare", []),
                ("search", []),
                ("sensitivity", []),
                ("robust", []),
                ("trace", []),
                ("explain", []),
                ("diff", ["--a", "x", "--b", "y"]),
                ("assumptions", []),
                ("stress", []),
                ("explore", []),
            )
        ),
        (["check", ""], "argument FILE: found an empty text"),
        (["report", ""], "argument DIR: found an empty text"),
        (["verify", ""], "argument DIR: found an empty text"),
        (["run", SMALL, "--out", ""], "argument --out: found an empty text"),
        (["run", SMALL, "--strategy", ""], "argument --strategy: found an empty text"),
        (["run", SMALL, "--draws", ""], "argument --draws: found an empty text"),
        (["check"], "FILE"),
        (["dance"], "invalid choice"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments, message, capsys) -> None:
    assert detente(*arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", SMALL, "--columns", "tim"],
        ["run", SMALL, "--keep", "summary", "--columns", "time"],
        ["run", SMALL, "--strategy", "nosuch"],
        ["run", SMALL, "--draws", "nosuch.csv"],
        ["compare", SMALL, "--precision", "x"],
        ["search", SMALL, "--zone", "-1"],
        ["sensitivity", SMALL, "--measure", "nosuch"],
        ["robust", SMALL, "--measure", "nosuch"],
        ["robust", SMALL, "--draws", "nosuch.csv"],
        ["trace", SMALL, "--draws", "nosuch.csv"],
        ["explain", SMALL, "--draws", "nosuch.csv"],
        ["diff", SMALL, "--a", "direct", "--b", "direct"],
        ["report", "."],
        ["report", ".", "--out", "deep/page.html"],
        ["verify", "."],
        ["stress", SMALL, "--out", "deep/" + "x" * 400],
        ["assumptions", SMALL, "--out", f"deep/{'x' * 400}.md"],
    ],
)
def test_a_command_that_fails_leaves_no_folder(arguments, tmp_path, capsys) -> None:
    for more in ([], ["--out", "deep/new"]):
        if more and arguments[0] in ("report", "verify", "stress", "assumptions"):
            continue
        assert detente(*arguments, *more) in (1, 2)
        assert "Traceback" not in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["report", "verify"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"strategies": ["direct"', "manifest.json: is damaged (Expecting"),
        ("", "manifest.json: is damaged (Expecting value"),
        ("[]", "manifest.json: is not the manifest of a results folder"),
        ("{}", "manifest.json: is not the manifest of a run"),
        ("lacks seed", 'manifest.json: lacks "seed"; allowed'),
        ("lacks text", 'manifest.json: lacks "text"; allowed'),
        ("replications", "manifest.json, replications: found 'x'; allowed"),
        ("keep", "manifest.json, keep: found all; allowed: rows, summary"),
    ],
)
def test_a_broken_manifest_is_named(command, text, message, tmp_path, capsys) -> None:
    scenario = sim.load(SMALL)
    manifest = sim.run(scenario, ["direct"], 2, out=tmp_path / "r").manifest
    match text.split():
        case ["lacks", key]:
            del manifest[key]
        case ["replications"]:
            manifest["replications"] = "x"
        case ["keep"]:
            manifest["keep"] = "all"
    text = json.dumps(manifest) if text[:1].isalpha() else text
    (tmp_path / "r" / "manifest.json").write_text(text)
    assert detente(command, "r") == 2
    assert message in capsys.readouterr().err


def test_a_study_whose_manifest_lacks_something_is_named(tmp_path, capsys) -> None:
    assert detente("diff", SMALL, "--a", "direct", "--b", "in_order", "--out", "d") == 0
    path = tmp_path / "d" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["strategies"]
    path.write_text(json.dumps(manifest))
    assert detente("report", "d") == 2
    assert 'manifest.json: lacks "strategies"; allowed' in capsys.readouterr().err


def test_a_model_that_cannot_advance_ends_with_exit_code_1(tmp_path, capsys) -> None:
    file = tmp_path / "loop.toml"
    file.write_text(LOOP)
    for engine in ("compiled", "simpy"):
        few = ("--replications", 3, "--workers", 1, "--engine", engine, "--out", engine)
        assert detente("run", file, *few) == 1
        error = capsys.readouterr().err
        assert "time cannot advance" in error
        assert "track circle" in error
    assert detente("trace", file) == 1


@pytest.mark.parametrize(
    "words",
    [
        "sensitivity {} --base 2 --trajectories 2 --replications 2",
        "robust {} --draws 2 --replications 2",
        "trace {}",
        "explain {} --replications 2",
        "diff {} --a one --b other --replications 2",
    ],
)
def test_a_study_of_a_model_that_cannot_advance_leaves_no_folder(words, tmp_path, capsys) -> None:
    weight = "weight = { low = 1, likely = 2, high = 3 }"
    two = "[strategies.one]\n[strategies.other]\nstarts = { circle = [] }\n"
    file = tmp_path / "loop.toml"
    file.write_text(LOOP.replace('name = "again"', f'name = "again", {weight}') + two)
    for more in ([], ["--out", "deep/new"]):
        assert detente(*words.format(file).split(), *more) == 1
        assert "time cannot advance" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == [file]


@pytest.mark.slow
def test_columns_are_written_beside_those_that_the_summary_needs(tmp_path, capsys) -> None:
    assert detente("run", SMALL, "--replications", 20, "--columns", "held_crisis", "--out", "a",
                   "--endpoint", "dialogue") == 0  # fmt: skip
    assert "reached dialogue" in capsys.readouterr().out
    part = next((tmp_path / "a").glob("*.parquet"))
    assert set(pd.read_parquet(part)) == {
        "strategy", "draw", "replication", "outcome", "time", "first_freeze", "first_dialogue",
        "first_war", "held_crisis",
    }  # fmt: skip


def python_m_sim(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim", *map(str, arguments)]
    return subprocess.run(command, text=True, stderr=subprocess.PIPE, **options)


@pytest.mark.slow
def test_an_output_that_is_full_or_closed_is_no_traceback(tmp_path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    with open("/dev/full", "w") as full:
        done = python_m_sim("trace", SMALL, "--out", tmp_path, stdout=full)
    assert (done.returncode, done.stderr) == (1, "output: No space left on device\n")
    closed = python_m_sim("list", preexec_fn=lambda: os.close(1))
    assert (closed.returncode, closed.stderr) == (0, "")


@pytest.mark.slow
def test_a_terminal_without_the_letters_gets_their_codes(tmp_path) -> None:
    file = tmp_path / "größe.toml"
    file.write_text(SMALL.read_text().replace('title = "', 'title = "Größe → '), encoding="utf-8")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = python_m_sim("trace", file, env=ascii_only, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Gr\\xf6\\xdfe \\u2192 ")


@pytest.mark.slow
def test_a_file_whose_name_is_no_text_names_its_results_all_the_same(tmp_path) -> None:
    try:
        (tmp_path / "a\udcff.toml").write_bytes(SMALL.read_bytes())
    except (OSError, UnicodeEncodeError):
        pytest.skip("file names are text here")
    assert detente("run", "a\udcff.toml", "--replications", 5, "--quiet") == 0
    assert detente("trace", "a\udcff.toml") == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_stopped_twice_is_stopped_once(tmp_path) -> None:
    command = "run korea-2017 --engine simpy --workers 1 --replications 100000 --quiet --out out"
    run = subprocess.Popen(
        [sys.executable, "-m", "sim", *command.split()], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + PATIENCE
    while not (tmp_path / "out" / "manifest.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        run.send_signal(number)
    _, printed = run.communicate(timeout=PATIENCE)
    assert (run.returncode, printed) == (130, "stopped; what was finished is kept\n")


def test_what_is_declared_is_what_there_is() -> None:
    assert list(arguments_module.COMMANDS) == list(commands.COMMANDS)


def test_help_is_there_for_every_command(capsys) -> None:
    for command in arguments_module.COMMANDS:
        assert detente(command, "--help") == 0
        assert "usage: detente" in capsys.readouterr().out
    assert detente("--version") == 0


@pytest.mark.slow
def test_python_m_sim_is_detente_and_a_closed_pipe_is_no_error(tmp_path) -> None:
    command = [sys.executable, "-m", "sim", "list"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0
    assert "korea-2017" in done.stdout
    shell = f"{sys.executable} -m sim trace {SMALL} --out {tmp_path} | head -1"
    piped = subprocess.run(shell, shell=True, cwd=root, capture_output=True, text=True)
    assert "Traceback" not in piped.stderr


QUESTIONS = {
    "sensitivity": ("--strategy in_order", "--measure ruin", "--against hardline"),
    "robust": ("--strategy direct --strategy hardline", "--measure ruin"),
    "explain": ("--strategy direct", "--strategy hardline"),
    "diff": ("--a direct --b hardline", "--a direct --b in_order", "--replication 3"),
}
BRIEF = {
    "sensitivity": "--base 2 --trajectories 2 --replications 2 --quiet",
    "robust": "--draws 2 --replications 2 --quiet",
    "explain": "--replications 2",
    "diff": "--a in_order --b direct --replications 2",
}


@pytest.mark.slow
@pytest.mark.parametrize("study", QUESTIONS)
def test_a_study_with_another_question_replaces_no_results(study, tmp_path, capsys) -> None:
    words = [study, SMALL, *BRIEF[study].split()]
    assert detente(*words, "--out", "out") == 0
    assert detente(*words, "--out", "out") == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert detente(*words) == 0
    for question in QUESTIONS[study]:
        capsys.readouterr()
        assert detente(*words, *question.split(), "--out", "out") == 2
        assert "out: holds other results" in capsys.readouterr().err
        assert detente(*words, *question.split()) == 0  # into a folder of its own
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert len(list((tmp_path / "results").iterdir())) == 1 + len(QUESTIONS[study])


def test_a_strategy_that_is_not_there_is_told_and_leaves_no_folder(tmp_path, capsys) -> None:
    for command in ("compare", "sensitivity", "robust", "explain"):
        assert detente(command, SMALL, "--strategy", "directt") == 2
        assert 'unknown strategy "directt"; did you mean "direct"?' in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_stop_that_python_drops_comes_again(monkeypatch, capsys) -> None:
    """As in the callback of a weak reference, out of which no error gets."""

    class Thing:
        pass

    def work(_: object) -> int:
        thing = Thing()
        seen = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
        del thing
        assert seen() is None
        for _ in range(500):
            time.sleep(0.01)
        return 0

    monkeypatch.setitem(commands.COMMANDS, "list", work)
    assert detente("list") == 130
    assert capsys.readouterr().err == "stopped; nothing is written before the end\n"
    assert sys.unraisablehook is not commands._dropped


@pytest.mark.parametrize("study", ["sensitivity", "robust"])
def test_a_study_never_writes_over_the_folder_of_a_run(study, tmp_path, capsys) -> None:
    detente("run", SMALL, "--replications", 5, "--out", "out", "--no-figures", "--quiet")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    assert detente(study, SMALL, "--out", "out", "--quiet") == 2
    assert capsys.readouterr().err == (
        "out: holds other results, of detente run; use --out with another folder, or remove it\n"
    )
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "korea-2017", "--replications", "x"], "found x; allowed: 1 to"),
        (["compare", "korea-2017", "--bogus"], "--bogus"),
        (["diff", "korea-2017"], "--a, --b"),
        (["nosuch"], "'nosuch'"),
    ],
)
def test_words_that_are_no_options_are_told_in_one_sentence(words, said, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main(words)
    printed = capsys.readouterr().err
    assert ended.value.code == 2 and said in printed and printed.count("\n") == 1
    assert "--help" in printed


def test_a_trace_may_be_brief(tmp_path, capsys) -> None:
    asked = ["trace", "korea-2017", "--replication", "7", "--out", str(tmp_path)]
    assert commands.main(asked) == 0
    whole = capsys.readouterr().out.splitlines()
    assert commands.main([*asked, "--brief"]) == 0
    brief = capsys.readouterr().out.splitlines()
    assert set(brief) < set(whole)
    assert any("us_dprk.contact: attempt 1 begins" in line for line in brief)
    assert not any("  missile_test: " in line for line in brief)


def test_one_scenario_of_the_list_is_described(capsys) -> None:
    assert commands.main(["list", "iran-2013"]) == 0
    assert capsys.readouterr().out.strip() == sim.load("iran-2013").describe().strip()
    assert commands.main(["list", "iran-2103"]) == 2
    assert "did you mean" in capsys.readouterr().err
