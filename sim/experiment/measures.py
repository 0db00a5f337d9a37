"""Measures (:mod:`sim.analysis.measures`) of a scenario's replications, as engines leave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.analysis import measures
from sim.analysis.measures import Measure, Names
from sim.engine import rows as row_tables
from sim.engine.program import Program, translate
from sim.engine.rows import Rows
from sim.errors import MeasureError, unknown
from sim.scenario.scenario import Scenario, base_value


def parse(
    scenario: Scenario,
    measure: str | Measure = "reached",
    better: str | None = None,
    also: Sequence[str] = (),
) -> Measure:
    """The measure that a name stands for; a measure is returned as it is.

    Args:
        scenario: defines the conditions, the goal and the horizon.
        measure: see :mod:`sim.analysis.measures`.
        better: "more" or "less"; by the measure where None.
        also: names that the caller knows besides, for the message.

    Raises:
        MeasureError: the name, its condition or its date is not known.

    Example:
        >>> import sim
        >>> parse(sim.load("korea-2017"), "reached@365").label
        'share of replications that reached freeze by day 365'
    """
    if isinstance(measure, Measure):
        return measure
    program = translate(scenario)
    names = Names(
        scenario.goal, scenario.ruin, float(scenario.horizon), scenario.start,
        program.levels, program.conditions,
        {name: base_value(weight) for name, weight in scenario.utility.items()},
    )  # fmt: skip
    return measures.parse(names, measure, better, also)


@dataclass(frozen=True)
class RowColumns:
    """Rows of an engine, column by column, under the names that they have in a frame."""

    program: Program
    rows: Rows

    def __getitem__(self, column: str) -> npt.NDArray[Any]:
        """The values of a column, (n,); MeasureError where there is none of this name."""
        program, rows = self.program, self.rows
        if column == "outcome":
            return np.array(row_tables.outcomes(program))[rows.outcome]
        if column == "time":
            return rows.time
        kind, _, name = column.partition("_")
        if kind == "first" and name in program.levels:
            return rows.first[:, program.levels.index(name)]
        if kind == "held" and name in program.conditions:
            return rows.held[:, program.conditions.index(name)]
        counts = row_tables.count_columns(program)
        if column in counts:
            return rows.counts[:, counts.index(column)]
        known = [name for name in row_tables.names_of_columns(program) if name not in NOT_MEASURED]
        raise MeasureError(unknown("column", column, known))


NOT_MEASURED = ("strategy", "draw", "replication", "binding")
