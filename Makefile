# Every target does its own set-up: a virtual environment with locked dependencies, below .venv/.
# Written for Debian, Ubuntu and macOS; on macOS it has not been tried.

# The newest Python that is found, or the one you name: make test PYTHON=/path/to/python3.13
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
TAG := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENV := .venv/$(TAG)
BIN := $(VENV)/bin
READY := $(VENV)/ready
COLLECTION := .venv/collection

# For how long processes are killed at random moments.
RELIABILITY_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help demo test test-samples test-reliability test-lab test-ipam test-ipam-long lint types contracts unit bench docs collection lock clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## the main job, end to end, on simulated devices
	@demo/run.sh "$(abspath $(BIN))/driftline"

test: lint types contracts unit ## everything that must pass: style, types, import contracts, tests

lint: $(READY) ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## static types, strict
	$(BIN)/mypy
	$(BIN)/mypy tests/typing

contracts: $(READY) ## who may import whom
	$(BIN)/lint-imports

# Many tests wait for a device or a process, so there is work for more than one per core.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 3 // 2)' 2>/dev/null)
unit: $(READY) ## the tests alone
	$(BIN)/python -m pytest -n $(WORKERS) -m "not proof and not collection" --ignore tests/docs --ignore tests/ipam

test-samples: $(READY) ## samples of the proofs that test-reliability makes whole
	$(BIN)/python -m pytest -n auto tests/reliability tests/porting/test_beside_diffsync.py

test-reliability: $(READY) ## processes killed, devices failing, at every place; minutes, with the figures at the end
	DRIFTLINE_RELIABILITY_SECONDS=$(RELIABILITY_SECONDS) $(BIN)/python -m pytest -n auto tests/reliability

ROUTERS := frr frr-pythontools openssh-server iproute2
test-lab: $(READY) ## tests on real routers: FRRouting in network namespaces (root on Debian)
	@[ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || dpkg -s $(ROUTERS) >/dev/null 2>&1 || \
		.ci/install $(ROUTERS)
	DRIFTLINE_TEST_LAB=1 $(BIN)/python -m pytest tests/frr \
		"tests/docs/test_examples.py::test_the_examples_of_a_page_run[frr.md]"

# The first time it migrates the databases, a quarter of an hour, and keeps them below ~/.cache/driftline/ipam.
DATABASES := postgresql redis-server
# One after the other: a server belongs to the thread that has started it, and test workers have several.
# Dumps of migrated databases, where there are any: migrating takes a quarter of an hour.
export DRIFTLINE_IPAM_DUMPS ?= $(abspath $(wildcard ../shared/ipam))
test-ipam: $(READY) ## tests on real NetBox and Nautobot servers, which it installs (root on Debian)
	@[ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || dpkg -s $(DATABASES) >/dev/null 2>&1 || \
		.ci/install $(DATABASES)
	DRIFTLINE_TEST_IPAM=1 $(BIN)/python -m pytest -m "not slow" --durations 10 tests/ipam

test-ipam-long: $(READY) ## the same with a large network, and servers that die while they are written
	DRIFTLINE_TEST_IPAM=1 $(BIN)/python -m pytest -m slow tests/ipam

bench: $(READY) ## measure, beside the rivals
	$(BIN)/python tests/benchmarks/engine.py
	$(BIN)/python tests/benchmarks/stores.py
	$(BIN)/python tests/benchmarks/drift_run.py
	$(BIN)/python tests/benchmarks/change_run.py --latency 0.05
	$(BIN)/python tests/benchmarks/ansible_play.py
	$(BIN)/python tests/benchmarks/ipam_load.py
	$(BIN)/python tests/benchmarks/ipam_write.py

docs: $(READY) ## run the examples of README and docs
	$(BIN)/python -m pytest -n auto tests/docs

collection: $(COLLECTION)/ready ## the Ansible collection, built and installed: all checks that the ecosystem has
	.ci/collection $(abspath $(COLLECTION)/bin)

LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	pyproject.toml --upgrade
lock: $(READY) ## resolve the dependencies anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/$(LOCK) --group dev -o requirements.lock
	$(BIN)/$(LOCK) --group collection -o requirements-collection.lock

clean: ## remove what the targets made
	rm -rf .venv .driftline .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): requirements.lock pyproject.toml
$(COLLECTION)/ready: requirements-collection.lock pyproject.toml
$(READY) $(COLLECTION)/ready:
	@test -n "$(TAG)" || { echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is Python $(TAG); 3.11 or newer is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get install -y -q python$(TAG)-venv; } || \
		{ echo "this Python can't make virtual environments: apt-get install python$(TAG)-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
