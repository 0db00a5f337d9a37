"""The house: imports run one way, and the engines never import each other."""

from __future__ import annotations

import ast
from pathlib import Path

SIM = Path(__file__).parents[2] / "sim"

# The right may import the left. What reads scenario files stands together in one room.
ROOMS = (
    {"version"},
    {"_compiled"},
    {"laws"},
    {
        "faults",
        "numbers",
        "reading",
        "parts",
        "dotted",
        "files",
        "register",
        "consistency",
        "reach",
        "advice",
        "prose",
        "schema",
        "scenario",
    },
    {"candidates", "selection"},
    {"history"},
    {"fitting"},
    {"record"},
    {"assumptions"},
    {"ties"},
    {"program"},
    {"rows"},
    {"tally"},
    {"entities"},
    {"processes", "kernel"},
    {"contest"},
    {"story"},
    {"provenance"},
    {"stress"},
    {"draws"},
    {"blocks"},
    {"folder"},
    {"arguments", "tables"},
    {"crew"},
    {"progress"},
    {"backcast"},
    {"experiment"},
    {"calibration"},
    {"intervals"},
    {"controls"},
    {"question"},
    {"statistics", "risks", "comparison", "explanation"},
    {"dominance"},
    {"printing", "precision"},
    {"audit"},
    {"budget", "counterfactuals", "partings"},
    {"retold"},
    {"findings"},
    {"measures"},
    {"worlds"},
    {"sensitivity", "robust", "discovery"},
    {"switching"},
    {"wording"},
    {"canvas"},
    {"plots"},
    {"plots_decision"},
    {"plots_uncertainty"},
    {"sequences"},
    {"sequencing"},
    {"studies"},
    {"report"},
    {"decision"},
    {"legends"},
    {"contents"},
    {"page"},
    {"explore"},
    {"options"},
    {"cli"},
    {"__main__"},
)
OF_FRAMES = {"intervals", "controls", "question", "comparison"}
FRAMES_ONLY = {
    **dict.fromkeys(
        (
            "intervals",
            "controls",
            "question",
            "statistics",
            "risks",
            "comparison",
            "dominance",
            "explanation",
        ),
        OF_FRAMES,
    ),
    "printing": OF_FRAMES,
    "canvas": set(),
    "plots": {"story", "statistics", "canvas"},
    "plots_decision": {"story", "canvas", "plots", "printing", "budget"},
    "plots_uncertainty": {"canvas"},
    "discovery": {"intervals"},
}


def imports_of(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "sim":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim."):
            found.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("sim.")}
    return found - {"__version__"}


def modules() -> dict[str, set[str]]:
    paths = {path.stem: path for path in SIM.glob("*.py") if path.stem != "__init__"}
    found = {name: imports_of(path) for name, path in paths.items()}
    for package in SIM.glob("*/__init__.py"):
        files = package.parent.rglob("*.py")
        found[package.parent.name] = set().union(*map(imports_of, files))
    return found


def test_every_module_has_its_room_and_imports_only_what_stands_before_it() -> None:
    place = {name: i for i, room in enumerate(ROOMS) for name in room}
    for module, imported in modules().items():
        assert module in place, f"{module} has no room"
        for name in imported:
            assert place[name] <= place[module], f"{module} imports {name}"


def test_the_engines_never_import_each_other() -> None:
    found = modules()
    assert "kernel" not in found["processes"]
    assert "processes" not in found["kernel"]


def test_statistics_and_plots_see_only_frames() -> None:
    found = modules()
    for module, allowed in FRAMES_ONLY.items():
        if module in found:
            assert found[module] <= allowed


def test_everything_that_is_compiled_decides_the_cache() -> None:
    from sim.engine import jit

    for path in SIM.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "@compiled" in text or "@engine" in text:
            assert path.name in jit.SOURCES


def test_experiments_are_short() -> None:
    for path in (SIM.parent / "experiments").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 60, path.name
