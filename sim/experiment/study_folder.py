"""A folder of tables: what a study leaves behind, and what its page is made of.

A table is a CSV file that is read back as it was: the manifest says which columns hold words, and
keeps the attributes of each table.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sim.engine.version import MODEL_VERSION
from sim.errors import InputError, RunError
from sim.experiment import manifests
from sim.experiment.manifests import MANIFEST, read_manifest, write_manifest
from sim.scenario.scenario import Scenario

Tables = dict[str, pd.DataFrame]


def about(kind: str, scenario: Scenario, seed: int) -> dict[str, Any]:
    """What every manifest of a study says."""
    own = {"kind": kind, "model_version": MODEL_VERSION}
    return own | manifests.about(scenario, seed)


def with_titles(tables: Tables, scenario: Scenario) -> Tables:
    """The same tables; they know the strategies in order, for colours, and their titles."""
    for table in tables.values():
        table.attrs = table.attrs | {"strategies": list(scenario.strategies)}
        if scenario.titles:
            table.attrs = table.attrs | {"titles": scenario.titles}
    return tables


def with_title_column(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """The table with the strategies' titles beside their names, where there are any."""
    if not titles:
        return table
    named = table.copy()
    column = [titles.get(str(name), "") for name in table["strategy"]]
    named.insert(int(table.columns.get_loc("strategy")) + 1, "title", column)
    return named


def prepare(folder: Path, wanted: Mapping[str, Any]) -> Path:
    """See that a study may write there: no manifest, or one that says the same of these.

    Raises:
        InputError: it holds other results, which would be lost.
    """
    before = read_manifest(folder) if (folder / MANIFEST).exists() else wanted
    for key, value in wanted.items():
        if (found := before.get(key)) != value:
            raise InputError(
                f"{folder}: holds other results{_other(key, found, value)}; "
                "use --out with another folder, or remove it"
            )
    return folder


def _other(key: str, found: Any, wanted: Any) -> str:
    """In what results differ, in words."""
    if key == "kind":
        return f", of detente {found or 'run'}"
    if isinstance(found, list) and isinstance(wanted, list):
        return f", of {', '.join(map(str, found))}"
    if isinstance(found, (str, int)) and isinstance(wanted, (str, int)) and key != "hash":
        return f": {SHORT.get(key, key)} {found} in the folder, {wanted} now"
    return f", with another {SHORT.get(key, key)}"


SHORT = {"hash": "scenario", "options": "question", "model_version": "model version"}


def write(folder: Path, tables: Tables, manifest: dict[str, Any]) -> None:
    """Write tables, and the manifest last: where it is, the tables are whole.

    Raises:
        RunError: a file could not be written.
    """
    described = {
        name: {"words": [c for c in table if table[c].dtype == object], "attributes": table.attrs}
        for name, table in tables.items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({error.strerror or error})") from error
    write_manifest(folder, manifest | {"tables": described})


def read(folder: str | Path) -> tuple[Tables, dict[str, Any]]:
    """The tables of a folder, and its manifest.

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
        tables[name] = _table(Path(folder) / f"{name}.csv", described["words"])
        tables[name].attrs = described["attributes"]
    return tables, manifest


def _table(path: Path, words: list[str]) -> pd.DataFrame:
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
