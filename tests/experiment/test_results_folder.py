"""Results folders: valid at every instant, never mixed, nothing good lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_experiment import TEXT, UNCERTAIN

import sim
from command import detente
from sim.engine.program import translate
from sim.errors import InputError, RunError
from sim.experiment import experiment, manifests, results_folder, tasks, verification


@pytest.fixture(scope="module")
def scenario() -> sim.Scenario:
    return sim.loads(TEXT, "two.toml")


@pytest.fixture(scope="module")
def whole(scenario) -> pd.DataFrame:
    return sim.run(scenario, replications=55).frame


@pytest.fixture
def simulated(monkeypatch) -> list[tasks.Block]:
    """The blocks that are simulated from now on."""
    found = []
    simulate = tasks.simulate

    def noted(task):
        found.append(task.block)
        return simulate(task)

    monkeypatch.setattr(tasks, "simulate", noted)
    return found


def parts(path: Path) -> list[Path]:
    return sorted([*path.glob("part-*.parquet"), *path.glob("counts-*.npz")])


def test_a_folder_holds_what_was_run(scenario, tmp_path) -> None:
    results = sim.run(scenario, replications=50, seed=7, out=tmp_path / "deep" / "folder")
    manifest = json.loads((results.folder / "manifest.json").read_text())
    assert manifest["seed"] == 7
    assert manifest["replications"] == 50
    assert manifest["strategies"] == ["now", "later"]
    assert manifest["finished"]
    assert sim.loads(manifest["text"]).hash == manifest["hash"] == scenario.hash
    pd.testing.assert_frame_equal(
        sim.read(results.folder).frame, sim.run(scenario, replications=50, seed=7).frame
    )
    for path in parts(results.folder):
        assert tasks.digest_of(path.read_bytes()) in path.name
    assert not [p for p in results.folder.iterdir() if p.name.startswith(".")]


def test_a_run_goes_on_where_it_stopped_and_can_grow(scenario, whole, tmp_path, simulated) -> None:
    sim.run(scenario, ["now"], 40, out=tmp_path, block=15)
    next(p for p in parts(tmp_path) if "-000000000015-15-" in p.name).unlink()
    simulated.clear()
    grown = sim.run(scenario, None, 55, out=tmp_path, block=100)
    assert sorted(simulated) == [
        ("later", 0, 1, 0, 55), ("now", 0, 1, 15, 15), ("now", 0, 1, 40, 15)
    ]  # fmt: skip
    pd.testing.assert_frame_equal(grown.frame, whole)
    simulated.clear()
    pd.testing.assert_frame_equal(sim.extend(tmp_path, replications=55).frame, whole)
    assert simulated == []


def test_results_in_memory_can_be_extended(scenario, whole, simulated) -> None:
    few = sim.run(scenario, ["now"], 20)
    simulated.clear()
    more = sim.extend(few, strategies=["later"], replications=55)
    assert sum(block.replications for block in simulated) == 55 + 35
    pd.testing.assert_frame_equal(more.frame, whole)


def test_draws_extend_a_folder(tmp_path, simulated) -> None:
    uncertain = sim.loads(UNCERTAIN, "uncertain.toml")
    sim.run(uncertain, ["now"], 10, draws=4, out=tmp_path)
    simulated.clear()
    grown = sim.extend(tmp_path, draws=9, replications=12)
    assert sum(block.replications for block in simulated) == 9 * 12 - 4 * 10
    pd.testing.assert_frame_equal(grown.frame, sim.run(uncertain, ["now"], 12, draws=9).frame)
    pd.testing.assert_frame_equal(sim.read(tmp_path).draws, grown.draws)
    few = sim.run(uncertain, ["now"], 5, draws=3, out=tmp_path)  # asks for less than there is
    assert len(few.frame) == 9 * 12
    with pytest.raises(InputError, match="lhs of 9, seed 1 now"):
        sim.run(uncertain, ["now"], 12, draws=9, design="lhs", out=tmp_path)
    with pytest.raises(InputError, match="draws: sobol, seed 1 in the folder, None now"):
        sim.run(uncertain, ["now"], 12, out=tmp_path)


def test_a_strategy_that_is_new_to_the_scenario_extends_a_folder(scenario, tmp_path) -> None:
    sim.run(scenario, replications=30, out=tmp_path)
    wider = sim.loads(TEXT + 'raises = ["crisis"]\n[strategies.third]\n', "two.toml")
    with pytest.raises(InputError, match="strategy later"):
        sim.run(wider, replications=30, out=tmp_path)
    third = sim.loads(TEXT + "[strategies.third]\n", "two.toml")
    both = sim.run(third, ["third"], 30, out=tmp_path)
    assert both.manifest["strategies"] == ["now", "later", "third"]
    pd.testing.assert_frame_equal(both.frame, sim.run(third, replications=30).frame)
    # .. and the folder can still be read, and extended by the scenario that it began with
    assert len(sim.read(tmp_path).frame) == 90
    assert len(sim.run(scenario, replications=40, out=tmp_path).frame) == 120


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("seed", "seed: 1 in the folder, 2 now"),
        ("scenario", "success = 0.4"),
        ("horizon", "horizon: 800.0 in the folder, 900.0 now"),
        ("strategy", "strategy later"),
        ("columns", "columns: None in the folder"),
        ("keep", "keep: rows in the folder, summary now"),
        ("model version", "model version: 1 in the folder, 2 now"),
    ],
)
def test_another_run_is_not_mixed_in(scenario, tmp_path, monkeypatch, change, message) -> None:
    sim.run(scenario, replications=20, out=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    options = {
        "seed": {"seed": 2},
        "columns": {"columns": ["outcome"]},
        "keep": {"keep": "summary"},
    }
    texts = {
        "scenario": TEXT.replace("success = 0.3", "success = 0.4"),
        "horizon": TEXT.replace("horizon = 800", "horizon = 900"),
        "strategy": TEXT.replace('talks = ["crisis"]', 'talks = ["crisis>=2"]'),
    }
    if change == "model version":
        monkeypatch.setattr(manifests, "MODEL_VERSION", 2)
    other = sim.loads(texts.get(change, TEXT), "two.toml")
    with pytest.raises(InputError, match="holds another run") as error:
        sim.run(other, replications=20, out=tmp_path, **options.get(change, {}))
    assert message in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_folder_without_a_model_version_is_refused(scenario, tmp_path) -> None:
    sim.run(scenario, replications=5, out=tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    manifest["identity"]["laws"] = "3f1c"  # what stood there before models had versions
    del manifest["identity"]["model_version"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="model version: None in the folder, 1 now"):
        sim.run(scenario, replications=5, out=tmp_path)


@pytest.mark.parametrize("engine", ["program.py", "processes.py", "kernel.py", "streams.py"])
def test_a_comment_in_an_engine_leaves_folders_extendable(scenario, tmp_path, engine) -> None:
    sim.run(scenario, replications=5, out=tmp_path / "results")
    (tmp_path / "two.toml").write_text(TEXT, encoding="utf-8")
    package = Path(sim.__file__).parent
    shutil.copytree(package, tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    (source,) = (tmp_path / "sim").rglob(engine)
    source.write_text(f"{source.read_text(encoding='utf-8')}\n# a comment\n", encoding="utf-8")
    code = "import sim; r = sim.extend('results', replications=8, workers=1); print(len(r.frame))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("16\n", "")


def test_a_part_of_another_run_is_refused(scenario, tmp_path) -> None:
    sim.run(scenario, ["now"], 20, out=tmp_path / "a")
    sim.run(scenario, ["now"], 30, seed=2, out=tmp_path / "b")
    stray = parts(tmp_path / "b")[0]
    shutil.copy(stray, tmp_path / "a")
    with pytest.raises(InputError, match="is of another run"):
        sim.run(scenario, ["now"], 30, out=tmp_path / "a")


def test_columns_can_be_left_out(scenario, tmp_path) -> None:
    results = sim.run(scenario, replications=20, out=tmp_path, columns=["outcome", "time"])
    assert list(results.frame) == ["strategy", "draw", "replication", "outcome", "time"]


# -- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["rows", "summary"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_part_is_told_set_aside_and_told_again(
    scenario, tmp_path, capsys, simulated, damage, keep
) -> None:
    sim.run(scenario, replications=30, out=tmp_path, block=15, keep=keep)
    part = parts(tmp_path)[1]
    content = bytearray(part.read_bytes())
    if damage == "flipped":
        content[len(content) // 3] ^= 16
    part.write_bytes(content[: {"truncated": 100, "flipped": None, "empty": 0}[damage]])
    with pytest.raises(InputError, match=f"{part.name}: is damaged"):
        sim.read(tmp_path)
    simulated.clear()
    again = sim.run(scenario, replications=30, out=tmp_path, keep=keep)
    assert f"{part.name}: was damaged" in capsys.readouterr().err
    assert [block.replications for block in simulated] == [15]
    assert (tmp_path / f"{part.name}.damaged").exists()
    pd.testing.assert_frame_equal(again.frame, sim.run(scenario, replications=30, keep=keep).frame)
    pd.testing.assert_frame_equal(again.frame, sim.read(tmp_path).frame)


def test_a_damaged_manifest_is_written_anew_and_no_part_is_lost(
    scenario, tmp_path, capsys, simulated
) -> None:
    sim.run(scenario, replications=30, out=tmp_path)
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:200])
    with pytest.raises(InputError, match=r"manifest.json: is damaged"):
        sim.read(tmp_path)
    simulated.clear()
    again = sim.run(scenario, replications=30, out=tmp_path)
    assert "manifest.json: was damaged" in capsys.readouterr().err
    assert simulated == []
    pd.testing.assert_frame_equal(again.frame, sim.run(scenario, replications=30).frame)


def test_a_run_leaves_the_folder_of_a_study_alone(scenario, tmp_path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"kind": "search", "seed": 1}', encoding="utf-8")
    with pytest.raises(InputError, match="holds the results of detente search; allowed: another"):
        sim.run(scenario, replications=5, out=tmp_path)
    assert manifest.read_text(encoding="utf-8") == '{"kind": "search", "seed": 1}'
    assert parts(tmp_path) == []


def test_a_folder_without_a_manifest_is_no_results_folder(tmp_path) -> None:
    with pytest.raises(InputError, match="is empty; allowed: a results folder"):
        sim.read(tmp_path)
    (tmp_path / "manifest.json").write_text("[1, 2]")
    with pytest.raises(InputError, match="not the manifest"):
        sim.read(tmp_path)


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_told(
    scenario, tmp_path, simulated
) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError):
            sim.run(scenario, replications=5, out=path)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "a.parquet").write_text("x")
    with pytest.raises(InputError, match="holds Parquet files"):
        sim.run(scenario, replications=5, out=tmp_path / "foreign")
    assert simulated == []


def test_two_runs_do_not_write_to_one_folder(scenario, tmp_path) -> None:
    first = results_folder.ResultsFolder(tmp_path, "rows")
    first.open()
    with pytest.raises(InputError, match="another run is writing"):
        sim.run(scenario, replications=5, out=tmp_path)
    first.close()
    sim.run(scenario, replications=5, out=tmp_path)


def test_what_a_killed_run_left_behind_is_cleared_away(scenario, tmp_path) -> None:
    sim.run(scenario, replications=5, out=tmp_path)
    (tmp_path / ".detente-123-4.unfinished").write_bytes(b"half")
    sim.run(scenario, replications=9, out=tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_hidden_files_of_others_stay_as_they_are(scenario, tmp_path) -> None:
    names = {".lock", ".download.unfinished", ".touched"}
    run, search = tmp_path / "run", tmp_path / "search"
    for folder_ in (run, search):
        folder_.mkdir()
        for name in names:
            (folder_ / name).write_text("precious")
    sim.run(scenario, replications=5, out=run)
    sim.search(scenario, replications=20, out=search)
    for folder_ in (run, search):
        assert {p.name for p in folder_.glob(".*") if p.read_text() == "precious"} == names


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["worker", "caller"])
def test_a_full_disk_is_told_once_and_keeps_what_is_finished(
    scenario, tmp_path, monkeypatch, where
) -> None:
    sim.run(scenario, ["now"], 20, out=tmp_path)
    kept = [path.name for path in parts(tmp_path)]
    if where == "worker":
        monkeypatch.setattr(tasks.os, "fsync", full)
        monkeypatch.setattr(experiment, "write_manifest", lambda *_: None)
    else:
        monkeypatch.setattr(Path, "replace", full)
        monkeypatch.setattr(experiment, "write_manifest", lambda *_: None)
    with pytest.raises(RunError, match="No space left on device"):
        sim.run(scenario, ["now"], 60, out=tmp_path, block=10)
    monkeypatch.undo()
    assert [path.name for path in parts(tmp_path)] == kept
    assert not list(tmp_path.glob(".*"))
    assert len(sim.run(scenario, ["now"], 60, out=tmp_path).frame) == 60


def test_a_folder_that_is_deleted_meanwhile_is_told(scenario, tmp_path, monkeypatch) -> None:
    out, simulate = tmp_path / "out", tasks.simulate

    def and_delete(task):
        result = simulate(task)
        shutil.rmtree(out, ignore_errors=True)
        return result

    monkeypatch.setattr(tasks, "simulate", and_delete)
    with pytest.raises(RunError, match=r"out: is gone"):
        sim.run(scenario, ["now"], 40, out=out, workers=1)


# -- asking ---------------------------------------------------------------------------------------


def test_rows_are_counted_part_by_part(scenario, tmp_path) -> None:
    rows = sim.run(scenario, replications=50, out=tmp_path, block=20)
    counts = sim.run(scenario, replications=50, keep="summary")
    pd.testing.assert_frame_equal(rows.counts, counts.frame)


def test_rows_can_be_asked_by_sql(scenario, tmp_path) -> None:
    pytest.importorskip("duckdb")
    for out in (tmp_path, None):
        results = sim.run(scenario, replications=50, out=out)
        answer = results.query(
            "select strategy, count(*) n, count(first_freeze) f from rows group by 1 order by 1"
        )
        assert answer["n"].tolist() == [50, 50]
        frozen = results.frame.groupby("strategy", observed=True)["first_freeze"].count()
        assert answer["f"].tolist() == frozen.sort_index(key=lambda k: k.astype(str)).tolist()
    with pytest.raises(InputError, match="query"):
        results.query("select nothing from nowhere")
    assert sim.read(tmp_path).dataset.count_rows() == 100
    with pytest.raises(InputError, match="this run kept counts"):
        sim.run(scenario, replications=5, keep="summary").query("select 1")


@pytest.mark.parametrize("keep", ["rows", "summary"])
@pytest.mark.parametrize("draws", [0, 5])
def test_a_sample_of_a_folder_is_verified(tmp_path, keep, draws) -> None:
    uncertain = sim.loads(UNCERTAIN, "uncertain.toml")
    sim.run(uncertain, replications=25, draws=draws, out=tmp_path, keep=keep, block=30)
    verdict = sim.verify(tmp_path, sample=12)
    assert verdict.differences == []
    assert verdict.shards == len(parts(tmp_path))
    assert verdict.replications == 12


@pytest.mark.parametrize("keep", ["rows", "summary"])
def test_a_wrong_row_is_found(scenario, tmp_path, monkeypatch, keep) -> None:
    wrong = translate(scenario.strategy("now").override({"talks.deal.success": 0.35}))
    monkeypatch.setattr(experiment, "translate", lambda _: wrong)
    sim.run(scenario, ["now"], 30, out=tmp_path, keep=keep)
    monkeypatch.undo()
    assert sim.verify(tmp_path, sample=30).differences


def test_what_cannot_be_verified_is_said(scenario, tmp_path, monkeypatch) -> None:
    sim.run(scenario, ["now"], 5, out=tmp_path)
    monkeypatch.setattr(verification, "MODEL_VERSION", 2)
    with pytest.raises(InputError, match="was made by model version 1, and this is version 2"):
        sim.verify(tmp_path)


@pytest.mark.parametrize("keep", ["rows", "summary"])
@pytest.mark.parametrize("draws", [0, 5])
def test_what_is_missing_is_no_verified_folder(tmp_path, capsys, keep, draws) -> None:
    uncertain = sim.loads(UNCERTAIN, "uncertain.toml")
    sim.run(uncertain, ["now"], 25, out=tmp_path, keep=keep, draws=draws, block=15 * max(1, draws))
    one = parts(tmp_path)[0]
    one.rename(tmp_path / "away")
    lacking, whole = (75, 125) if draws else (15, 25)
    (said,) = sim.verify(tmp_path).differences
    assert said.startswith(f"now: {lacking} of {whole} replications are missing (")
    assert detente("verify", tmp_path) == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert "1 difference from what the manifest promises" in printed.out
    for path in parts(tmp_path):
        path.unlink()
    verdict = sim.verify(tmp_path)
    assert (verdict.shards, verdict.replications) == (0, 0)
    assert verdict.differences[0].startswith(f"now: {whole} of {whole} replications are missing")
    (tmp_path / "away").rename(one)
    sim.extend(tmp_path)
    assert sim.verify(tmp_path).differences == []


@pytest.mark.parametrize("keep", ["rows", "summary"])
def test_a_whole_strategy_that_is_missing_is_named(scenario, tmp_path, keep) -> None:
    sim.run(scenario, replications=20, out=tmp_path, keep=keep)
    next(path for path in parts(tmp_path) if "-later-" in path.name).unlink()
    verdict = sim.verify(tmp_path)
    assert verdict.differences == [
        "later: 20 of 20 replications are missing (replications 0 to 19); the command that made "
        "the folder simulates them"
    ]
    assert verdict.replications == 20


def test_more_replications_than_promised_and_other_draws_are_named(tmp_path) -> None:
    uncertain = sim.loads(UNCERTAIN, "uncertain.toml")
    table = sim.run(uncertain, ["now"], 2, draws=4).drawn
    table.write(tmp_path / "table.csv")
    out = tmp_path / "out"
    sim.run(uncertain, ["now"], 10, draws=tmp_path / "table.csv", out=out)
    manifest = json.loads((out / "manifest.json").read_text())
    changed = manifest | {"replications": 8}
    (out / "manifest.json").write_text(json.dumps(changed))
    (said,) = sim.verify(out).differences
    assert said.startswith("now: 8 replications beyond the 32 that the manifest promises")
    (out / "manifest.json").write_text(json.dumps(manifest))
    lines = (out / "draws.csv").read_text().splitlines()
    (out / "draws.csv").write_text(
        "\n".join(
            [lines[0], lines[2].replace("2,", "1,", 1), lines[1].replace("1,", "2,", 1), *lines[3:]]
        )
    )
    assert "draws.csv: holds other draws" in sim.verify(out).differences[0]
    (out / "draws.csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(InputError, match=r"draws\.csv: holds 3 draws; the manifest promises 4"):
        sim.verify(out)
    (out / "draws.csv").unlink()
    with pytest.raises(InputError, match=r"draws\.csv: cannot be read"):
        sim.verify(out)


@pytest.mark.parametrize("keep", ["rows", "summary"])
def test_what_was_compared_is_reported_not_what_was_asked_for(
    scenario, tmp_path, capsys, keep
) -> None:
    sim.run(scenario, ["now"], 5, out=tmp_path, keep=keep)
    for sample, compared in ((50, 5), (100_000, 5), (3, 3)):
        assert sim.verify(tmp_path, sample).replications == compared
        assert detente("verify", tmp_path, "--sample", sample) == 0
        assert f"{compared} replications simulated again" in capsys.readouterr().out


def test_what_is_missing_is_cut_into_rectangles() -> None:
    block = tasks.Block
    wanted = block("a", 1, 6, 0, 100)
    done = [block("a", 1, 2, 0, 100), block("a", 3, 2, 20, 30), block("a", 6, 1, 90, 30)]
    assert tasks.missing(wanted, done) == [
        block("a", 3, 2, 0, 20), block("a", 3, 2, 50, 50), block("a", 5, 1, 0, 100),
        block("a", 6, 1, 0, 90),
    ]  # fmt: skip


def test_a_scheduler_covers_everything_once_whatever_it_measures() -> None:
    random = np.random.default_rng(4)
    for workers, size in ((1, None), (3, None), (2, 7), (2, 1000)):
        wanted = [tasks.Block("a", 1, 9, 0, 2000), tasks.Block("b", 0, 1, 50, 9000)]
        scheduler = tasks.Scheduler(wanted, "compiled", workers, size)
        cover = {"a": np.zeros((10, 2000), int), "b": np.zeros((1, 9050), int)}
        while (one := scheduler.next()) is not None:
            cover[one.strategy][
                one.draw : one.draw + one.draws, one.first : one.first + one.count
            ] += 1
            scheduler.measured(tasks.TaskResult(one, seconds=float(random.exponential(2))))
            assert size is None or one.replications <= size
        assert (cover["a"][1:] == 1).all() and (cover["b"][0, 50:] == 1).all()
        assert scheduler.left == 0
