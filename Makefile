# Everything a person or a machine does with this project. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UV_VERSION := 0.13.9
PYTHON ?= $(firstword $(foreach python,python3.11 python3.12 python3,$(if $(shell $(python) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo yes),$(python))))
export UV_PYTHON_DOWNLOADS := never
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$(PATH)

.PHONY: help demo test coverage mutation soak lint types format bench docs client env dashboard chromium clean

help:  ## This list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/make \1\t\2/' | expand -t 18

demo: env dashboard  ## Run everything on a simulated market: exchange, flows, database, dashboard
	@exec .venv/bin/tailwatch demo $(DEMO)

test: env dashboard chromium  ## Run every test: TypeScript, Python, and one in a browser
	cd frontend && npm run --silent test
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(PYTEST)

coverage: env  ## Branches of riskcore that its own tests reach: at least 98 %
	.venv/bin/python -m pytest -q tests/riskcore riskcore --cov=riskcore --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=98 $(PYTEST)

mutation: env  ## How many changes to quantile, covariance and book of riskcore its tests notice: hours
	nice -n 15 .tools/bin/uv run --quiet --locked --group mutation mutmut run --max-children 2
	.tools/bin/uv run --quiet --locked --group mutation mutmut results

soak: env  ## Run large tests for half an hour: SOAK=all, SOAK_MINUTES, SOAK_SEED; report in var/soak
	.venv/bin/python -m tests.soak

lint: env frontend/node_modules/.installed  ## Check style, layers and the generated client
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	cd frontend && npm run --silent lint
	.venv/bin/python -m api.openapi | cmp - frontend/openapi.json || { echo "frontend/openapi.json is old: run 'make client'"; exit 1; }

types: env frontend/node_modules/.installed  ## Check types: mypy strict, tsc strict
	.venv/bin/mypy
	cd frontend && npm run --silent types

format: env frontend/node_modules/.installed  ## Rewrite the sources in the house's format
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	cd frontend && npm run --silent format

bench: env dashboard  ## Measure, and write docs/benchmarks.md
	@.tools/bin/uv sync --quiet --locked --group bench
	.venv/bin/python -m tests.benchmarks

docs: env  ## Check that the documentation says what the program does
	.venv/bin/python -m pytest tests/test_docs.py

client: env frontend/node_modules/.installed  ## Generate the OpenAPI document and the TypeScript types from the API
	.venv/bin/python -m api.openapi > frontend/openapi.json
	cd frontend && npm run --silent client

env: .venv/.installed
dashboard: frontend/dist/.built

# The virtual environment needs Debian's python3-venv; a root user gets it without being asked.
.tools/.uv-$(UV_VERSION):
	@test -n "$(PYTHON)" || { echo "tailwatch needs Python 3.11 or 3.12: install python3.11"; exit 1; }
	@echo "Preparing uv $(UV_VERSION) in .tools"
	@rm -rf .tools
	@$(PYTHON) -m venv .tools >/dev/null 2>&1 || { \
		test "$$(id -u)" = 0 || { echo "tailwatch needs the package python3-venv: sudo apt-get install python3-venv"; exit 1; }; \
		apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null && rm -rf .tools && $(PYTHON) -m venv .tools; }
	@.tools/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.installed: pyproject.toml uv.lock .tools/.uv-$(UV_VERSION)
	@.tools/bin/uv sync --quiet --locked --python "$(PYTHON)"
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json .venv/.installed
	@cd frontend && npm ci --no-progress --loglevel=error
	@touch $@

frontend/dist/.built: $(shell find frontend/src frontend/public frontend/index.html frontend/vite.config.ts -type f 2>/dev/null) frontend/node_modules/.installed
	@echo "Building the dashboard"
	@cd frontend && npm run --silent build -- --logLevel warn
	@touch $@

# The browser test says loudly that it did not run where there is no Chromium.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
		|| echo "no Chromium here, and it cannot be installed: the browser test will not run"

clean:  ## Remove everything that was built or installed
	rm -rf .venv .tools frontend/node_modules frontend/dist
