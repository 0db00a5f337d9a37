"""Draws: values for the uncertain parameters of a scenario, a parameter vector for each draw.

Draw 0 is the base value of every parameter. Draws 1..N sample the ranges by a space-filling design
in the unit cube: a scrambled Sobol sequence (I. M. Sobol 1967; scrambling by A. B. Owen 1998), of
which more draws continue the first ones, or a Latin hypercube (McKay, Beckman, Conover 1979). Each
coordinate then becomes a value by inverse transform of the law of its range. Parameters tied by a
rank correlation go through a Gaussian copula first: Spearman's rank correlation r belongs to normal
variables with correlation 2 sin(pi r / 6) (K. Pearson 1907).

All strategies have the same draws. A parameter that a strategy overrides is not sampled there.
Draws that give every strategy the same values are refused: a draw would be counted many times.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sim.engine import distributions, elementary, streams
from sim.engine.program import Program
from sim.errors import DrawsError, ScenarioError
from sim.scenario.loading import decoded
from sim.scenario.scenario import Range, Scenario
from sim.types import Floats, Ints

DESIGNS = ("sobol", "lhs")
AS_IN_FILE = "as in the file"
LAWS = (AS_IN_FILE, "pert", "uniform", "loguniform")
MOST_DRAWS = 1_000_000


@dataclass(frozen=True, repr=False)
class Draws:
    """A table of draws.

    Attributes:
        names: paths of the parameters, k of them.
        values: (N, k); row d - 1 holds draw d.
        origin: how they were made; draws of one origin continue each other.
    """

    names: tuple[str, ...]
    values: Floats
    origin: str

    def __repr__(self) -> str:
        return f"<Draws: {len(self.values):,} of {len(self.names)} parameters, {self.origin[:80]}>"

    def __len__(self) -> int:
        """Number of draws."""
        return len(self.values)

    @property
    def frame(self) -> pd.DataFrame:
        """Columns: draw (from 1), then each parameter by its path."""
        table = pd.DataFrame(self.values, columns=list(self.names))
        table.insert(0, "draw", np.arange(1, len(self) + 1))
        return table

    def uncertain_in(self, program: Program) -> tuple[Ints, Floats]:
        """The parameters that a program's strategy leaves uncertain.

        Returns:
            Their indices in the program, (m,), and their values by draw, (N, m).
        """
        free = [
            i
            for i, name in enumerate(self.names)
            if name in program.parameter_index and name not in program.scenario.chosen.overrides
        ]
        indices = np.array([program.parameter_index[self.names[i]] for i in free], np.int64)
        return indices, np.ascontiguousarray(self.values[:, free])

    def vary(self, program: Program) -> bool:
        """Whether the draws give the program different values; of one draw, whether any at all."""
        indices, values = self.uncertain_in(program)
        delegations = [name.startswith("delegations.") for name in program.parameter_index]
        whole = np.isin(indices, np.array(list(program.parameter_index.values()))[delegations])
        values[:, whole] = np.maximum(1, np.floor(values[:, whole] + 0.5))
        return bool(len(indices) and (len(self) == 1 or (values != values[0]).any()))

    def applied(self, program: Program, draw: int) -> Program:
        """The program with the parameters of a draw; as it is for draw 0, the base values.

        Raises:
            DrawsError: there is no such draw.
        """
        if draw == 0:
            return program
        if not 0 < draw <= len(self):
            raise DrawsError(f"draw: found {draw}; allowed: 0 to {len(self)}")
        indices, values = self.uncertain_in(program)
        return program.with_parameters_at(indices, values[draw - 1])

    def write(self, file: Path) -> None:
        """Write the table as CSV; every value is read again to the last bit."""
        with file.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["draw", *self.names])
            writer.writerows(
                [draw, *map(repr, row)] for draw, row in enumerate(self.values.tolist(), 1)
            )


def sample(
    scenario: Scenario,
    count: int,
    seed: int = 1,
    design: str = "sobol",
    law: str = AS_IN_FILE,
) -> Draws:
    """Sample the ranges of a scenario.

    Args:
        scenario: has the ranges and correlations.
        count: number of draws, 1 to MOST_DRAWS.
        seed: 0 <= seed < 2**64; that of the replications will do.
        design: "sobol", or "lhs", whose draws depend on their number.
        law: of every range: "pert", "uniform" or "loguniform" instead of what the file says.
            Ranges that begin at 0 stay uniform where it is "loguniform".

    Raises:
        DrawsError: no range of any width, an unknown design or law, a count out of bounds.
    """
    ranges = scenario.ranges()
    for what, found, allowed in (("design", design, DESIGNS), ("law of draws", law, LAWS)):
        if found not in allowed:
            raise DrawsError(f'{what}: found "{found}"; allowed: {", ".join(allowed)}')
    if not 1 <= count <= MOST_DRAWS:
        raise DrawsError(f"draws: found {count}; allowed: 1 to {MOST_DRAWS:,}")
    if not any(number.low < number.high for number in ranges.values()):
        raise DrawsError(
            f"draws: {scenario.name} has no uncertain parameter; allowed: no draws, or parameters "
            "given as { low, likely, high } with low < high"
        )
    values = transform(scenario, _cube(len(ranges), count, seed, design), law)
    whole = "" if design == "sobol" else f" of {count}"
    how = "" if law == AS_IN_FILE else f", all {law}"
    return Draws(tuple(ranges), values, f"{design}{whole}, seed {seed}{how}")


def require_variation(draws: Draws, programs: Sequence[Program]) -> None:
    """Refuse draws that do not differ for any of the strategies, or that repeat one another.

    Raises:
        DrawsError: the message names the strategies, or the two draws.
    """
    if (pair := repeated(draws.values)) is not None:
        first, again = (place + 1 for place in pair)
        raise DrawsError(f"draws: draw {again} repeats draw {first}; allowed: each draw once")
    if any(draws.vary(program) for program in programs):
        return
    names = [program.strategy for program in programs]
    leave = "leaves" if len(names) == 1 else "leave"
    raise DrawsError(
        f"draws: {', '.join(names)} {leave} no uncertain parameter open, so all {len(draws):,} "
        "draws are the same; allowed: no draws, or ranges with low < high that a strategy does "
        "not override"
    )


def repeated(values: Floats) -> tuple[int, int] | None:
    """The first row that equals an earlier one, as (earlier, later); None where all differ."""
    seen: dict[bytes, int] = {}
    for place, row in enumerate(values + 0.0):  # -0.0 equals 0.0
        if (first := seen.setdefault(row.tobytes(), place)) != place:
            return first, place
    return None


def transform(scenario: Scenario, cube: Floats, law: str = AS_IN_FILE) -> Floats:
    """Values of the ranges, (n, k), from points of the unit cube, (n, k), strictly inside it."""
    ranges = scenario.ranges()
    cube = _tied(scenario, list(ranges), cube)
    values = np.empty_like(cube)
    for i, number in enumerate(ranges.values()):
        values[:, i] = values_of(number, cube[:, i], law)
    return values


def _cube(dimensions: int, count: int, seed: int, design: str) -> Floats:
    from scipy.stats import qmc  # takes its time; a run without draws does not wait for it

    random = np.random.default_rng([seed, streams.stream("draws")])
    if design == "lhs":
        points: Floats = qmc.LatinHypercube(dimensions, rng=random).random(count)
        return points
    sequence = qmc.Sobol(dimensions, scramble=True, bits=53, rng=random)
    points = sequence.random_base2(max(0, int(count - 1).bit_length()))
    return points[:count]


def _tied(scenario: Scenario, names: list[str], cube: Floats) -> Floats:
    """The cube, with the coordinates of correlated numbers tied."""
    if not scenario.correlations:
        return cube
    from scipy.special import ndtr

    tied = sorted({names.index(name) for one in scenario.correlations for name in one.between})
    matrix = np.eye(len(tied))
    for one in scenario.correlations:
        i, j = (tied.index(names.index(name)) for name in one.between)
        matrix[i, j] = matrix[j, i] = 2 * np.sin(np.pi / 6 * one.rank)
    normal = np.array([[elementary.normal_quantile(u) for u in row] for row in cube[:, tied]])
    result = cube.copy()
    result[:, tied] = ndtr(normal @ np.linalg.cholesky(matrix).T)
    return result


def values_of(number: Range, u: Floats, law: str = AS_IN_FILE) -> Floats:
    """Values of one range at points of the unit interval, by inverse transform."""
    low, high = number.low, number.high
    law = number.as_ if law == AS_IN_FILE else law
    if low == high:
        return np.full_like(u, low)
    if law == "loguniform" and low > 0:
        values = low * np.array([elementary.exp(x) for x in u * elementary.log(high / low)])
    elif law == "pert":
        params, table = distributions.prepare(
            distributions.PERT, np.array([low, number.likely, high])
        )
        values = np.empty_like(u)
        distributions.quantiles(
            distributions.PERT, np.array(params), table, np.ascontiguousarray(u), values
        )
    else:
        values = low + (high - low) * u
    return np.clip(values, low, high)


def read(file: str | Path, scenario: Scenario) -> Draws:
    """Draws from a CSV file: a column for each parameter path, a row for each draw.

    A column ``draw`` is allowed, and counts from 1. Parameters without a column keep their
    base value.

    Raises:
        DrawsError: the file cannot be read, a parameter is unknown or not uncertain, a value does
            not fit, a row repeats another; the message names file, row and column.
    """
    path = Path(file)
    try:
        text = decoded(path.read_bytes())
        header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except (OSError, ValueError, csv.Error) as error:
        raise DrawsError(f"{path}: cannot be read ({error}); allowed: a CSV file") from None
    names = [name for name in header if name != "draw"]
    ranges = scenario.ranges()
    for name in names:
        if name not in ranges:
            raise DrawsError(
                f'{path}, row 1: "{name}" is no uncertain parameter of {scenario.name}; allowed: '
                "draw, and paths of uncertain parameters"
            )
    if not names or len(set(header)) < len(header) or not rows:
        raise DrawsError(
            f"{path}: found {len(names)} columns and {len(rows)} rows; allowed: each parameter "
            "once, and a row for each draw"
        )
    values = np.array([_row(path, place, header, row) for place, row in enumerate(rows, 2)])
    if (pair := repeated(values)) is not None:
        first, again = (place + 2 for place in pair)
        raise DrawsError(f"{path}, row {again}: repeats row {first}; allowed: each draw once")
    _check(path, scenario, names, values)
    digest = hashlib.blake2b(repr(names).encode() + values.tobytes(), digest_size=8).hexdigest()
    return Draws(tuple(names), values, f"file {digest}")


def _row(path: Path, place: int, header: Sequence[str], row: Sequence[str]) -> list[float]:
    if len(row) != len(header):
        raise DrawsError(
            f"{path}, row {place}: found {len(row)} columns; allowed: {len(header)}, as in row 1"
        )
    values = []
    for name, text in zip(header, row, strict=True):
        try:
            number = float(text)
        except ValueError:
            number = np.nan
        if name == "draw" and number != place - 1:
            raise DrawsError(f'{path}, row {place}, draw: found "{text}"; allowed: {place - 1}')
        if not np.isfinite(number):
            raise DrawsError(f'{path}, row {place}, {name}: found "{text}"; allowed: a number')
        if name != "draw":
            values.append(number)
    return values


def _check(path: Path, scenario: Scenario, names: Sequence[str], values: Floats) -> None:
    """Whether every draw makes a valid scenario."""
    for place, row in enumerate(values.tolist(), 2):
        tables = {
            name: float(max(1, round(value))) if name.startswith("delegations.") else value
            for name, value in zip(names, row, strict=True)
        }
        try:
            scenario.override(tables)
        except ScenarioError as error:
            fault = error.issues[0]
            raise DrawsError(f"{path}, row {place}: {fault}") from None
