# Everything starts here: `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CLIENT ?= demo

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-spark lint format lab lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## Create .venv with the pinned packages

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(STAMP): lock.txt pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "uv is not to be had; pip does it instead (slower)"
	@if [ -x $(BIN)/uv ]; then \
	  $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python lock.txt && \
	  $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e . ; \
	else \
	  $(BIN)/python -m pip install --quiet --require-hashes -r lock.txt && \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . ; \
	fi
	@touch $(STAMP)

demo: setup  ## Simulate the demo client, run all stages, write the reports
	@$(BIN)/crmeval demo

test: setup lint  ## Lint, then run all tests
	@$(BIN)/python -m pytest -n 2

test-spark: setup  ## Run the tests that start a Spark cluster on loopback (installs the spark extra)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python "pyspark>=4.0,<4.1"
	@$(BIN)/python -m pytest -m spark

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: setup  ## Format the code and the notebooks
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lab: setup  ## Open JupyterLab with the project's kernel
	@$(BIN)/python -m ipykernel install --sys-prefix --name python3 --display-name "Python (crmeval)" >/dev/null
	@$(BIN)/jupyter lab notebooks

lock: setup  ## Resolve pyproject.toml again into lock.txt and environment.yml
	$(BIN)/uv lock --upgrade --python $(BIN)/python
	$(BIN)/uv export --quiet --frozen --no-header --no-annotate --no-emit-project --group dev > lock.txt
	$(BIN)/python -m analysis.environment

clean:  ## Remove the environment and the demo client (never a real client)
	rm -rf $(VENV) data/demo/raw reports/demo
