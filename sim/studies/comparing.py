"""All strategies of a scenario, or of a run that there is already, compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.experiment import experiment
from sim.experiment.argument_checks import ScenarioLike
from sim.experiment.draws import Draws
from sim.experiment.plan import REPLICATIONS
from sim.experiment.results import Results
from sim.studies import decision
from sim.studies.decision import Findings


def compare(
    scenario: ScenarioLike | Results,
    strategies: str | Sequence[str] | None = None,
    replications: int = REPLICATIONS,
    seed: int = 1,
    *,
    baseline: str | None = None,
    endpoint: str | None = None,
    draws: int | str | Path | Draws = 0,
    workers: int | None = None,
    progress: str = "none",
    out: str | Path | None = None,
) -> Findings:
    """All strategies against each other, and against a baseline, under common random numbers.

    Args:
        scenario: a catalog name, a path, or a scenario; or the results of a run, which are compared
            as they are.
        baseline: by default the first strategy.
        endpoint: the condition whose times are compared, and which ranks the strategies; by
            default the goal.
        strategies, replications, seed, draws, workers, progress, out: of the run; see
            :func:`sim.experiment.experiment.run`.

    Raises:
        InputError: one strategy alone, or an unknown name.

    Example:
        >>> import sim
        >>> found = sim.compare("korea-2017", ["proposal", "bilateral_only"], replications=50)
        >>> list(found.tables)[:3]
        ['estimates', 'differences', 'best']
    """
    if not isinstance(scenario, Results):
        scenario = experiment.run(
            scenario, strategies, replications, seed,
            draws=draws, workers=workers, progress=progress, out=out,
        )  # fmt: skip
    return decision.compare(scenario, baseline, endpoint)
