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

from sim.engine import daily_counts
from sim.engine import rows as row_tables
from sim.engine.program import Program, translate
from sim.engine.rows import empty, slice_rows
from sim.engine.version import MODEL_VERSION
from sim.errors import InputError
from sim.experiment import argument_checks
from sim.experiment import draws as drawing
from sim.experiment.draws import Draws
from sim.experiment.manifests import planned_blocks
from sim.experiment.plan import chosen
from sim.experiment.results import Results, read
from sim.experiment.results_folder import DRAWS
from sim.experiment.shard_rows import row_groups
from sim.experiment.simulation import ENGINES
from sim.experiment.tasks import Block, missing
from sim.formatting import many
from sim.types import Ints

MOST_SAMPLE = 10**6
MOST_GAPS = 3  # of a strategy that are named


@dataclass(frozen=True)
class Verdict:
    """The result of a verification.

    Attributes:
        shards: number of shards in the folder; their checksums were right.
        replications: number that were compared: simulated again by each engine.
        differences: from the manifest, a line each; none where the folder is valid.
    """

    shards: int
    replications: int
    differences: list[str]


def verify(folder: str | Path, sample: int = 50, seed: int = 0) -> Verdict:
    """Check that a results folder holds what its manifest says.

    All checksums are checked, and that every replication of every strategy is there, once. A
    random sample of the replications is simulated again.

    Args:
        folder: of an earlier run.
        sample: number of replications to simulate again; all where there are fewer.
        seed: of the random sample.

    Raises:
        InputError: no results folder, a damaged shard, or another version of the model.

    Example:
        >>> import sim, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     results = sim.run(sim.load("korea-2017"), ["proposal"], 20, out=folder)
        ...     sim.verify(folder, sample=2)
        Verdict(shards=1, replications=2, differences=[])
    """
    sample = argument_checks.whole("sample", sample, 1, MOST_SAMPLE)
    argument_checks.seed(seed)
    results = read(folder)
    before = results.manifest["identity"].get("model_version")
    if before != MODEL_VERSION:
        raise InputError(
            f"{folder}: was made by model version {before}, and this is version {MODEL_VERSION}; "
            "allowed: the version of the package that made it "
            f"({results.manifest['versions'].get('detente')})"
        )
    blocks = results.blocks
    total = sum(block.replications for block in blocks)
    random = np.random.default_rng(seed)
    picked = np.sort(random.choice(total, min(sample, total), replace=False, shuffle=False))
    check = _check_rows if results.manifest["keep"] == "rows" else _check_counts
    differences = [*_incomplete(results, blocks), *_other_draws(results)]
    at = 0
    for block, content in results.shards():
        places = picked[(picked >= at) & (picked < at + block.replications)] - at
        if len(places):
            differences += check(results, block, content, places)
        at += block.replications
    return Verdict(len(blocks), len(picked), differences)


def _incomplete(results: Results, blocks: Sequence[Block]) -> list[str]:
    """Strategies with fewer or more replications than the manifest promises."""
    found = []
    for whole in planned_blocks(results.manifest):
        there = [block for block in blocks if block.strategy == whole.strategy]
        gaps, of = missing(whole, there), f"of {many(whole.replications, 'replication')}"
        lacking = sum(block.replications for block in gaps)
        if lacking:
            where = "; ".join(block.place for block in gaps[:MOST_GAPS])
            more = f"; and {len(gaps) - MOST_GAPS} more gaps" if len(gaps) > MOST_GAPS else ""
            found.append(
                f"{whole.strategy}: {lacking:,} {of} are missing ({where}{more}); the command "
                "that made the folder simulates them"
            )
        surplus = sum(block.replications for block in there) - (whole.replications - lacking)
        if surplus:
            found.append(
                f"{whole.strategy}: {many(surplus, 'replication')} beyond the "
                f"{whole.replications:,} that the manifest promises, or stored twice"
            )
    return found


def _other_draws(results: Results) -> list[str]:
    """A line where the file of draws is not the one that the manifest names."""
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
    for group in row_groups(content):
        here = places[(places >= at) & (places < at + group.num_rows)]
        for place, row in zip(here.tolist(), group.take(here - at).to_pylist(), strict=True):
            key = (block.strategy, *block.at(place))
            if (row["strategy"], row["draw"], row["replication"]) != key:
                found.append(f"{block.address}: row {place} is not of draw {key[1]}, "
                             f"replication {key[2]}")  # fmt: skip
            else:
                found += _compare(results, program, row, group.column_names)
        at += group.num_rows
    if at != block.replications:
        found.append(f"{block.address}: {at:,} rows instead of {block.replications:,}")
    return found


def _compare(
    results: Results, program: Program, row: dict[str, Any], columns: list[str]
) -> list[str]:
    draw, replication = row["draw"], row["replication"]
    found = []
    for engine, simulator in ENGINES.items():
        rows = empty(program, 1)
        simulator(_drawn(results, program, draw)).simulate(
            results.manifest["seed"], replication, rows
        )
        again = row_tables.table(program, rows, draw, [replication], columns).to_pylist()[0]
        found += [
            f"{row['strategy']}, draw {draw}, replication {replication}, {name}: "
            f"{row[name]} in the folder, {again[name]} by the {engine} engine"
            for name in columns
            if again[name] != row[name]
        ]
    return found


def _check_counts(results: Results, block: Block, content: bytes, places: Ints) -> list[str]:
    """Counts cannot be taken apart: the block is simulated again, a sample by both engines."""
    program, seed = _program(results, block.strategy), results.manifest["seed"]
    counter = daily_counts.Counter(program)
    found = []
    for draw in range(block.draw, block.draw + block.draws):
        drawn = _drawn(results, program, draw)
        rows = empty(program, block.count)
        ENGINES["compiled"](drawn).simulate(seed, block.first, rows)
        counter.add(rows, draw)
        for replication in (r for d, r in map(block.at, places.tolist()) if d == draw):
            again = empty(program, 1)
            ENGINES["simpy"](drawn).simulate(seed, replication, again)
            at = replication - block.first
            one = slice_rows(rows, at, at + 1)
            tables = [row_tables.table(program, row, draw, [0]) for row in (one, again)]
            if not tables[0].equals(tables[1]):
                found.append(
                    f"{block.strategy}, draw {draw}, replication {replication}: the engines differ"
                )
    whole = counter.tally
    if daily_counts.encode(whole, "") != daily_counts.encode(daily_counts.decode(content)[0], ""):
        found.append(f"{block.address}: other counts than in the folder")
    return found


def _program(results: Results, strategy: str) -> Program:
    scenario = chosen(results.scenario, strategy)
    return translate(scenario).limited(results.manifest["most_events"])


def _drawn(results: Results, program: Program, draw: int) -> Program:
    table: Draws | None = results.drawn
    return program if table is None else table.applied(program, draw)
