SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Flags of `mercado up`, of `go test` and of the benchmarks: make up ARGS="--demo=false".
ARGS ?=

.PHONY: help up test crashtest lint bench notebooks generate generate-check build clean servers hooks FORCE

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: servers build ## Run everything on this machine; installs and builds what is missing (ARGS="--demo=false")
	@exec bin/mercado up $(ARGS)

test: ## Run all tests on real servers (ARGS="-run Checkout ./workflows/..." for some of them)
	@deploy/bootstrap/servers.sh stripe-mock
	go test -timeout 40m $(or $(ARGS),./...)

crashtest: servers ## Kill every process and server at every step of an order; what was found goes to bench/results/crash.json
	go test ./worker/crash -run TestCrashMatrix -count=1 -timeout 90m -parallel 4 -all -v -report ../../bench/results/crash.json $(ARGS)

lint: .bin/golangci-lint .bin/workflowcheck servers ## Check format, style, import rules, and that workflows are deterministic
	.bin/golangci-lint run ./...
	.bin/golangci-lint fmt --diff ./...
	.bin/workflowcheck ./workflows/...

bench: servers ## Measure shop and lake beside their baselines; keeps bench/results/*.json (ARGS=-quick, ARGS="-only hot")
	go run ./bench $(ARGS)

notebooks: servers build ## Run docs/notebooks against a demo shop (ARGS=--keep writes what they say into the files)
	tools/notebooks.sh $(ARGS)

generate: .bin/sqlc ## Regenerate what is made from other files: SQL, OpenAPI, .env.example
	tools/generate.sh

generate-check: .bin/sqlc ## Fail when a generated file is not current
	tools/generate.sh --check

build: bin/mercado ## Build bin/mercado

clean: ## Remove what was built; the data in .mercado stay
	rm -rf bin .bin

servers:
	@deploy/bootstrap/servers.sh

hooks: ## Check format, lint and generated files before each commit in this clone
	git config core.hooksPath .githooks

bin/mercado: FORCE
	@deploy/bootstrap/build.sh

.bin/golangci-lint .bin/sqlc .bin/workflowcheck: tools/go.mod tools/go.sum
	@deploy/bootstrap/tool.sh $(@F)

FORCE:
