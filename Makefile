# Two commands to begin with: `make run` and `make test`. Each sets up what it needs in .venv.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

# CHGNet on a CPU allocates megabytes at every step: in large pages of memory it is faster (benchmarks/atomistics.py).
export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1
export SSE_DATASET ?= $(or $(DATASET),sample)

.PHONY: run language-models ui doctor test test-services lint clean

run: $(VENV)/.run  ## raw data to scored models: make run, or make run DATASET=obelix
	@$(BIN)/sse-assets run $(ARGS)

language-models: $(VENV)/.language-models  ## a small language model trained on the prompts of the paper's best case
	@$(BIN)/sse-assets run --job train_small_language_model --partition case_2 $(ARGS)

ui: $(VENV)/.run  ## the web UI on http://127.0.0.1:3000
	@$(BIN)/sse-assets ui $(ARGS)

doctor: $(VENV)/.run  ## what is missing on this machine, and what works without it
	@$(BIN)/sse-assets doctor $(ARGS)

test: lint  ## every check that needs nothing but this environment
	$(BIN)/pytest -n 2 --dist loadfile -m "not services"

test-services: $(VENV)/.test  ## with a live daemon, PostgreSQL, an S3 server, a Ray cluster and a browser
	@set -e; for file in $$(grep -rl mark.services sse_assets_tests --include='test_*.py' | sort); do \
	  echo $$file; $(BIN)/pytest -m services $$file; \
	done  # each in a process of its own: a cluster leaves threads behind

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy sse_assets
	$(BIN)/lint-imports

clean:  ## the virtual environment; results in $$SSE_HOME stay
	rm -rf $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.language-models: $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[language-models]'
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
