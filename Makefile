# make demo   from clone to leaderboard          make test   everything the tests need, then the tests
# make lint   ruff, mypy, actionlint, zizmor     make clean  remove what these made (not the cache of weights)

PYTHON ?= python3
VENV ?= .venv
RESULTS ?= results
SITE ?= site
# Tests run in so many processes, each with one thread.
JOBS ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test lint clean

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Error: $(PYTHON) is not Python 3.11, 3.12 or 3.13. Say which to use: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/rerankbench run demo --results $(RESULTS)
	$(BIN)/rerankbench leaderboard build --results $(RESULTS) --out $(SITE)

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(JOBS) $(TESTS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/actionlint
	$(BIN)/zizmor --offline --quiet .github

clean:
	rm -rf $(VENV) $(RESULTS) $(SITE) build dist .pytest_cache .mypy_cache .ruff_cache
