# Every target is explained by its comment: `make help` lists them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# ARGS is passed on: make run ARGS="--port 9000", make test ARGS="-run TestFetch ./internal/fetcher".
ARGS ?=


fuzz: ## run each fuzz target for FUZZTIME, 30s by itself (ARGS: packages of go test)
	@scripts/ensure-redis
	@scripts/fuzz $(ARGS)
