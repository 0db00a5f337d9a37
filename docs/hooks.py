"""What MkDocs is told beside ``mkdocs.yml``: what may be missing, and that a page stands alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# Pages that stand in the navigation before they are written.
AWAITED = frozenset({"scale.md"})
ASKS_THE_NETWORK = re.compile(
    r"<(?:script|img|iframe|source|video)[^>]*\bsrc=[\"']?(?:https?:)?//"
    r"|<link[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon)[^>]*\bhref=[\"']?(?:https?:)?//"
    r"|@import\s+url\((?:https?:)?//"
)


def on_config(config: Any) -> Any:
    """Leave pages out of the navigation that nobody has written yet."""
    written = {path.name for path in Path(config["docs_dir"]).glob("*.md")}
    config["nav"] = _present(config["nav"], AWAITED - written)
    return config


def _present(nav: list[Any], missing: frozenset[str]) -> list[Any]:
    kept = []
    for entry in nav:
        ((title, target),) = entry.items()
        if isinstance(target, list):
            kept.append({title: _present(target, missing)})
        elif target not in missing:
            kept.append(entry)
    return kept


def on_post_build(config: Any) -> None:
    """Refuse a site that needs the network to be read."""
    for page in Path(config["site_dir"]).rglob("*.html"):
        if found := ASKS_THE_NETWORK.search(page.read_text(encoding="utf-8")):
            raise SystemExit(f"{page}: asks the network: {found[0]}")
