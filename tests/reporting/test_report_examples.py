"""The examples in docstrings of the reporting package run and give what they say."""

from __future__ import annotations

import doctest

import pytest

from sim.reporting import findings, text_tables


@pytest.mark.parametrize("module", [findings, text_tables], ids=lambda module: module.__name__)
def test_examples_of_reports(module) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0 and found.failed == 0
