# `make prove` and `make test` do all of their own set-up: they need Python 3.11 or later and make.
# PYTHON chooses the interpreter, VENV the folder that everything is installed into, JOBS the number
# of test processes.  `make lowest` needs Python 3.11 itself, LOWEST.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
LOWEST ?= python3.11
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS)
SOURCES := relucirc tests benchmarks docs
# What a browser and Rocq say, which does not depend on the versions of Python's packages.
APART := tests/test_report.py tests/test_playground.py tests/test_theorem*.py

.PHONY: help prove theorems test test-fast torch lowest hunt fuzz mutants bench
.PHONY: lint lint-style lint-format lint-types lint-imports format docs wheel wheel-test clean

help:
	@echo "make prove      prove every built-in circuit, and measure and repair the trained ones"
	@echo "make theorems   have Rocq check theorems, a quarter of an hour (THEOREMS_ARGS=--few for some)"
	@echo "make test       run all tests (make test-fast leaves out the slow ones)"
	@echo "make torch      run the tests of PyTorch, some gigabytes of packages"
	@echo "make lowest     run the fast tests on the lowest versions that pyproject.toml admits"
	@echo "make wheel-test install the wheel into an empty environment, and prove with it"
	@echo "make hunt       look for a wrong answer among fresh random claims (HUNT_ARGS='--cases 500')"
	@echo "make fuzz       break files at random and read them (FUZZ_ARGS='--reader onnx --seconds 600')"
	@echo "make lint       ruff, pyright and the import contracts"
	@echo "make format     let ruff reformat and fix what it can"
	@echo "make docs       run the examples, and build the site into docs/_build/html"
	@echo "make bench      run the benchmarks and print both sides of each"
	@echo "make mutants    break the checker in one place at a time, and see a test go red (half an hour)"
	@echo "make clean      remove everything that make built"

prove: $(VENV)/.core
	$(BIN)/python tests/proveall.py

# Rocq is Debian's package coq; where neither it nor apt is at hand, one sentence says so.
theorems: $(VENV)/.core
	@command -v coqc >/dev/null || command -v rocq >/dev/null || { command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq coq >/dev/null; } || \
		echo "Rocq is not here and cannot be installed by apt-get: no theorem is checked." >&2
	$(BIN)/python tests/alltheorems.py $(THEOREMS_ARGS)

test: $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

test-fast: $(VENV)/.test
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow" $(PYTEST_ARGS)

torch: $(VENV)/.test $(VENV)/.torch
	$(BIN)/python -c "import torch; print('PyTorch', torch.__version__)"
	$(BIN)/python -m pytest -n $(JOBS) -k "torch or .pt" $(PYTEST_ARGS)

lowest:
	@command -v $(LOWEST) >/dev/null || { echo "make lowest needs Python 3.11; say where: make LOWEST=... lowest" >&2; exit 1; }
	@$(MAKE) --no-print-directory test-fast PYTHON=$(LOWEST) VENV=$(VENV)-lowest CONSTRAINTS=constraints-lowest.txt \
	    PYTEST_ARGS="$(addprefix --ignore=,$(wildcard $(APART))) $(PYTEST_ARGS)"

hunt: $(VENV)/.test
	$(BIN)/python tests/hunt.py $(HUNT_ARGS)

fuzz: $(VENV)/.test
	$(BIN)/python tests/fuzz.py $(FUZZ_ARGS)

lint: lint-style lint-format lint-types lint-imports

lint-style: $(VENV)/.test $(VENV)/.lint
	$(BIN)/ruff check $(SOURCES)

lint-format: $(VENV)/.test $(VENV)/.lint
	$(BIN)/ruff format --check $(SOURCES)

lint-types: $(VENV)/.test $(VENV)/.lint
	$(BIN)/pyright --pythonpath $(BIN)/python

lint-imports: $(VENV)/.test $(VENV)/.lint
	$(BIN)/lint-imports

format: $(VENV)/.lint
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(VENV)/.bench
	for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

mutants: $(VENV)/.test
	$(BIN)/python tests/mutants.py --jobs $(JOBS)

wheel: $(VENV)/.core
	$(PIP) build
	$(BIN)/python -m build --outdir dist

wheel-test: $(VENV)/.core
	rm -rf $(VENV)-wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(VENV)-wheel/dist .
	$(BIN)/python -m venv --without-pip $(VENV)-wheel
	$(BIN)/python -m pip --python $(VENV)-wheel/bin/python install --quiet --constraint $(CONSTRAINTS) $(VENV)-wheel/dist/*.whl
	$(VENV)-wheel/bin/python -I tests/installed.py

clean:
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-wheel build dist docs/_build .pytest_cache .ruff_cache .hypothesis .benchmarks
	find relucirc tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp per set of packages: the library alone, and each extra on top of it.
$(VENV)/.core: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "relucirc needs Python 3.11 or later, this is " + sys.version.split()[0] + "; choose another: make PYTHON=python3.12")'
	@echo "installing relucirc into $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@$(PIP) --editable .
	@touch $@

$(VENV)/.%: $(VENV)/.core
	@echo "installing what 'make $*' needs into $(VENV)"
	@$(PIP) --editable '.[$*]'
	@touch $@
