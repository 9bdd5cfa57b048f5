# make run   see the tool on a made-up Integrated Care System      make run ARGS=--no-serve   stop once the files are written
# make test  the whole suite, browser tests included               make check   format, lint, types, import contracts, tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test check lint format lock clean setup setup-dev frontend

run: setup frontend
	@$(BIN)/hjp-geo demo $(ARGS)

test: setup-dev frontend
	@$(BIN)/python tests/browser/find_chromium.py --install
	@$(BIN)/pytest $(ARGS)

check: lint test

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "hjp-geo needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Try: make $(MAKECMDGOALS) PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the pinned packages into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the pinned packages and the development tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/.run

# the map's script and style sheet: node from PATH, else from the package that carries it
frontend: | setup
	@$(BIN)/python frontend/build.py

# pin again: needs uv (pip install uv)
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 -q pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 -q --extra dev --extra frontend --extra journeys pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) frontend/node_modules hjp_geo/sketchmap/static .mypy_cache .ruff_cache .pytest_cache
