"""The rows of shards: as a frame, some at a time, and counted by day."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.engine import daily_counts
from sim.engine.program import Program
from sim.engine.rows import from_table, slice_rows

if TYPE_CHECKING:
    import pyarrow as pa


def as_frame(table: pa.Table, strategies: Sequence[str]) -> pd.DataFrame:
    """A table of rows with the fixed types, in order; the columns of a type lie together."""
    frame: pd.DataFrame = table.to_pandas(self_destruct=True)
    frame["strategy"] = frame["strategy"].cat.set_categories(list(strategies))
    keys = [frame[name].to_numpy() for name in ("replication", "draw")]
    order = np.lexsort([*keys, frame["strategy"].cat.codes.to_numpy()])
    if not (order[:-1] < order[1:]).all():
        frame = frame.iloc[order].reset_index(drop=True)
    return frame


def row_groups(content: bytes) -> Iterator[pa.Table]:
    """The rows of a shard, some thousands at a time."""
    import pyarrow.parquet as pq

    shard = pq.ParquetFile(io.BytesIO(content))
    for group in range(shard.num_row_groups):
        yield shard.read_row_group(group)


def count(program: Program, content: bytes) -> daily_counts.Tally:
    """The daily counts of a shard of rows."""
    counter = daily_counts.Counter(program)
    for group in row_groups(content):
        draws = group["draw"].to_numpy()
        rows = from_table(program, group)
        for draw in np.unique(draws):
            first, last = np.searchsorted(draws, [draw, draw + 1])
            counter.add(slice_rows(rows, first, last), int(draw))
    return counter.tally
