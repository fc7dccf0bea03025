# Needs git and Python 3.11 or later, and Go for e2e, e2e-forge, and a registry; everything else is installed
# into .venv and .tools.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo dist test e2e e2e-forge fuzz kills lint bench tools lock schema facts picture clean

help: ## Say what there is to make
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(READY): requirements.lock pyproject.toml
	@echo "Making .venv with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv .venv
	@echo "Installing $$(grep -c '==' requirements.lock) packages into .venv, from requirements.lock: this can take a minute"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "Installing fluxbump itself into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Preview and make a bump on a throwaway copy of the fixture monorepo
	@$(BIN)/python -m fixtures.demo

dist: $(READY) ## Build the files of a release into dist/: PYTHONS="python3.11 python3.12", HOMEPAGE=URL
	rm -rf dist .venv-dist
	$(BIN)/python -m release.build dist --work .venv-dist $(PYTHONS:%=--python %) $(HOMEPAGE:%=--home %)
	rm -rf .venv-dist

test: $(READY) tools ## Run all tests but those of e2e
	$(BIN)/python -m pytest -q -n 2 --ignore=tests/e2e

e2e: $(READY) ## Build a Kubernetes API server and the flux CLI; replay the incident and its recoveries there
	$(BIN)/python -m tests.tools
	$(BIN)/python -m tests.e2e.build
	$(BIN)/python -m tests.e2e.flux_cli
	$(BIN)/python -m pytest -q -n $(if $(FLUXBUMP_TEST_KUBECONFIG),0,2) tests/e2e

e2e-forge: $(READY) ## Build a Gitea; run the lifecycle of docs/run.md on it
	$(BIN)/python -m tests.lifecycle.build
	FLUXBUMP_TEST_FORGE=gitea $(BIN)/python -m pytest -q -n 2 tests/lifecycle

fuzz: $(READY) ## Fuzz every parser and the round trip of a bump: make fuzz SECONDS=60, make fuzz RUNS=1000000
	@$(BIN)/python -m tests.fuzz $(if $(RUNS),--runs $(RUNS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(AT_RANDOM),--random)

kills: $(READY) ## Kill bumps and runs at random moments, and look at what stays: make kills COUNT=500
	$(BIN)/python -m tests.kills $(or $(COUNT),500)

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

tools: $(READY) ## Put what tests need under .tools, by pinned digests
	$(BIN)/python -m tests.tools
	$(BIN)/python -m tests.kube_schemas
	$(BIN)/python -m tests.contracts
	$(BIN)/python -m tests.registry.build

bench: $(READY) ## Measure time and memory beside a floor: BASE=REV beside another commit, ONLY="not 100000"
	@rm -rf .bench-base && git worktree prune
	$(if $(BASE),git worktree add --quiet --detach .bench-base $(BASE))
	$(BIN)/python -m compileall -q fluxbump $(if $(BASE),.bench-base/fluxbump)
	$(if $(BASE),FLUXBUMP_BENCH_BASE=$(CURDIR)/.bench-base) $(BIN)/python -m pytest -q \
	  -p no:cacheprovider --benchmark-only $(if $(ONLY),-k "$(ONLY)") tests/bench/bench.py tests/bench/bench_run.py
	@rm -rf .bench-base && git worktree prune

lock: ## Resolve the dependencies again, with hashes
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --extra dev --extra otel --python-version 3.11 -o requirements.lock pyproject.toml
	.venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --constraint requirements.lock --python-version 3.11 \
	  -o requirements-run.lock pyproject.toml
	rm -rf .venv-lock

schema: $(READY) ## Write the JSON Schemas in docs/schemas
	@mkdir -p docs/schemas
	@for name in config to status releases check path matrix recover run fleet fleet-config; do \
	  $(BIN)/fluxbump schema $$name > docs/schemas/$$name.json; done

facts: $(READY) ## Derive the tables in fluxbump/flux/tables: make facts SOURCE=DIR INDEX=URL, with DIR/vX.Y.Z/install.yaml
	@$(BIN)/python -m fixtures.derive_facts "$(SOURCE)" "$(INDEX)"

picture: $(READY) ## Take the picture in the README again, in a headless Chromium; then look at it
	@$(BIN)/python -m tests.picture

clean: ## Remove what was built
	rm -rf .bench-base .venv .venv-lock .venv-dist dist .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks \
	  .fuzz
