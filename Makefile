# Everything below sets itself up: Python 3.11+, make and a way to the package registries are all it takes.
.DEFAULT_GOAL := help

# The first Python 3.11+ that can make a virtual environment; override with `make PYTHON=… test`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# A test mostly waits: for a lease to end, a retry to come due, a group to find together. Three workers a core keep the
# cores busy meanwhile. Eight are the most: all share one broker and one database. A worker with the roles of its
# scenario takes about 0.5 GB.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS ?= $(shell n=$$(( 3 * $(CORES) )); echo $$(( n < 8 ? n : 8 )))
UV_VERSION := 0.13.9

.PHONY: help setup check format types test tests-alone debian-packages test-machine screenshots images soak bench demo lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 24

setup: $(VENV)/.complete ## the virtual environment, from pinned and hashed packages

# Made anew only when the lock's content changes; a change of pyproject.toml alone renews the editable install.
$(VENV)/.complete: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer with the modules venv and ensurepip was found." \
	  "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@sum=$$(cat requirements.lock | cksum); \
	if [ "$$(cat $(VENV)/.lock-sum 2>/dev/null)" != "$$sum" ]; then \
	  echo "making $(VENV) with $(PYTHON)"; \
	  $(PYTHON) -m venv --clear $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock \
	    || { echo "error: the packages of requirements.lock could not be installed." \
	         "Is the package index reachable? Then run make again." >&2; exit 1; }; \
	  echo "$$sum" > $(VENV)/.lock-sum; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

check: format types ## format, lint and types

format: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

# Types are checked beside the tests: on one core, while those start their broker and database.
test: format ## all of the above and every test but the soak and test-machine's; real Kafka and Postgres
	@$(MAKE) --no-print-directory -j2 types tests-alone
	@echo "not run here: what takes Debian packages (deploy/debian-packages.txt), by \`make test-machine\`, which is in"
	@grep -rlE '^pytestmark = .*mark\.machine|^ *@pytest\.mark\.machine' --include='test_*.py' tests | sort | sed 's/^/  /'
	@echo "and long chaos runs, by \`make soak\`"

# Compiled files are kept in build/, also where the environment wants none beside the sources: each worker imports and
# rewrites every test, and with them it does so in a third of the time.
tests-alone: export PYTHONDONTWRITEBYTECODE :=
tests-alone: export PYTHONPYCACHEPREFIX := $(CURDIR)/build/bytecode
tests-alone: setup
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not soak and not machine"

# One after the other: they share one Docker daemon and the ports of one compose file.
test-machine: setup ## what needs the Debian packages of deploy/debian-packages.txt: Prometheus, containers, Chromium
	@$(PYTHON) -m deploy.debian_packages --check
	$(BIN)/pytest -m machine --timeout 2700

debian-packages: ## install those packages; as root, and starting no service
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer was found: apt install python3 python3-venv" >&2; exit 2; }
	@$(PYTHON) -m deploy.debian_packages

screenshots: setup ## the pictures of sinks/console/README.md, with Debian's Chromium
	@$(PYTHON) -m deploy.debian_packages --check
	CONSOLE_PICTURES=sinks/console/pictures $(BIN)/pytest -m machine tests/sinks/console/browser/test_screenshots.py

images: setup ## container images, built here (deploy/containers); as root, with a Docker engine
	$(BIN)/python -m deploy.containers.build

soak: setup ## long chaos runs, half an hour; SOAK_EVENTS, SOAK_SECONDS, SOAK_EFFECTS, SOAK_ACTIONS, SOAK_EXAMPLES and SOAK_SEED change them
	$(BIN)/pytest -m soak --timeout 3600

bench: setup ## ratios against raw loops; writes the table in tests/benchmarks/README.md
	$(BIN)/python -m tests.benchmarks $(if $(FULL),--full)

demo: setup ## a practice day, end to end; CONSOLE=1: ends with the console open until Ctrl-C
	$(BIN)/writeback demo $(if $(CONSOLE),--console)

lock: setup ## resolve pyproject.toml anew into requirements.lock
	$(BIN)/python -m pip install --quiet --upgrade --target build/uv uv==$(UV_VERSION)
	build/uv/bin/uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-header \
	  --python-version 3.11 --quiet --output-file requirements.lock

clean: ## remove what make and the tests made; caches and state of `writeback up` stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
