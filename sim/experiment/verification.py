"""Does a results folder hold what its manifest says?

Everything that the manifest promises must be there, and some of it is simulated again, by both
engines: every field must be the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.engine import daily_counts
from sim.engine import rows as row_tables
from sim.engine.program import Program, translate
from sim.engine.rows import empty, part_of
from sim.engine.version import MODEL_VERSION
from sim.experiment import argument_checks, experiment
from sim.experiment import draws as drawing
from sim.experiment.draws import Draws
from sim.experiment.experiment import Results
from sim.experiment.results_folder import DRAWS, InputError
from sim.experiment.tasks import ENGINES, Block, missing
from sim.reporting.text_tables import many

Ints = npt.NDArray[np.int64]

MOST_SAMPLE = 10**6
MOST_GAPS = 3  # of a strategy that are named


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        parts: all of a folder, whose checksums were right.
        histories: replications that were compared: simulated again by each engine.
        differences: from what the manifest says, a line each; none where all is well.
    """

    parts: int
    histories: int
    differences: list[str]


def verify(folder: str | Path, sample: int = 50, seed: int = 0) -> Verdict:
    """Check that a results folder holds what its manifest says.

    All checksums are checked, and that every replication of every strategy is there, once. A
    random sample of the replications is simulated again.

    Args:
        folder: of an earlier run.
        sample: how many replications; all, where there are no more.
        seed: of their choice.

    Raises:
        InputError: no results folder, a damaged part, or another version of the model.
    """
    sample = argument_checks.whole("sample", sample, 1, MOST_SAMPLE)
    argument_checks.seed(seed)
    results = experiment.read(folder)
    before = results.manifest["identity"].get("model_version")
    if before != MODEL_VERSION:
        raise InputError(
            f"{folder}: was made by model version {before}, and this is version {MODEL_VERSION}; "
            "allowed: the version of the package that made it "
            f"({results.manifest['versions'].get('detente')})"
        )
    blocks = results.blocks
    total = sum(block.histories for block in blocks)
    random = np.random.default_rng(seed)
    picked = np.sort(random.choice(total, min(sample, total), replace=False, shuffle=False))
    check = _check_rows if results.manifest["keep"] == "rows" else _check_counts
    differences = [*_incomplete(results, blocks), *_other_draws(results)]
    at = 0
    for block, content in results.parts():
        places = picked[(picked >= at) & (picked < at + block.histories)] - at
        if len(places):
            differences += check(results, block, content, places)
        at += block.histories
    return Verdict(len(blocks), len(picked), differences)


def _incomplete(results: Results, blocks: Sequence[Block]) -> list[str]:
    """Which strategies lack replications that the manifest promises, or hold more."""
    found = []
    for whole in experiment.promised(results.manifest):
        there = [block for block in blocks if block.strategy == whole.strategy]
        gaps, of = missing(whole, there), f"of {many(whole.histories, 'replication')}"
        lacking = sum(block.histories for block in gaps)
        if lacking:
            where = "; ".join(block.place for block in gaps[:MOST_GAPS])
            more = f"; and {len(gaps) - MOST_GAPS} more gaps" if len(gaps) > MOST_GAPS else ""
            found.append(
                f"{whole.strategy}: {lacking:,} {of} are missing ({where}{more}); the command "
                "that made the folder simulates them"
            )
        surplus = sum(block.histories for block in there) - (whole.histories - lacking)
        if surplus:
            found.append(
                f"{whole.strategy}: {many(surplus, 'replication')} beyond the {whole.histories:,} "
                "that the manifest promises, or stored twice"
            )
    return found


def _other_draws(results: Results) -> list[str]:
    """Whether the draws of a file are those that the manifest names."""
    named, drawn = results.manifest["identity"]["draws"], results.drawn
    if drawn is None or results.folder is None:
        return []
    path = results.folder / DRAWS
    found = drawing.read(path, results.scenario).origin
    if not str(named).startswith("file ") or found == named:
        return []
    return [f"{path}: holds other draws ({found}) than the manifest names ({named})"]


def _check_rows(results: Results, block: Block, content: bytes, places: Ints) -> list[str]:
    program = _program(results, block.strategy)
    found, at = [], 0
    for piece in experiment.pieces(content):
        here = places[(places >= at) & (places < at + piece.num_rows)]
        for place, row in zip(here.tolist(), piece.take(here - at).to_pylist(), strict=True):
            key = (block.strategy, *block.at(place))
            if (row["strategy"], row["draw"], row["replication"]) != key:
                found.append(f"{block.address}: row {place} is not of draw {key[1]}, "
                             f"replication {key[2]}")  # fmt: skip
            else:
                found += _compare(results, program, row, piece.column_names)
        at += piece.num_rows
    if at != block.histories:
        found.append(f"{block.address}: {at:,} rows instead of {block.histories:,}")
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
    counter = daily_counts.Counter(program)
    found = []
    for draw in range(block.draw, block.draw + block.draws):
        drawn = _drawn(results, program, draw)
        rows = empty(program, block.count)
        ENGINES["compiled"](drawn).tell(seed, block.first, rows)
        counter.add(rows, draw)
        for replication in (r for d, r in map(block.at, places.tolist()) if d == draw):
            again = empty(program, 1)
            ENGINES["simpy"](drawn).tell(seed, replication, again)
            at = replication - block.first
            one = part_of(rows, at, at + 1)
            tables = [row_tables.table(program, told, draw, [0]) for told in (one, again)]
            if not tables[0].equals(tables[1]):
                found.append(
                    f"{block.strategy}, draw {draw}, replication {replication}: the engines differ"
                )
    whole = counter.tally
    if daily_counts.encode(whole, "") != daily_counts.encode(daily_counts.decode(content)[0], ""):
        found.append(f"{block.address}: other counts than in the folder")
    return found


def _program(results: Results, strategy: str) -> Program:
    scenario = experiment.chosen(results.scenario, strategy)
    return translate(scenario).limited(results.manifest["most_events"])


def _drawn(results: Results, program: Program, draw: int) -> Program:
    table: Draws | None = results.drawn
    return program if table is None else table.applied(program, draw)
