# Everything runs from one virtual environment, made on first use: `make demo`, `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# Hints about the machine that TensorFlow prints are no news to anyone here.
export TF_CPP_MIN_LOG_LEVEL := 3
# Python compiles what it imports, once; pip would compile all of TensorFlow.
unexport PYTHONDONTWRITEBYTECODE
ARGS ?=
# Two processes fit two cores; `make test PYTEST_ARGS=` runs in one.
PYTEST_ARGS ?= -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint format docs bench bench-combining bench-speed clean

help:  ## show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready  ## make .venv with everything in it

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup  ## train an ensemble on real data and compare it with a single network
	$(BIN)/skensemble demo $(ARGS)

lint: setup  ## style, types, and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint  ## lint, then run all tests and doctests
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(ARGS)

test-fast: lint  ## the same without what is slow: an answer in three minutes
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not slow" $(ARGS)

format: setup  ## put the code into the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup  ## build the documentation into docs/_build/html
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

bench: setup  ## run the benchmarks (make bench ARGS="--data-dir DIR" for more data)
	$(BIN)/python benchmarks/solver.py
	$(BIN)/python benchmarks/accuracy_weights.py
	$(BIN)/python benchmarks/prior.py $(ARGS)

bench-combining: setup  ## compare ways to combine snapshots, refit and single networks (ARGS as above)
	$(BIN)/python benchmarks/combining.py --results benchmarks/.results $(ARGS)

bench-speed: setup  ## time it beside Keras, scikeras, Ensemble-PyTorch; writes docs/speed_results.md
	$(BIN)/python benchmarks/speed $(ARGS)

clean:  ## remove what the other commands made
	rm -rf $(VENV) .venv-torch docs/_build docs/api .pytest_cache .mypy_cache .ruff_cache .hypothesis
