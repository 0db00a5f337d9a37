"""Manifests: what ``manifest.json`` of a run or a study says, written and read.

The manifest of a run names its plan, the versions that made it, its failures and the scenario's
text; its *identity* says which results may lie in one folder. The manifest of a study
(:mod:`sim.studies.study`) describes its tables.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from sim.engine.version import MODEL_VERSION
from sim.errors import InputError
from sim.experiment import provenance
from sim.experiment.draws import Draws
from sim.experiment.files import cannot_be_written, write_file
from sim.experiment.plan import KEEP, RunPlan
from sim.experiment.tasks import Block
from sim.scenario.loading import decoded
from sim.scenario.scenario import Scenario

MANIFEST = "manifest.json"
RESULTS_FOLDER = "allowed: a results folder, as run, compare and the other commands write it"
AS_WRITTEN = "allowed: the manifest as the command wrote it"
MOST_NAMES = 3  # of files that are named where a results folder should be
MOST_LINES = 20  # of a difference that is printed
OF_A_MANIFEST: dict[str, type] = {
    "identity": dict,
    "strategies": list,
    "strategy_texts": dict,
    "replications": int,
    "draws": int,
    "seed": int,
    "keep": str,
    "text": str,
}


def default_folder(scenario: Scenario, seed: int, *asked: str) -> Path:
    """``results/<scenario>-<hash>-seed<seed>-<asked>`` below the working directory.

    Args:
        scenario, seed: of the run or study.
        asked: the name of the study, and what distinguishes it from others of that name.
    """
    return Path("results") / "-".join([scenario.name, scenario.hash[:8], f"seed{seed}", *asked])


def about(scenario: Scenario, seed: int) -> dict[str, Any]:
    """The entries that every manifest has: the scenario, its text, seed, command, versions."""
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "hash": scenario.hash,
        "seed": seed,
        "horizon": scenario.horizon,
        "goal": scenario.goal,
        "ruin": scenario.ruin,
        "command": provenance.command(),
        "began": provenance.now(),
        "finished": None,
        "versions": provenance.versions(),
        "text": scenario.text,
    }


def run_manifest(
    scenario: Scenario, plan: RunPlan, names: Sequence[str], drawn: Draws | None
) -> dict[str, Any]:
    """The manifest of a run that begins."""
    model, texts = scenario.pieces
    return about(scenario, plan.seed) | {
        "strategies": list(names),
        "replications": plan.replications,
        "draws": 0 if drawn is None else len(drawn),
        "design": plan.design,
        "law": plan.law,
        "engine": plan.engine,
        "keep": plan.keep,
        "columns": None,
        "most_events": plan.most_events,
        "failures": [],
        "identity": {
            "model": model,
            "horizon": scenario.horizon,
            "seed": plan.seed,
            "model_version": MODEL_VERSION,
            "draws": None if drawn is None else drawn.origin,
            "keep": plan.keep,
            "columns": None,
        },
        "strategy_texts": {name: texts[name] for name in names if name in texts},
    }


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a manifest, whole or not at all.

    Raises:
        RunError: it cannot be written.
    """
    path = folder / MANIFEST
    try:
        write_file(path, (json.dumps(manifest, indent=2) + "\n").encode())
    except OSError as error:
        raise cannot_be_written(path, error) from error


def note_question(
    folder: Path, manifest: dict[str, Any], baseline: str | None, endpoint: str | None
) -> None:
    """Write what a run was made to answer into its manifest; its page answers the same.

    Args:
        folder, manifest: of the run; the manifest is changed.
        baseline: that the other strategies are compared with; None: the first.
        endpoint: the condition that ranks the strategies; None: the goal.

    Raises:
        RunError: it cannot be written.
    """
    manifest["question"] = {"baseline": baseline, "endpoint": endpoint}
    write_manifest(folder, manifest)


def question_of(
    manifest: dict[str, Any], baseline: str | None = None, endpoint: str | None = None
) -> tuple[str | None, str | None]:
    """Baseline and endpoint of a page: those given, else those that the run was made with."""
    noted = manifest.get("question", {})
    return baseline or noted.get("baseline"), endpoint or noted.get("endpoint")


class _Manifest(dict[str, Any]):
    """A table of a manifest, which says in one sentence what it lacks."""

    def __init__(self, content: dict[str, Any], path: Path) -> None:
        super().__init__(content)
        self.path = path

    def __missing__(self, key: str) -> NoReturn:
        raise InputError(f'{self.path}: lacks "{key}"; {AS_WRITTEN}')


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """The manifest of a results folder; whoever needs a key that it lacks gets an InputError.

    Raises:
        InputError: there is no such folder, or no manifest in it that can be read.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    try:
        text = decoded(path.read_bytes())
        manifest = json.loads(text, object_hook=lambda table: _Manifest(table, path))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{folder}: {_instead(folder)}; {RESULTS_FOLDER}") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror or error}); {RESULTS_FOLDER}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is damaged ({error}); {AS_WRITTEN}") from None
    if not isinstance(manifest, dict):
        raise InputError(f"{path}: is not the manifest of a results folder; {RESULTS_FOLDER}")
    return manifest


def _instead(folder: Path) -> str:
    """What stands where a results folder should."""
    if not os.path.lexists(folder):
        return "no such folder"
    if not folder.is_dir():
        return "is a file" if folder.exists() else "is a link to nothing"
    names = sorted(one.name for one in folder.iterdir())
    shown = ", ".join([*names[:MOST_NAMES], *([".."] if len(names) > MOST_NAMES else [])])
    return f"has no {MANIFEST}; it holds {shown}" if names else "is empty"


def kind_of(path: Path) -> str | None:
    """The kind of study that a folder holds; None of a run, and where the manifest is damaged."""
    try:
        return read_manifest(path).get("kind")
    except InputError:
        return None


def manifest_of(folder: str | Path) -> dict[str, Any]:
    """The manifest of a run.

    Raises:
        InputError: there is none that can be read, or it is that of something else.
    """
    manifest = read_manifest(folder)
    path, kind = Path(folder) / MANIFEST, manifest.get("kind")
    if kind is not None or not set(manifest) & set(OF_A_MANIFEST):
        raise InputError(
            f"{path}: is not the manifest of a run (it is of kind {kind or 'unknown'}); allowed: a "
            "folder made by detente run or compare"
        )
    for key, of in OF_A_MANIFEST.items():
        if not isinstance(manifest[key], of):
            raise InputError(f"{path}, {key}: found {manifest[key]!r}; {AS_WRITTEN}")
    if manifest["keep"] not in KEEP:
        raise InputError(f"{path}, keep: found {manifest['keep']}; allowed: {', '.join(KEEP)}")
    return manifest


def planned_blocks(manifest: dict[str, Any]) -> list[Block]:
    """All replications that a run is to hold, as its manifest says: a block for each strategy."""
    draw, draws = (1, manifest["draws"]) if manifest["draws"] else (0, 1)
    count = manifest["replications"]
    return [Block(name, draw, draws, 0, count) for name in manifest["strategies"]]


# -- identity -------------------------------------------------------------------------------------


def identity_of(manifest: dict[str, Any], strategy: str) -> str:
    """The identity of the run that the shards of a strategy hold: 32 hexadecimal digits."""
    identity = [manifest["identity"], manifest["strategy_texts"].get(strategy, "")]
    return hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest()


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """In what two manifests are of different runs; empty where they are not."""
    lines = []
    for key, value in now["identity"].items():
        old = before["identity"].get(key)
        if old != value and key != "model":
            label = key.replace("_", " ")
            lines.append(f"  {label}: {_short(old)} in the folder, {_short(value)} now")
    if before["identity"].get("model") != now["identity"]["model"]:
        lines.append(f"  scenario: {before.get('scenario')} in the folder, {now['scenario']} now")
        lines += _lines(before["text"], now["text"])
    for name, text in now["strategy_texts"].items():
        old_text = before.get("strategy_texts", {}).get(name, text)
        if old_text != text:
            lines.append(f"  strategy {name}:")
            lines += _lines(old_text, text)
    return "\n".join(lines)


def _lines(old: str, new: str) -> list[str]:
    changed = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
    changed = [f"    {line}" for line in changed if not line.startswith("@@")]
    if len(changed) > MOST_LINES:
        changed = [*changed[:MOST_LINES], f"    .. and {len(changed) - MOST_LINES} lines more"]
    return changed


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:37] + ".."


def identities(manifest: dict[str, Any]) -> dict[str, str]:
    """The identity of the run, as the shards of each strategy hold it."""
    return {name: identity_of(manifest, name) for name in manifest["strategies"]}
