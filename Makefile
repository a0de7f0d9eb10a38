# Everything a newcomer types. `make` alone explains the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help setup serve test lint format bench reference wheel-test clean

help: ## Show this page
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamp is newer than pyproject.toml when the environment has all that it names.
$(VENV)/.serve: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: pyproject.toml $(VENV)/.serve
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

setup: $(VENV)/.test ## Make the environment for development

serve: $(VENV)/.serve ## Serve on http://127.0.0.1:8080 (ARGS="--workers 4 --seed 7")
	@$(BIN)/llm-simulator serve $(ARGS)

test: $(VENV)/.test ## Run all tests (ARGS="-k wheel" for some; COVERAGE=1 to see what they reach)
ifdef COVERAGE
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m tests.run --coverage $(ARGS)
	@$(BIN)/python -W ignore -m coverage combine --quiet
	@$(BIN)/python -m coverage report
else
	@$(BIN)/python -m tests.run $(ARGS)
endif

lint: $(VENV)/.test ## Style, types and imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.test ## Rewrite the code in the house's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.test ## Measure this machine: our fleet beside a bare server (needs wrk)
	@$(BIN)/python -m compileall -q simulator supervisor
	@$(BIN)/python -m benchmarks $(ARGS)

reference: $(VENV)/.serve ## Write docs/configuration.md anew from the schema
	@$(BIN)/python -m simulator.config.reference

wheel-test: $(VENV)/.test ## Run the tests against the built wheel, away from the checkout
	@$(BIN)/python -m tests.wheel $(ARGS)

clean: ## Remove the environment and everything that was made
	@rm -rf $(VENV) build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
