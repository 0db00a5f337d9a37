"""A scenario in plain sentences."""

from __future__ import annotations
from sim.parts import Content, Strategy


def tell(content: Content, strategy: Strategy | None = None) -> str:
    """The model in plain sentences."""
    return content.title
