"""Where in the space of the numbers something happens, as rules: scenario discovery.

B. P. Bryant and R. J. Lempert (2010) ask for boxes in the space of the draws: their *coverage* is
the share of all cases of interest that lie in the box, their *density* the share of the draws in
the box that are of interest, their *support* the share of all draws in the box.

A regression tree (L. Breiman et al. 1984, by scikit-learn) of the outcome itself, which says more
than whether it is of interest, proposes the boxes from one half of the draws, its size chosen by
cross-validation; the other half, which it has not seen, judges them.
A rule stands only if there its density is surely above what a box anywhere would have, so that
noise makes no rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.analysis.intervals import LEVEL, wilson
from sim.analysis.measures import SHARE
from sim.experiment.draws import Draws
from sim.experiment.evaluator import Evaluator
from sim.studies.regret import DrawMeans, regrets, shrunk
from sim.types import Flags, Floats

FEWEST_DRAWS = 60
FEWEST_CASES = 10  # of either kind, in each half
LEAVES = (2, 3, 4, 5, 6)
INFLUENTIAL = 30  # parameters in which rules are looked for
FAILING = 0.25  # the worst share of the draws, which counts as failing unless a limit is given
SMALLEST_LEAF = 0.05  # of the draws


class Box(NamedTuple):
    """What a rule asks of the numbers: low < number <= high of each."""

    limits: dict[str, tuple[float, float]]

    def holds(self, names: Sequence[str], values: Floats) -> Flags:
        """In which draws it holds, (n,)."""
        inside = np.ones(len(values), bool)
        for name, (low, high) in self.limits.items():
            column = values[:, list(names).index(name)]
            inside &= (column > low) & (column <= high)
        return inside

    def __str__(self) -> str:
        """The rule in words."""
        return " and ".join(_condition(*one) for one in self.limits.items())


def _condition(name: str, limits: tuple[float, float]) -> str:
    low, high = limits
    if low == -np.inf:
        return f"{name} <= {high:.3g}"
    return f"{name} > {low:.3g}" if high == np.inf else f"{low:.3g} < {name} <= {high:.3g}"


def discover(
    names: Sequence[str],
    values: Floats,
    interesting: Flags,
    random: np.random.Generator,
    outcome: Floats | None = None,
) -> tuple[pd.DataFrame, str]:
    """Rules that say where the draws of interest are.

    Args:
        names: of the numbers, k.
        values: (n, k).
        interesting: (n,).
        random: splits the draws in halves.
        outcome: of each draw, (n,), from which it follows whether a draw is of interest; where
            None, that itself.

    Returns:
        A row for each rule that stands, the densest first: rule, and as low, best, high: coverage,
        density, support; all from the half of the draws that did not make the rules. And a
        sentence on why there are none, or empty.
    """
    columns = [f"{n}{end}" for n in ("coverage", "density", "support")
               for end in ("_low", "", "_high")]  # fmt: skip
    none = pd.DataFrame({"rule": pd.Series(dtype=object)} | {c: pd.Series(dtype=float)
                                                             for c in columns})  # fmt: skip
    # Neighbours in a Sobol sequence lie in opposite halves of every range: chance parts them.
    order = random.permutation(len(values))
    made, judged = order[: len(order) // 2], order[len(order) // 2 :]
    cases = int(interesting.sum())
    if len(values) < FEWEST_DRAWS:
        return none, f"too few draws ({len(values)}) to find rules in; {FEWEST_DRAWS} might do"
    rare = min(min(int(f.sum()), int((~f).sum())) for f in (interesting[made], interesting[judged]))
    if rare < FEWEST_CASES:
        return (
            none,
            f"it happens in {cases} of {len(values)} draws: too one-sided for rules",
        )
    target = interesting.astype(float) if outcome is None else outcome
    boxes = list(_boxes(names, values[made], interesting[made], target[made]))
    if not boxes:
        return none, "no rule stands: none predicts unseen draws better than their share alone"
    rows = [_judge(box, names, values[judged], interesting[judged], len(boxes)) for box in boxes]
    kept = [row for row in rows if row is not None]
    if not kept:
        return none, "no rule stands: those of one half of the draws fail in the other half"
    table = pd.DataFrame(kept).sort_values(
        ["density", "coverage"], ascending=False, ignore_index=True
    )
    return table, ""


def _boxes(
    names: Sequence[str], values: Floats, interesting: Flags, target: Floats
) -> Iterator[Box]:
    """The leaves of the best tree in which interest is above its share."""
    tree = _tree(values, target)
    if tree is None:
        return
    for limits in _leaves(tree.tree_, names, 0, {}):
        box = Box(limits)
        if limits and interesting[box.holds(names, values)].mean() > interesting.mean():
            yield box


def _tree(values: Floats, target: Floats) -> Any:
    """The smallest tree within a standard error of the best; None where a constant is as good."""
    from sklearn.dummy import DummyRegressor
    from sklearn.model_selection import RepeatedKFold, cross_val_score
    from sklearn.tree import DecisionTreeRegressor

    leaf = max(5, int(SMALLEST_LEAF * len(values)))

    def grown(leaves: int) -> Any:
        return DecisionTreeRegressor(max_leaf_nodes=leaves, min_samples_leaf=leaf, random_state=0)

    folds = RepeatedKFold(n_splits=5, n_repeats=4, random_state=0)
    scores = np.array(
        [
            cross_val_score(model, values, target, cv=folds, scoring="neg_mean_squared_error")
            for model in (DummyRegressor(), *map(grown, LEAVES))
        ]
    )
    # Against a constant in the same folds; repeats use the same draws again.
    gains = scores[1:] - scores[0]
    best = int(gains.mean(axis=1).argmax())
    if gains[best].mean() <= 0:
        return None
    error = gains[best].std(ddof=1) / np.sqrt(5)
    enough = np.flatnonzero(gains.mean(axis=1) >= gains[best].mean() - error)[0]
    return grown(LEAVES[enough]).fit(values, target)


def _leaves(
    tree: Any, names: Sequence[str], node: int, limits: dict[str, tuple[float, float]]
) -> Iterator[dict[str, tuple[float, float]]]:
    """Limits of each leaf below a node."""
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    if left == right:
        yield limits
        return
    name, at = names[tree.feature[node]], float(tree.threshold[node])
    low, high = limits.get(name, (-np.inf, np.inf))
    yield from _leaves(tree, names, left, limits | {name: (low, min(high, at))})
    yield from _leaves(tree, names, right, limits | {name: (max(low, at), high)})


def _judge(
    box: Box, names: Sequence[str], values: Floats, interesting: Flags, rules: int
) -> dict[str, Any] | None:
    """What unseen draws say of a rule; None where its density may be that of any box."""
    inside = box.holds(names, values)
    hits, size = int((inside & interesting).sum()), int(inside.sum())
    if size == 0:
        return None
    # As strict for several rules together as for one.
    density = wilson(hits, size, 1 - (1 - LEVEL) / rules)
    if density.low <= interesting.mean():
        return None
    row: dict[str, Any] = {"rule": str(box)}
    for name, interval in (
        ("coverage", wilson(hits, int(interesting.sum()))),
        ("density", wilson(hits, size)),
        ("support", wilson(size, len(values))),
    ):
        row |= {f"{name}_low": interval.low, name: interval.best, f"{name}_high": interval.high}
    return row


# -- of a strategy --------------------------------------------------------------------------------


def rules_of(
    evaluator: Evaluator,
    drawn: Draws,
    found: DrawMeans,
    base: str,
    ends: Floats,
    fail: float | None,
    margin: float,
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Rules for where the baseline fails and where it loses, in the parameters that move it most.

    And what is reported of both cases: case, title, share of the draws, why there are no rules.
    """
    m, place = evaluator.measure, evaluator.strategies.index(base)
    means = shrunk(found.means, found.noise).centre  # so that noise decides no case
    values = m.sign * means[:, place]
    limit = float(np.quantile(values, FAILING)) if fail is None else m.sign * fail
    failing = values < limit
    side = "below" if m.more else "above"
    unit = "%" if m.unit == SHARE else m.unit
    what = f"{base} fails ({m.scale * m.sign * limit:.3g} {unit} is the limit; {side} it are"
    cases = [("fails", failing, values, what)]
    if len(evaluator.strategies) > 1:
        lost = regrets(means, m.sign)[:, place]
        what = f"{base} loses by more than {m.scale * margin:g} {m.steps} (in"
        cases.append(("loses", lost > margin, lost, what))
    moved = _moved(evaluator, ends, place)
    columns = [drawn.names.index(name) for name in moved if name in drawn.names]
    names = [drawn.names[i] for i in columns]
    found_rules, said = [], []
    for kind, flags, outcome, title in cases:
        rules, why = discover(
            names, drawn.values[:, columns], flags, evaluator.random(f"rules {kind}"), outcome
        )
        found_rules.append(rules.assign(case=kind))
        said.append({"case": kind, "title": title, "share": float(flags.mean()), "why": why})
    kept = [table for table in found_rules if len(table)] or found_rules[:1]
    return pd.concat(kept, ignore_index=True), said


def _moved(evaluator: Evaluator, ends: Floats, place: int) -> list[str]:
    """The parameters that move the baseline, or its difference to another strategy, most."""
    means = ends.mean(axis=2)
    of = [means[place], *(means[place] - means[s] for s in range(len(means)) if s != place)]
    swing = np.max([np.abs(one[2::2] - one[1::2]) for one in of], axis=0)
    order = np.argsort(-swing, kind="stable")[:INFLUENTIAL]
    return [evaluator.free[i] for i in order if swing[i] > 0]
