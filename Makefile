# `make help` lists the targets. They are the only commands that people, hooks and CI use.
# Everything lives in this folder: the environment in .venv, tools in .tools.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
LOCAL_UV := .tools/uv/bin/uv
UV := $(or $(shell command -v uv 2>/dev/null),$(LOCAL_UV))
RUN := $(UV) run --no-sync
export PYRIGHT_PYTHON_CACHE_DIR := $(CURDIR)/.tools/pyright
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Tests and demo start many processes; each would compile all that it imports anew, which takes longer than the rest.
unexport PYTHONDONTWRITEBYTECODE

MEMBERS := packages/petrosa-contracts packages/cio-decision packages/cio-nurse packages/cio-strategist tools/canary tools/devstack
TREES := packages tools tests bench demo docs

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(LOCAL_UV):
	@echo "uv is not installed: getting it into .tools (nothing is installed globally)"
	@$(PYTHON) -m venv .tools/uv && .tools/uv/bin/python -m pip install --quiet uv \
		|| $(PYTHON) -m pip install --quiet --target .tools/uv uv

.PHONY: setup
setup: $(if $(filter $(LOCAL_UV),$(UV)),$(LOCAL_UV)) ## Make the environment (other targets do it by themselves)
	@test -d .venv || echo "setting up the environment in .venv: this happens once"
	@$(UV) sync --quiet --inexact --locked --all-packages

.PHONY: setup-lint
setup-lint: setup
	@$(UV) sync --quiet --inexact --locked --all-packages --group lint

.PHONY: demo
demo: setup ## Show the main job on real servers; PLAIN=1 for plain lines, SHORT=1 for the short form
	@$(RUN) python -m demo $(if $(PLAIN),--plain) $(if $(SHORT),--short)

.PHONY: test
test: setup ## Run the tests, four files at a time; ARGS="-n 0 -k heartbeat" passes arguments to pytest
	@$(RUN) pytest -m "not slow" -n 4 --dist loadfile $(ARGS)

.PHONY: test-slow
test-slow: setup ## Run the tests that take minutes
	@$(RUN) pytest -m slow $(ARGS)

.PHONY: lint
lint: setup-lint ## Check style, types, layers, dependencies and generated documents
	@$(RUN) ruff check $(TREES)
	@$(RUN) ruff format --check $(TREES)
	@$(RUN) pyright
	@$(RUN) lint-imports
	@for member in $(MEMBERS); do (cd $$member && $(abspath .venv/bin/deptry) --no-ansi src); done
	@$(RUN) python docs/generate.py --check
	@$(MAKE) --no-print-directory primal

.PHONY: primal
primal: setup ## Verify the signatures of the primal limits; BEFORE=folder: also the change since, by the approvers of then
	@$(RUN) cio-primal verify --or-nobody-listed
	@$(if $(BEFORE),$(RUN) cio-primal verify-change --before $(BEFORE))

.PHONY: primal-change
primal-change: setup ## Verify the change of the primal limits since the merge base with PRIMAL_BASE (main)
	@before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; \
		.ci/primal-before "$$before" && $(MAKE) --no-print-directory primal BEFORE="$$before"

.PHONY: fmt
fmt: setup-lint ## Format the code and mend what can be mended
	@$(RUN) ruff check --fix --quiet $(TREES) || true
	@$(RUN) ruff format $(TREES)

.PHONY: docs
docs: setup ## Generate schemas, AsyncAPI and the parameter reference from the models
	@$(RUN) python docs/generate.py

.PHONY: bench
bench: setup ## Measure the gate against the bare transport; ARGS=--quick for a first impression
	@$(RUN) python -m bench $(ARGS)

.PHONY: regime
regime: setup ## Evaluate the regime classifier; ARGS=--write puts results and picture into docs/
	@$(RUN) python -m bench.regime $(ARGS)

.PHONY: build
build: setup ## Build a wheel of every member, and canary as a single file, into dist/
	@$(UV) build --quiet --all-packages --out-dir dist
	@$(RUN) python tools/canary/build_single_file.py dist/canary.pyz
	@ls dist/*.whl dist/canary.pyz

.PHONY: hooks
hooks: setup-lint ## Install the git hooks
	@$(RUN) pre-commit install

.PHONY: clean
clean: ## Remove everything that the targets made
	rm -rf .venv .tools dist bench/results .pytest_cache .ruff_cache .hypothesis
	find $(TREES) -name __pycache__ -prune -exec rm -rf {} +
