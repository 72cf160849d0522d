# Everything below sets itself up: `make demo` and `make test` work in a fresh clone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSUMERS := .venv-consumers
NEEDED := ipykernel numpy sympy python-flint
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test consumers package lowest newest coverage mutants lint style bench tutorials docs clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

demo: $(VENV)/.test  ## run the main job from end to end
	$(BIN)/gradlab demo

test: $(VENV)/.test  ## run the tests, the doctests and the check of the floors
	$(BIN)/pytest -n 2 --dist worksteal

consumers: $(VENV)/.test $(CONSUMERS)/.installed  ## install nbgrader and Otter, each apart, and run the tests with them
	$(BIN)/pytest -n 0 -m consumers tests/courses/exports

package: $(VENV)/.package  ## build the packages and try them in environments of their own, without and with extras
	$(BIN)/pytest -n 0 -m package tests/package

lowest: .venv-lowest/.installed  ## run the tests with the lowest versions that pyproject.toml allows
	.venv-lowest/bin/python -m pytest -n 2 -p no:cacheprovider

newest: .venv-newest/.installed  ## run the tests with the newest versions of everything
	.venv-newest/bin/python -m pytest -n 2 -p no:cacheprovider

coverage: $(VENV)/.dev  ## run the tests and list what of gradlab they do not run; slower than test
	$(BIN)/pytest -n 2 --cov --cov-report=term --cov-fail-under=95

mutants: $(VENV)/.mutants  ## change gradlab in hundreds of places, and see whether its tests notice; takes long
	nice $(BIN)/python -m tests.mutation

lint: style $(VENV)/.dev  ## check style, types and floors; changes nothing
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo --no-cache

style: $(VENV)/.style  ## check style only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

bench: $(VENV)/.bench  ## measure speed, accuracy and verdicts, beside other libraries; write docs/benchmarks.md
	$(BIN)/python -m tests.benchmarks

tutorials: $(VENV)/.test  ## execute the tutorials whose source was changed, and write their notebooks
	$(BIN)/python -m tests.notebooks

docs: $(VENV)/.docs  ## build the documentation, a warning being an error; open docs/_build/html/index.html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

clean:  ## remove caches and built files; keep .venv
	rm -rf build dist docs/_build docs/tutorials/*.ipynb gradlab-demo .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find gradlab tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'gradlab needs Python 3.11 or newer, and "$(PYTHON)" is not; try: make PYTHON=python3.11' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing gradlab and what its tests need into $(VENV); the first time takes a few minutes.'
	@$(PIP_INSTALL) -e '.[test]'
	@touch $@

$(VENV)/.package: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing gradlab and what builds and checks its packages into $(VENV).'
	@$(PIP_INSTALL) -e '.[package]'
	@touch $@

# The newest torch may bring gigabytes of CUDA along, so that it stays the one of constraints.txt.
.venv-lowest/.installed .venv-newest/.installed: pyproject.toml constraints.txt constraints-lowest.txt | $(BIN)/python
	@echo 'Installing gradlab and what its tests need into $(@D); the first time takes a few minutes.'
	@$(BIN)/python -m venv $(@D)
	@grep '^torch=' constraints.txt > $(@D)/torch.txt
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[test,fast]' \
	  $(if $(findstring lowest,$@),-c constraints-lowest.txt,--upgrade --upgrade-strategy eager -c $(@D)/torch.txt)
	@touch $@

$(VENV)/.bench: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing gradlab and the libraries that it is measured beside into $(VENV).'
	@$(PIP_INSTALL) -e '.[test,bench]'
	@touch $@

$(VENV)/.docs: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing gradlab and what its documentation is built with into $(VENV).'
	@$(PIP_INSTALL) -e '.[docs]'
	@touch $@

$(VENV)/.style: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing gradlab and what checks its style into $(VENV).'
	@$(PIP_INSTALL) -e '.[style]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing gradlab and the tools to work on it into $(VENV).'
	@$(PIP_INSTALL) -e '.[dev]'
	@touch $@

$(VENV)/.mutants: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing gradlab and what draws mutants into $(VENV).'
	@$(PIP_INSTALL) -e '.[mutants]'
	@touch $@

$(CONSUMERS)/.installed: Makefile | $(BIN)/python
	@echo 'Installing nbgrader and Otter into $(CONSUMERS), one environment each: their requirements clash.'
	@$(BIN)/python -m venv $(CONSUMERS)/nbgrader
	@$(CONSUMERS)/nbgrader/bin/python -m pip install --quiet --disable-pip-version-check nbgrader==0.9.6 $(NEEDED)
	@$(BIN)/python -m venv $(CONSUMERS)/otter
	@$(CONSUMERS)/otter/bin/python -m pip install --quiet --disable-pip-version-check otter-grader==7.0.0 $(NEEDED)
	@touch $@
