"""The command line, called within the process of the tests."""

from __future__ import annotations

from sim.cli import commands


def detente(*arguments: object) -> int:
    """Exit code of a command."""
    try:
        return commands.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)
