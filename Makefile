# On a machine with Python 3.11 or newer: `make run`, `make test` and `make docs` do everything.

PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/pytest -q -n auto --dist worksteal -p no:cacheprovider

.PHONY: run quick test verify lowest docs clean

run: .venv/installed
	$(BIN)/python experiments/compare_sequencing.py

# Before every commit: a minute on two processors.
quick: .venv/installed-test
	$(PYTEST) -m "not slow and not browser"

# Every change: style, types, all tests, coverage. Machine code is made while types are checked.
test: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/compile_engines.py & $(BIN)/mypy && wait
	$(PYTEST) --cov --cov-report=
	NUMBA_DISABLE_JIT=1 $(PYTEST) --cov --cov-report= --cov-append \
		tests/engine/test_distributions.py tests/engine/test_exact.py tests/engine/test_golden.py tests/engine/test_kernel.py
	$(BIN)/coverage report --fail-under=95

# The long forms, which take hours: statistics with many more repeats, many more random scenarios.
verify: .venv/installed-test
	LONG_TESTS=1 $(PYTEST) -m slow
	for script in verification/*.py; do $(BIN)/python $$script || exit 1; done

# Every command, and the live page, at the lowest versions that pyproject.toml declares. Python 3.11
# or 3.12: the oldest numba is not made for newer ones.
lowest: .venv-lowest/installed
	.venv-lowest/bin/pytest -q --noconftest -p no:cacheprovider tests/cli/test_every_command.py

docs: .venv/installed-docs
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "open site/index.html"

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-test: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@ .venv/installed

.venv/installed-docs: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@ .venv/installed

.venv-lowest/installed: pyproject.toml constraints-lowest.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or 3.12 is needed") if sys.version_info[:2] not in ((3, 11), (3, 12)) else None'
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check -c constraints-lowest.txt -e '.[dask,explore,query]' pytest
	touch $@

clean:
	rm -rf .venv .venv-lowest build site *.egg-info
