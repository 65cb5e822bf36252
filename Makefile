# `make lab` and `make test` are all a newcomer needs; `make help` lists the rest.
# Nothing here deletes files: to start afresh, remove the folder .venv yourself.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LAB ?= 01
NOTEBOOK = $(firstword $(wildcard notebooks/$(LAB)_*.ipynb))
LAB_ARGS ?=
HELDOUT ?=
# On how many of the bench's 100 submissions nbval is measured, if not on a few: all of them take it an hour.
NBVAL_ON ?=
TEST_ARGS ?=
# How many processes run the tests; each computes on one core.
WORKERS ?= 2
UPGRADE ?=
# Where torch comes from, if not from where install.py looks for the build that this machine can use.
TORCH_INDEX ?=
# JupyterLab does not start as root, as one is in many containers, unless it is told to.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)
# A Python, if not the first on the PATH that labkit runs on (.ci/python finds it).
PYTHON ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install lab test test-slow test-all test-browser test-lowest lock pictures check notebooks evaluate bench \
	fetch doctor
.DEFAULT_GOAL := help

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile
	@echo
	@echo '  LAB=02 picks a lab, LAB_ARGS and TEST_ARGS are handed on to JupyterLab and pytest, WORKERS=4 is how many'
	@echo '  processes run the tests (2 if it is not said),'
	@echo '  PYTHON=/path/to/python3 picks a Python, TORCH_INDEX=ADDRESS another source of torch (see README.md).'

install: $(STAMP)  ## make .venv and install labkit and what it needs

$(STAMP): pyproject.toml constraints.txt
	@python=$$(sh .ci/python "$(PYTHON)") && \
	"$$python" install.py $(if $(TORCH_INDEX),--torch-index "$(TORCH_INDEX)")

lab: $(STAMP)  ## open JupyterLab at lab 01 (LAB=02 for another)
	@test -n "$(NOTEBOOK)" || { echo 'There is no lab $(LAB): notebooks/$(LAB)_*.ipynb does not exist.' >&2; exit 1; }
	$(BIN)/python -m jupyterlab $(AS_ROOT) $(LAB_ARGS) $(NOTEBOOK)

OFFLINE := HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
IN_PROCESSES = OMP_NUM_THREADS=1 $(OFFLINE) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Which test is in which tier is said in tests/tiers.py.
test: $(STAMP)  ## run the tests that see most, offline, in some minutes
	$(IN_PROCESSES) -m quick $(TEST_ARGS)

test-slow: $(STAMP)  ## run the tests that `make test` leaves out, but the browser's
	$(IN_PROCESSES) -m full $(TEST_ARGS)

test-all: $(STAMP)  ## run every test that needs no browser, as CI does
	$(IN_PROCESSES) -m 'not browser' $(TEST_ARGS)

test-browser: $(STAMP)  ## run every lab in a real browser; needs chromium and chromium-driver from the system
	@$(BIN)/python install.py browser
	$(OFFLINE) $(BIN)/python -m pytest -m browser -rs tests/browser $(TEST_ARGS)

pictures: $(STAMP)  ## take the README's pictures of the notebooks anew; needs what test-browser needs
	@$(BIN)/python install.py browser
	HF_HUB_OFFLINE=1 $(BIN)/python -m tests.browser.screenshots

test-lowest:  ## run the quick tests with the lowest versions that pyproject.toml allows, in a .venv-lowest
	@python=$$(sh .ci/python "$(PYTHON)") && "$$python" .ci/lowest.py
	$(subst $(BIN),.venv-lowest/bin,$(IN_PROCESSES)) -m quick $(TEST_ARGS)

lock: $(STAMP)  ## write constraints.txt anew from pyproject.toml; UPGRADE=--upgrade: with the newest versions
	$(BIN)/python .ci/lock.py $(UPGRADE)

check: $(STAMP)  ## format, lint, types, and whether the generated notebooks are up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/labkit build --check

notebooks: $(STAMP)  ## generate the notebooks from notebooks/source
	$(BIN)/labkit build

evaluate: $(STAMP)  ## measure the bundled models on held-out text: HELDOUT=FILE
	@test -n "$(HELDOUT)" || { echo 'Name the text to measure on: make evaluate HELDOUT=FILE' >&2; exit 1; }
	$(BIN)/labkit evaluate --heldout $(HELDOUT)

bench: $(STAMP)  ## measure what should stay fast, as ratios
	HF_HUB_OFFLINE=1 $(BIN)/python -m tests.bench.bench $(NBVAL_ON)

fetch: $(STAMP)  ## download ahead of time what the labs would otherwise fetch when they need it
	$(BIN)/labkit fetch

doctor: $(STAMP)  ## say what is right with this machine and what to fix
	$(BIN)/labkit doctor
