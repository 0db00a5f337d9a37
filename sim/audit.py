"""Does a results folder hold what its manifest says? Some of its histories are told again.

Both engines tell them, and every field must be the same to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim import experiment, tally
from sim import rows as row_tables
from sim.blocks import ENGINES, Block
from sim.draws import Draws
from sim.experiment import Results
from sim.folder import InputError
from sim.program import Program, translate
from sim.rows import empty, part_of
from sim.version import MODEL_VERSION

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        parts: all of a folder, whose checksums were right.
        histories: told again by each engine.
        differences: a line each; none where all is well.
    """

    parts: int
    histories: int
    differences: list[str]


def verify(folder: str | Path, sample: int = 50, seed: int = 0) -> Verdict:
    """Check all checksums of a results folder, and tell a random sample of its histories again.

    Args:
        folder: of an earlier run.
        sample: how many histories.
        seed: of their choice.

    Raises:
        InputError: no results folder, a damaged part, no histories, or another version of the laws.
    """
    results = experiment.read(folder)
    before = results.manifest["identity"].get("model_version")
    if before != MODEL_VERSION:
        raise InputError(
            f"{folder}: was made by model version {before}, and this is version {MODEL_VERSION}; "
            "allowed: the version of the package that made it "
            f"({results.manifest['versions'].get('detente')})"
        )
    parts = list(results.parts())
    if not parts:
        raise InputError(f"{folder}: holds no histories yet")
    random = np.random.default_rng(seed)
    weights = np.array([block.histories for block, _ in parts], float)
    picked = random.choice(len(parts), size=sample, p=weights / weights.sum())
    differences: list[str] = []
    for place in sorted(set(picked.tolist())):
        block, content = parts[place]
        number = min(int((picked == place).sum()), block.histories)
        places = np.sort(random.choice(block.histories, size=number, replace=False))
        check = _check_rows if results.manifest["keep"] == "rows" else _check_counts
        differences += check(results, block, content, places)
    return Verdict(len(parts), sample, differences)


def _check_rows(results: Results, block: Block, content: bytes, places: Ints) -> list[str]:
    program = _program(results, block.strategy)
    found, at = [], 0
    for piece in experiment.pieces(content):
        here = places[(places >= at) & (places < at + piece.num_rows)] - at
        for row in piece.take(here).to_pylist():
            found += _compare(results, program, row, piece.column_names)
        at += piece.num_rows
    return found


def _compare(
    results: Results, program: Program, row: dict[str, Any], columns: list[str]
) -> list[str]:
    draw, replication = row["draw"], row["replication"]
    found = []
    for engine, teller in ENGINES.items():
        rows = empty(program, 1)
        teller(_drawn(results, program, draw)).tell(results.manifest["seed"], replication, rows)
        again = row_tables.table(program, rows, draw, [replication], columns).to_pylist()[0]
        found += [
            f"{row['strategy']}, draw {draw}, replication {replication}, {name}: "
            f"{row[name]} in the folder, {again[name]} by the {engine} engine"
            for name in columns
            if again[name] != row[name]
        ]
    return found


def _check_counts(results: Results, block: Block, content: bytes, places: Ints) -> list[str]:
    """Counts cannot be taken apart: the whole block is told again, some histories by both."""
    program, seed = _program(results, block.strategy), results.manifest["seed"]
    counter = tally.Counter(program)
    found = []
    for draw in range(block.draw, block.draw + block.draws):
        drawn = _drawn(results, program, draw)
        rows = empty(program, block.count)
        ENGINES["compiled"](drawn).tell(seed, block.first, rows)
        counter.add(rows, draw)
        for place in places[places // block.count == draw - block.draw] % block.count:
            again = empty(program, 1)
            ENGINES["simpy"](drawn).tell(seed, block.first + int(place), again)
            one = part_of(rows, int(place), int(place) + 1)
            tables = [row_tables.table(program, told, draw, [0]) for told in (one, again)]
            if not tables[0].equals(tables[1]):
                found.append(
                    f"{block.strategy}, draw {draw}, replication {block.first + int(place)}: "
                    "the engines differ"
                )
    whole = counter.tally
    if tally.encode(whole, "") != tally.encode(tally.decode(content)[0], ""):
        found.append(f"{block.address}: other counts than in the folder")
    return found


def _program(results: Results, strategy: str) -> Program:
    scenario = experiment.chosen(results.scenario, strategy)
    return translate(scenario).limited(results.manifest["most_events"])


def _drawn(results: Results, program: Program, draw: int) -> Program:
    table: Draws | None = results.drawn
    return program if table is None else table.applied(program, draw)
