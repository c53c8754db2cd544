# "make help" lists what there is.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

PACKAGES ?= ./...
BENCH    ?= .
COUNT    ?= 1
BASE     ?= $(shell git describe --tags --abbrev=0 2>/dev/null)
FUZZTIME ?= 30s
DURATION ?= 10m

# cmd/NAME becomes bin/quic-NAME, examples/A/B becomes bin/examples/A/B; the
# example that is one program, monitoring, becomes bin/monitoring-server.
COMMANDS := $(patsubst cmd/%/,bin/quic-%,$(sort $(dir $(wildcard cmd/*/*.go))))
EXAMPLES := $(patsubst examples/%/,bin/examples/%,$(sort $(dir $(wildcard examples/*/*/*.go))))

# Without cgo, a binary built here runs on any machine of the same kind.
GO_BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)'
GO_TEST  = $(GO) test -race -shuffle=on

.DEFAULT_GOAL := help
.PHONY: help build test-tools test test-integration test-chaos soak lint fix generate coverage bench bench-peers fuzz demo certs clean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: PACKAGES=$(PACKAGES) BENCH=$(BENCH) COUNT=$(COUNT) BASE=$(BASE) FUZZTIME=$(FUZZTIME) DURATION=$(DURATION) VERSION=$(VERSION)"

build: $(COMMANDS) $(EXAMPLES) bin/monitoring-server ## build all programs and examples into bin/

bin/quic-%: FORCE
	$(GO_BUILD) -o $@ ./cmd/$*

bin/examples/%: FORCE
	$(GO_BUILD) -o $@ ./examples/$*

bin/monitoring-server: FORCE
	$(GO_BUILD) -o $@ ./examples/monitoring

demo: build ## see a hub and three clients at work, in less than a minute
	$(GO) run ./internal/demo

test-tools: ## see that Prometheus and systemd-analyze are there for the tests, or install Debian's packages
	@./scripts/install-test-tools.sh

test: test-tools lint ## run all checks, unit tests and integration tests
	$(GO_TEST) $(PACKAGES)
ifeq ($(PACKAGES),./...)
	cd bench/peers && $(GO_TEST) ./...
endif

test-integration: test-tools ## run only the tests that start the real programs
	$(GO_TEST) -count=1 ./test/...

test-chaos: ## hold messages to exactly once on each bad network there is, for docs/network-reliability.md; takes 5 minutes
	$(GO) test -race -count=1 -timeout 1h -parallel 16 ./test/chaos -full -rapid.checks 2000

soak: ## load and churn for DURATION each, 10,000 clients at once, limits that are reached: "make test" does it for seconds
	$(GO) test -count=1 -timeout 6h -v ./test/soak -duration $(DURATION)

lint: ## run the checks that need no test: format, vet, staticcheck, generated code, modules
	./scripts/lint.sh

fix: ## mend what lint finds, as far as a machine can
	gofmt -w .
	$(GO) fix ./...
	$(GO) mod tidy
	cd bench/peers && $(GO) fix ./... && $(GO) mod tidy

generate: ## make anew what is made: pkg/protocol, and tables in the documents
	$(GO) tool -modfile=tools/go.mod buf generate
	cd bench/peers && $(GO) tool -modfile=../../tools/go.mod buf generate
	$(GO) run ./internal/reference

coverage: test-tools ## measure coverage; the report is coverage/index.html
	./scripts/coverage.sh $(PACKAGES)

bench: ## run the benchmarks, and those of BASE (the last release, if there is one) for comparison: BENCH=regexp, COUNT=runs
	@BASE='$(BASE)' BENCH='$(BENCH)' COUNT='$(COUNT)' ./scripts/bench.sh $(PACKAGES)

bench-peers: bin/quic-bench ## compare with NATS, gRPC, MQTT and bare quic-go, for docs/performance.md; takes 40 minutes, a trial with ARGS=-quick half of one
	cd bench/peers && $(GO_BUILD) -o ../../bin/bench-peers .
	./bin/bench-peers compare $(ARGS)

fuzz: ## run each fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) ./scripts/fuzz.sh $(PACKAGES)

certs: ## make development certificates in certs/
	./scripts/gen-certs.sh

clean: ## remove what build and coverage made; certs/ stays
	rm -rf bin coverage
