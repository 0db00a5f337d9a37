"""The public names of the package: listed, described, each with an example that runs."""

from __future__ import annotations

import doctest
import inspect
import pydoc
import re
import subprocess
import sys

import pytest

import sim

NAMES = sim.__all__[1:]


def test_the_public_names_are_all_that_dir_shows() -> None:
    assert dir(sim) == sorted(sim.__all__)


def test_the_help_of_the_package_is_an_index_in_the_order_of_a_study() -> None:
    assert re.findall(r"^    (\w+) {2,}\w", sim.__doc__, re.M) == NAMES
    help_text = pydoc.plain(pydoc.render_doc(sim))
    places = [help_text.index(f"\n        {name} ") for name in NAMES]
    assert places == sorted(places)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_a_description_and_an_example_that_runs(name) -> None:
    thing = getattr(sim, name)
    text = inspect.getdoc(thing) or ""
    assert len(text.splitlines()[0]) > 10, name
    examples = doctest.DocTestFinder(recurse=False).find(thing, name, globs={})
    assert any(one.examples for one in examples), f"{name}: no example"
    runner = doctest.DocTestRunner()
    for one in examples:
        assert runner.run(one).failed == 0, name


@pytest.mark.parametrize("name", [n for n in NAMES if inspect.isfunction(getattr(sim, n))])
def test_a_public_function_has_keywords_of_its_own_and_types(name) -> None:
    signature = inspect.signature(getattr(sim, name))
    for one in signature.parameters.values():
        assert one.kind is not one.VAR_KEYWORD, (name, one)
        assert one.annotation is not one.empty, (name, one)
    with pytest.raises(TypeError, match=rf"^{getattr(sim, name).__name__}\(\) got an unexpected"):
        getattr(sim, name)(no_such_option=1)


def test_nothing_is_compiled_or_drawn_before_it_is_used() -> None:
    code = "import sim, sys; dir(sim); print([m for m in ('numba', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_scenario_may_be_given_by_name_by_path_or_as_it_is(tmp_path) -> None:
    scenario = sim.load("korea-2017")
    file = tmp_path / "own.toml"
    file.write_text(scenario.text, encoding="utf-8")
    given = ("korea-2017", file, str(file), scenario)
    frames = [sim.run(one, "proposal", 5).frame for one in given]
    assert all(frame.equals(frames[0]) for frame in frames)
