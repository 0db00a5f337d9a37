"""What the README shows runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import sim
from sim.cli import commands

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_the_python_block_runs(capsys) -> None:
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    assert "all_parallel" in capsys.readouterr().out


def test_the_scenario_in_ten_lines_is_valid_and_runs(tmp_path, monkeypatch) -> None:
    (block,) = blocks("toml")
    (tmp_path / "talks.toml").write_text(block, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert commands.main(["check", "talks.toml"]) == 0
    assert commands.main(["run", "talks.toml", "--replications", "50", "--quiet"]) == 0
    frame = sim.run(sim.load("talks.toml"), replications=200).frame
    assert 0.5 < frame["first_deal"].notna().mean() < 1.0


def test_the_commands_exist() -> None:
    for line in re.findall(r"^detente (.*?)(?:#.*)?$", README, re.M):
        arguments = line.split()
        if "my-scenario.toml" not in arguments:
            commands.parser().parse_args(arguments)


def test_modules_in_the_architecture_table_exist() -> None:
    root = Path(__file__).parents[2]
    for name in re.findall(r"`((?:sim/)?\w+\.py)`", README):
        assert (root / name).exists() or (root / "sim" / name).exists(), name
