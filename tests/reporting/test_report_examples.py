"""The examples in docstrings of the reporting package run and give what they say."""

from __future__ import annotations

import doctest

import pytest

from sim.reporting import cells, sections, text_tables
from sim.studies import diff


@pytest.mark.parametrize(
    "module", [cells, sections, text_tables, diff], ids=lambda module: module.__name__
)
def test_examples_of_reports(module) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0 and found.failed == 0
