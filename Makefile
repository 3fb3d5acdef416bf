# Everything that people and CI run. `make check` is the one definition of the checks.
# Needs Python 3.11 or newer and make; the rest is set up in .venv, once, from the locked requirements.

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
WORKERS ?= 3
COVERAGE ?= 95
ARGS ?=

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)

# uv does not read pip's configuration: hand on the index that the user has set there.
PIP_INDEX := $(or $(PIP_INDEX_URL),$(if $(wildcard $(BIN)/pip),$(shell $(BIN)/pip config get global.index-url 2>/dev/null)))
export UV_DEFAULT_INDEX ?= $(PIP_INDEX)
ifeq ($(strip $(UV_DEFAULT_INDEX)),)
unexport UV_DEFAULT_INDEX
endif

# Else each of the many processes of the tests would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

INSTALL := $(UV) pip install --quiet --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help demo serve test check lint format bench bench-short lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## Plan a project as a rehearsal: no account, no token
	@$(BIN)/echo-core demo $(ARGS)

serve: $(VENV)/.run ## Run the daemon with your configuration
	@$(BIN)/echo-core serve

test: $(VENV)/.dev ## Run the tests; ARGS='-k words' chooses some
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

check: lint ## Run all checks, as CI does
	$(MAKE) test WORKERS=4 ARGS='--ignore=tests/stories --cov --cov-report=term --cov-fail-under=$(COVERAGE) $(ARGS)'
	$(MAKE) test ARGS='tests/stories $(ARGS)'
	$(MAKE) bench-short

lint: $(VENV)/.dev ## Check lock, format, lint, types and import contracts
	$(UV) pip check --quiet --python $(BIN)/python
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: $(VENV)/.dev ## Measure; ARGS='message web' chooses some
	$(BIN)/python -m bench $(ARGS)

bench-short: $(VENV)/.dev # fails where a figure is twice as bad as docs/performance.md says
	$(BIN)/python -m bench --short --check

COMPILE := $(UV) pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header
lock: $(VENV)/.uv ## Choose the versions in requirements/ anew
	$(COMPILE) --extra telegram --extra discord --extra web pyproject.toml -o requirements/run.txt
	$(COMPILE) --extra telegram --extra discord --extra web --group test --group lint pyproject.toml -o requirements/dev.txt
	printf 'editables\nhatchling\n' | $(COMPILE) --constraint requirements/dev.txt - -o requirements/build.txt
	echo uv | $(COMPILE) - -o requirements/uv.txt

clean: ## Remove the set-up and what tools have cached
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed. Install it, or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: $(PYTHON) cannot make virtual environments. Install its venv package (on Debian and Ubuntu: python3-venv)."; exit 1; }
	@echo "Setting up in $(VENV), once; Claude Code is part of it (about 400 MB)."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.uv: requirements/uv.txt | $(BIN)/python
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: $(VENV) was made with a Python older than 3.11. Run make clean, then try again."; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/.uv
	@$(INSTALL) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/.uv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run
