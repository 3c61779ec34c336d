# Everything starts here: `make help` lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAMP  := $(VENV)/.installed
FILTER := $(VENV)/.git-filter
UV     := tools/uv.txt
LAB    :=
SPARK  := tools/spark.txt
DOCS   := tools/docs.txt

# What programs write into a notebook that they run, besides its outputs.
UNSAVED := metadata.papermill cell.metadata.papermill metadata.language_info.codemirror_mode \
  metadata.language_info.file_extension metadata.language_info.mimetype \
  metadata.language_info.nbconvert_exporter metadata.language_info.pygments_lexer \
  metadata.language_info.version

.DEFAULT_GOAL := help
.PHONY: help setup demo test spark test-spark lint types format lab docs lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) $(FILTER)  ## Create .venv with the pinned packages

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, e.g. make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# uv where it can be had, else pip; both install exactly what lock.txt pins. --no-deps: the lock is
# complete, and leaves out on purpose one package that others ask for (see pyproject.toml). A second
# try trusts the certificates of the system, among them those of a company's own proxy.
SYNC = $(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python lock.txt
$(STAMP): lock.txt pyproject.toml $(UV) | $(VENV)/bin/python
	@echo "Installing the pinned packages into $(VENV) (the first time about a minute) ..."
	@if $(PIP) install --no-deps --require-hashes -r $(UV) >/dev/null 2>&1 && \
	  { $(SYNC) 2>/dev/null || UV_SYSTEM_CERTS=1 $(SYNC); }; then :; else \
	  echo "uv cannot install here; pip does it instead, which takes some minutes ..."; \
	  $(PIP) install -qq --no-deps --require-hashes -r lock.txt; \
	fi
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# What only some targets need: by uv where it can install, else by pip.
ALSO = if [ -x $(BIN)/uv ] && $(BIN)/uv pip install --quiet --no-deps --require-hashes \
  --python $(BIN)/python -r $(1) 2>/dev/null; then :; else \
  $(PIP) install -qq --no-deps --require-hashes -r $(1); fi

# Git takes off what a run leaves in a notebook.
$(FILTER): Makefile $(STAMP)
	@if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then \
	  git config filter.nbstripout.clean \
	    'if [ -x $(BIN)/nbstripout ]; then $(BIN)/nbstripout --keep-id --extra-keys "$(UNSAVED)"; else cat; fi' && \
	  git config filter.nbstripout.smudge cat; \
	fi
	@touch $@

demo: setup  ## Simulate the demo client, run all stages, write the reports
	@$(BIN)/crmeval demo

# Some machines forbid Python to keep what it compiled: every kernel and every command that a test
# starts would compile the whole package again.
test: export PYTHONDONTWRITEBYTECODE =
test: setup lint  ## Lint, then run all tests but Spark's
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

spark: setup
	@echo "Installing PySpark ..."
	@$(call ALSO,$(SPARK))

test-spark: spark  ## Run the tests that start a Spark cluster on loopback (downloads 400 MB)
	@$(BIN)/python -m pytest -m spark

lint: setup  ## Check style, formatting and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy --no-error-summary

types: setup  ## Count by room the type errors of what pyproject.toml does not check yet
	@$(BIN)/python tools/type_errors.py

format: setup  ## Format the code and the notebooks
	@$(BIN)/ruff check --fix --exit-zero . && $(BIN)/ruff format .

lab: setup  ## Open JupyterLab with the project's kernel (options: make lab LAB=--no-browser)
	@$(BIN)/python -m ipykernel install --sys-prefix --name python3 >/dev/null
	@$(BIN)/jupyter lab $(LAB) --LabApp.default_url=/lab/tree/notebooks

$(VENV)/.docs: $(DOCS) $(STAMP) $(FILTER)
	@echo "Installing Sphinx ..."
	@$(call ALSO,$(DOCS))
	@touch $@

docs: $(VENV)/.docs  ## Build the documentation site; the gallery is executed
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs . build/site
	@echo "Open build/site/index.html"

PIN := --quiet --upgrade --universal --generate-hashes --no-header --no-annotate

lock: setup  ## Resolve pyproject.toml again into lock.txt, environment.yml and what tools/ pins
	$(BIN)/uv lock --upgrade --python $(BIN)/python
	$(BIN)/uv export --quiet --frozen --no-header --no-annotate --no-emit-project --group dev > lock.txt
	$(BIN)/python tools/environment.py
	$(BIN)/uv pip compile --group docs --constraint lock.txt $(PIN) --output-file $(DOCS)
	echo uv | $(BIN)/uv pip compile - $(PIN) --output-file $(UV)
	grep -o 'pyspark>[^"]*' pyproject.toml | $(BIN)/uv pip compile - $(PIN) --output-file $(SPARK)

clean:  ## Remove the environment and the demo client (never a real client)
	rm -rf $(VENV) data/demo/raw reports/demo
