# Every target is explained by its comment: `make help` lists them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# ARGS is passed on: make run ARGS="--port 9000", make test ARGS="-run TestFetch ./internal/fetcher".
ARGS ?=

.PHONY: help run build test test-brokers chaos chaos-nightly bench fuzz mutants check gen fmt up down clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## run everything in one process; no Redis need run (ARGS: flags of zeroq dev)
	@go build -o bin/zeroq ./cmd/zeroq
	@exec bin/zeroq dev $(ARGS)

build: ## build all programs into bin/
	go build -trimpath -o bin/ ./cmd/... ./api ./consumer

test: ## run all tests, with the race detector (ARGS: flags and packages of go test)
	@scripts/ensure-redis
	@scripts/test $(ARGS)

test-brokers: ## run the tests that need a RabbitMQ server, which it installs (ARGS: flags of go test)
	@scripts/ensure-redis
	@scripts/ensure-rabbitmq
	@scripts/test-brokers $(ARGS)

chaos: ## break zeroq in every way, and a peer beside it; prints one table (ARGS: -seed N, names of suites)
	@scripts/ensure-redis
	@scripts/chaos $(ARGS)

chaos-nightly: ## the same, for longer
	@scripts/ensure-redis
	@scripts/chaos -nightly $(ARGS)

bench: ## measure zeroq beside asynq and plain Redis; takes eleven minutes (ARGS: flags and cases of zeroq bench)
	@scripts/ensure-redis
	@scripts/bench $(ARGS)

mutants: ## break the engine in many ways and see that its tests notice each (ARGS: names of mutants)
	@scripts/ensure-redis
	@go run ./test/mutants $(ARGS)

fuzz: ## run each fuzz target for FUZZTIME, 30s by itself (ARGS: packages of go test)
	@scripts/ensure-redis
	@scripts/fuzz $(ARGS)

check: ## look at format, vet, staticcheck, go.mod, generated code, build, architecture
	@scripts/check

gen: ## write what is generated from api/zeroq.api
	@scripts/gen

fmt: ## format the Go code
	gofmt -w .

up: ## build and start the containers
	@deploy/compose up --detach --build

down: ## stop the containers; their data stays
	@deploy/compose down

clean: ## remove what was built
	rm -rf bin coverage.*
