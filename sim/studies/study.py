"""What every study returns: tables, how they were made, and what they say.

A study lies in a folder: a CSV file for each table, its figures, and ``manifest.json``, which says
how it was made, which columns hold words and what is known of each table. It is read back as it
was. What a study says (``sections``) and what stands around that on its page (``facts``) are two
functions of the module that made it; :data:`MODULES` names the module of each.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict, cast

import pandas as pd

from sim.analysis.measures import SHARE, Measure
from sim.engine.program import Program
from sim.engine.version import MODEL_VERSION
from sim.errors import InputError, RunError
from sim.evidence import assumptions
from sim.experiment import argument_checks, manifests, provenance, replay
from sim.experiment.evaluator import Evaluator
from sim.experiment.files import writable
from sim.experiment.manifests import MANIFEST, read_manifest, write_manifest
from sim.reporting.sections import (
    Bullets,
    Facts,
    Figure,
    Section,
    as_text,
    save_figures,
    sentences_of,
)
from sim.reporting.summary import with_titles
from sim.reporting.text_tables import TextTable
from sim.scenario.scenario import Scenario, loads

MODULES = {
    "compare": "compare",
    "explain": "explain",
    "diff": "diff",
    "search": "search",
    "sensitivity": "sensitivity",
    "robust": "robustness",
}
MOST_EVENTS = 50_000_000
"""That are replayed one by one for an explanation, or for two strategies side by side."""
MOST_REPLAYED_REPLICATIONS = 10**6
"""Replications of ``explain`` and ``diff``, which are simulated with their logs."""
SHORT = {"hash": "scenario", "options": "question", "model_version": "model version"}
Tables = dict[str, pd.DataFrame]


class Manifest(TypedDict, total=False):
    """What the manifest of a study says: first what all of them say, then each what it was asked.

    A comparison has that of its run (:mod:`sim.experiment.manifests`), whose keys are among these.
    """

    kind: str
    model_version: int
    scenario: str
    title: str
    hash: str
    text: str
    seed: int
    horizon: float
    goal: str
    ruin: str | None
    command: str | None
    began: str
    finished: str
    versions: dict[str, str]
    strategies: list[str]
    replications: int
    draws: int
    tables: dict[str, Any]  # columns of words, and attributes, by table
    identity: dict[str, Any]  # of a run

    # explain
    tracks: dict[str, list[str]]  # those that can reach the goal, by strategy

    # diff
    replication: int
    draw: int
    divergence: list[Any] | None
    turn: list[Any] | None
    endings: list[str]

    # sensitivity, robust and search
    measure: str
    better: str
    measured: dict[str, Any]  # label, unit, steps, scale and width of the measure
    numbers: Any  # how many parameters are uncertain; of a diff: the values of its draw

    # sensitivity
    against: str | None
    of: str
    likely: tuple[float, float, float]
    base: int
    trajectories: int
    top: int
    factors: int
    noise: dict[str, Any]

    # robust
    draws_from: str
    baseline: str
    fail: float | None
    margin: float
    cases: list[dict[str, Any]]
    leader: str

    # search
    options: dict[str, Any]
    candidates: int
    distinct: int
    best: str
    orders: int
    hopeless: int
    choice_replications: int
    simulated: int
    stages: list[dict[str, Any]]
    first_measured_replication: int


@dataclass(frozen=True)
class Study:
    """What a study found.

    Attributes:
        name: of the command: compare, explain, diff, search, sensitivity or robust.
        scenario: what is negotiated.
        tables: by name; each is ``<name>.csv`` of the folder.
        manifest: how it was made; see :class:`Manifest`. Each study adds what it was asked.
        files: texts of further files, by name: the strategy files of a search.

    >>> import sim
    >>> study = sim.diff(sim.load("korea-2017"), "proposal", "sequential", replications=20)
    >>> list(study.tables)
    ['side_by_side', 'partings', 'turns']
    >>> any(one.startswith("proposal: ") for one in study.findings)
    True
    """

    name: str
    scenario: Scenario
    tables: Tables
    manifest: Manifest
    files: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Scenario and seed, as captions say them."""
        return f"{self.manifest['scenario']}, seed {self.manifest['seed']}"

    @cached_property
    def sections(self) -> list[Section]:
        """What it says, in order: sentences, tables in words, and figures not yet drawn."""
        return list(_module(self.name).sections(self))

    @cached_property
    def facts(self) -> Facts:
        """What stands around the sections on a page."""
        return cast(Facts, _module(self.name).facts(self))

    @property
    def findings(self) -> list[str]:
        """The sentences of the sections."""
        return sentences_of(self.sections)

    @property
    def answer(self) -> list[str]:
        """At most four sentences: what was asked, and how much of it rests on judgement."""
        return [*sentences_of(self.sections[:1]), f"{assumptions.caution(self.scenario)}."]

    @property
    def brief(self) -> str:
        """The answer and the first table, for a terminal."""
        tables = [one for one in self.sections if isinstance(one, TextTable)]
        return as_text([*self._above, Bullets(self.answer), *tables[:1], *self.facts.notes])

    @property
    def text(self) -> str:
        """All sections for a terminal, the answer first."""
        sections = [Bullets(self.answer), *self.sections[1:]]
        return as_text([*self._above, *sections, *self.facts.notes])

    @property
    def _above(self) -> list[str]:
        return [self.facts.about] if self.facts.printed else []

    def _repr_html_(self) -> str:
        from sim.reporting import html  # its templates load slowly: only a notebook waits for them

        return html.fragment([self.facts.about, *self.sections, *self.facts.notes])

    def __repr__(self) -> str:
        """Its name and its tables."""
        return f"<{self.name}: {', '.join(self.tables)}>"

    @property
    def figures(self) -> dict[str, Any]:
        """Axes by name, drawn now."""
        return {name: draw() for name, draw in self._figures}

    @property
    def figure_names(self) -> list[str]:
        """Names of the figures, which are those of their files."""
        return [name for name, _ in self._figures]

    @property
    def _figures(self) -> list[Figure]:
        return [one for one in self.sections if isinstance(one, Figure)]

    def save(self, folder: str | Path, figures: bool = True) -> list[Path]:
        """Write tables, figures and the manifest; the paths of the figures, without endings.

        Args:
            folder: empty, new, or of the same study, whose results are replaced.
            figures: whether to draw them, each as PNG and SVG.

        Raises:
            InputError: the folder holds other results, or cannot be written to.
            RunError: a file could not be written.
        """
        folder = writable(argument_checks.path("folder", folder))
        if "kind" in self.manifest:  # a comparison has none: it lies in the folder of its run
            _prepare(folder, self.manifest)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, table in self.tables.items():
                table.to_csv(folder / f"{name}.csv", index=False)
            for name, text in self.files.items():
                (folder / name).write_text(text, encoding="utf-8")
            drawn = save_figures(self._figures, folder) if figures else []
        except OSError as error:
            raise RunError(f"{folder}: cannot be written ({error.strerror or error})") from error
        if "kind" in self.manifest:  # the last file: where it is, the others are whole
            write_manifest(folder, {**self.manifest, "tables": _described(self.tables)})
        return drawn


def _module(name: str) -> Any:
    return importlib.import_module(f"sim.studies.{MODULES[name]}")


def _described(tables: Tables) -> dict[str, Any]:
    return {
        name: {"words": [c for c in table if table[c].dtype == object], "attributes": table.attrs}
        for name, table in tables.items()
    }


def begun(
    name: str, scenario: Scenario, seed: int, out: str | Path | None, **asked: Any
) -> Manifest:
    """The manifest of a study that begins.

    Args:
        name, scenario, seed: of the study.
        out: the folder that it is to be saved to; None: it is not saved.
        asked: what else the manifest says.

    Raises:
        InputError: the folder holds other results, or cannot be written to.
    """
    own = {"kind": name, "model_version": MODEL_VERSION}
    manifest = own | manifests.about(scenario, seed) | asked
    if out is not None:
        _prepare(writable(argument_checks.path("out", out)), manifest)
    return cast(Manifest, manifest)


def of_evaluator(evaluator: Evaluator) -> dict[str, Any]:
    """What a manifest says of a measure, the strategies, and the uncertain parameters."""
    return {
        "measure": evaluator.measure.name,
        **of_measure(evaluator.measure),
        "strategies": list(evaluator.strategies),
        "numbers": len(evaluator.free),
    }


def of_measure(m: Measure) -> dict[str, Any]:
    """What a manifest says of a measure, besides its name."""
    return {
        "better": "more" if m.more else "less",
        "measured": {
            "label": m.label,
            "unit": "%" if m.unit == SHARE else m.unit,
            "steps": m.steps,
            "scale": m.scale,
            "width": m.width if math.isfinite(m.width) else 0.0,
        },
    }


def finished(
    scenario: Scenario,
    tables: Tables,
    manifest: Manifest,
    out: str | Path | None = None,
    files: dict[str, str] | None = None,
) -> Study:
    """A study that ends now, saved where a folder is named."""
    manifest["finished"] = provenance.now()
    tables = with_titles(tables, scenario)
    study = Study(manifest["kind"], scenario, tables, manifest, files or {})
    if out is not None:
        study.save(out)
    return study


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables as one; those without rows only lend their columns."""
    some = [table for table in tables if len(table)]
    table = pd.concat(some, ignore_index=True) if some else tables[0]
    table.attrs = tables[0].attrs
    return table


def check_events(programs: Sequence[Program], seed: int, replications: int, draws: int = 1) -> None:
    """Refuse to replay for hours; a horizon of thousands of years holds as many events.

    Raises:
        InputError: there are too many events to be replayed one by one.
    """
    events = draws * sum(replay.events_of(program, seed) for program in programs)
    if events * replications > MOST_EVENTS:
        raise InputError(
            f"replications: found {replications:,}, of about {events:,} events each over a horizon "
            f"of {programs[0].code.horizon:,.0f} days, to be replayed one by one; allowed here: "
            f"at most {MOST_EVENTS // events:,}, or a shorter horizon"
        )


# -- the folder -----------------------------------------------------------------------------------


def _prepare(folder: Path, manifest: Mapping[str, Any]) -> None:
    """See that a study may be saved there: no manifest, or one that asks the same."""
    before = read_manifest(folder) if (folder / MANIFEST).exists() else manifest
    for key in ("kind", "hash", "seed", *_module(manifest["kind"]).ASKED):
        if (found := before.get(key)) != manifest[key]:
            raise InputError(
                f"{folder}: holds other results{_other(key, found, manifest[key])}; "
                "use --out with another folder, or remove it"
            )


def _other(key: str, found: Any, wanted: Any) -> str:
    """In what results differ, in words."""
    if key == "kind":
        return f", of detente {found or 'run'}"
    if isinstance(found, list) and isinstance(wanted, list):
        return f", of {', '.join(map(str, found))}"
    if isinstance(found, (str, int)) and isinstance(wanted, (str, int)) and key != "hash":
        return f": {SHORT.get(key, key)} {found} in the folder, {wanted} now"
    return f", with another {SHORT.get(key, key)}"


def read(folder: str | Path) -> Study:
    """A study that was saved.

    Raises:
        InputError: there is none that can be read, or a table is missing or damaged.
    """
    manifest = read_manifest(folder)
    if not isinstance(manifest.get("tables"), dict):
        raise InputError(
            f"{Path(folder) / MANIFEST}: does not say what its tables are (an older version wrote "
            "it?); the command that made the folder writes it again"
        )
    tables = {}
    for name, described in manifest["tables"].items():
        tables[name] = table_of(Path(folder) / f"{name}.csv", described["words"])
        tables[name].attrs = described["attributes"]
    scenario = loads(manifest["text"], str(Path(folder) / MANIFEST))
    scenario = replace(scenario, name=manifest["scenario"])
    return Study(manifest["kind"], scenario, tables, cast(Manifest, manifest))


def table_of(path: Path, words: list[str]) -> pd.DataFrame:
    """A table as it was written.

    Args:
        path: of its CSV file.
        words: names of the columns that hold words; all others hold numbers.

    Raises:
        InputError: there is none that can be read.
    """
    try:
        head = list(pd.read_csv(path, nrows=0).columns)
        numbers = {column: [""] for column in head if column not in words}
        return pd.read_csv(
            path, dtype=dict.fromkeys(words, str), keep_default_na=False, na_values=numbers,
            float_precision="round_trip",
        )  # fmt: skip
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path}: cannot be read ({why}); the command that made the folder writes it again"
        ) from None
