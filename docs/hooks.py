"""What MkDocs checks beside ``mkdocs.yml``: that a page stands alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ASKS_THE_NETWORK = re.compile(
    r"<(?:script|img|iframe|source|video)[^>]*\bsrc=[\"']?(?:https?:)?//"
    r"|<link[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon)[^>]*\bhref=[\"']?(?:https?:)?//"
    r"|@import\s+url\((?:https?:)?//"
)


def on_post_build(config: Any) -> None:
    """Refuse a site that needs the network to be read."""
    for page in Path(config["site_dir"]).rglob("*.html"):
        if found := ASKS_THE_NETWORK.search(page.read_text(encoding="utf-8")):
            raise SystemExit(f"{page}: asks the network: {found[0]}")
