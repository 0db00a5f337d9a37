"""What is allowed but doubtful, and facts that an author misjudges."""

from __future__ import annotations
from sim.faults import Fault
from sim.parts import Content


def warnings(content: Content, file: str) -> tuple[Fault, ...]:
    """Warnings."""
    return ()


def facts(content: Content, file: str) -> tuple[Fault, ...]:
    """Facts."""
    return ()
