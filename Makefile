# Needs Python 3.11 or newer and make; everything else is set up in .venv.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help install dev run test quick check fix types arch cov bench docs lock clean

# The first Python that is new enough; `make PYTHON=/path/to/python3 …` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; exit; }; done; echo none)
BIN := .venv/bin
CODE := core bot gui integrations data tests tools
ARGS ?=

define need_python
	@[ "$(PYTHON)" != none ] || { \
		echo "Signalbox needs Python 3.11 or newer; this machine has $$(python3 --version 2>/dev/null || echo none)." >&2; \
		echo "  Install one (Debian, Ubuntu: sudo apt install python3.11 python3.11-venv; macOS: brew install python@3.12)" >&2; \
		echo "  and run the same command again; make PYTHON=/path/to/python3 names one that is not found." >&2; exit 1; }
endef

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Make .venv and install what running needs
	$(need_python)
	@$(PYTHON) -m tools.setup

dev: ## Make .venv and install what tests and checks need, too
	$(need_python)
	@$(PYTHON) -m tools.setup --dev

run: install ## Start Signalbox and print the address of its control room (ARGS='--port 8321')
	@$(BIN)/python -m tools.announce
	@exec $(BIN)/signalbox run $(ARGS)

test: dev ## Run the whole suite, without benchmarks (ARGS='tests/core -x')
	@$(BIN)/python -m pytest $(ARGS)

quick: dev ## Run what takes under a minute: nothing slow, no browser, no faults
	@$(BIN)/python -m pytest -m "not slow and not browser and not fault and not bench and not network" $(ARGS)

check: dev ## Run every gate that is no test: lint, format, spelling, types, imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: dev ## Mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: dev ## Check the types
	$(BIN)/mypy

arch: dev ## Check the rows, the sizes and the other rules of the house
	$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/architecture -m "not slow"

cov: dev ## Measure coverage with branches: 90 % everywhere, 95 % in core
	@$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report --fail-under=90
	@$(BIN)/coverage report --include='core/*' --fail-under=95

bench: dev ## Run the benchmarks, which assert ratios in one run
	@$(BIN)/python -m pytest tests/benchmarks -m bench --table docs/benchmarks.md $(ARGS)

docs: install ## Build docs/ from the guide and the code
	@[ -f tools/docs.py ] || { echo "make docs is not built yet: tools/docs.py is missing. The guide is in data/guide." >&2; exit 2; }
	@$(BIN)/python -m tools.docs

lock: ## Renew the locks from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv, which is not installed." >&2; exit 1; }
	@$(PYTHON) -m tools.lock

clean: ## Remove .venv, caches and builds; the data folder stays
	rm -rf .venv build dist *.egg-info .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
