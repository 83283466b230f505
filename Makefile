# make run starts a node, make test checks everything. Both install what they need on Debian 12.
# Needed beforehand: Go 1.25 or later, make, gcc, and root or sudo the first time.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

BINARY   := bin/millrace
DATA_DIR ?= ./data
ARGS     ?=
PORT     ?= 7432
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Every test build checks its invariants. PKGS and TESTFLAGS narrow a run: make test PKGS=./log/... TESTFLAGS='-v -run Torn'
TAGS      := invariants
PKGS      ?= ./...
TESTFLAGS ?=
# Of one package. The slowest are in tests/, which compare whole views with PostgreSQL.
TEST_TIMEOUT ?= 10m
RACE_PKGS    ?= ./...
RACE_TIMEOUT ?= 15m
FUZZTIME     ?= 10s
# How often test-crash kills the server, and how many states of power cuts it looks at.
ROUNDS       ?= 30
STATES       ?= 4000
SOAK         ?= 2m
BENCH        ?= .
# Of one benchmark. A comparison of both sides takes five rounds, however short this is.
BENCHTIME    ?= 300ms

# librocksdb-dev depends on all that grocksdb links beside RocksDB itself: snappy, lz4, zstd, zlib, bzip2, gflags.
# g++ brings libstdc++ and the C library's headers.
BUILD_PACKAGES := g++ librocksdb-dev
# PostgreSQL 15 is the judge of the tests, and part of what Debian 12 is.
TEST_PACKAGES  := postgresql-15
PSQL_PACKAGES  := postgresql-client-15

.PHONY: run build test test-crash test-drivers soak lint race fuzz bench rewrite psql demo deps deps-test deps-psql clean

run: build
	exec $(BINARY) serve --data-dir $(DATA_DIR) $(ARGS)

build: deps
	go build -ldflags '-X main.version=$(VERSION)' -o $(BINARY) .

test: deps deps-test build lint
	go test -tags $(TAGS) -vet=off -timeout $(TEST_TIMEOUT) $(TESTFLAGS) $(PKGS)

# The server killed under load, and judged by PostgreSQL, and power cuts of a node: more often than in test.
test-crash: deps deps-test
	go test -tags $(TAGS) -vet=off -count=1 -timeout $(TEST_TIMEOUT) -v ./tests/crash -rounds=$(ROUNDS)
	go test -tags $(TAGS) -vet=off -count=1 -timeout $(TEST_TIMEOUT) -v ./cluster -run TestPowerCuts -crash-states=$(STATES)

# Programs that use the drivers of other languages, against PostgreSQL and against Millrace. Installs them into bin/drivers.
test-drivers: deps deps-test
	@tests/drivers/install
	go test -tags $(TAGS),drivers -count=1 -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./tests/drivers

# A node under load for a time, e.g. make soak SOAK=1h: does anything grow?
soak: deps deps-test
	go test -tags $(TAGS) -vet=off -count=1 -timeout 0 -v ./tests/soak -soak=$(SOAK)

lint: deps
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet -tags $(TAGS) ./...

race: deps deps-test
	go test -race -tags $(TAGS) -timeout $(RACE_TIMEOUT) $(TESTFLAGS) $(RACE_PKGS)

fuzz: deps
	TAGS=$(TAGS) .ci/fuzz $(FUZZTIME)

# The comparisons of tests/bench and exec/state print a table at the end. A larger node to start:
# make bench BENCH=Start PKGS=./tests/bench TESTFLAGS='-start-keys=1000000 -start-records=10000000'
bench: deps
	@rows=$$(mktemp); trap 'echo; cat "$$rows"; rm -f "$$rows"' EXIT; \
	MILLRACE_BENCH_ROWS=$$rows go test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem $(PKGS) $(TESTFLAGS)

# Golden files, written anew. Read the diff before you commit it.
rewrite: deps
	packages=$$(grep -rlE --include='*_test.go' 'cockroachdb/datadriven"|flag\.Bool\("rewrite"' . | xargs -r -n1 dirname | sort -u || true); \
	for package in $$packages; do go test -tags $(TAGS) $(TESTFLAGS) $$package -rewrite; done

psql: deps-psql
	exec psql -h 127.0.0.1 -p $(PORT) -d millrace

demo: build deps-psql
	exec tests/flights/demo

deps:
	@.ci/deps $(BUILD_PACKAGES)

deps-test:
	@.ci/deps $(TEST_PACKAGES)

deps-psql:
	@command -v psql >/dev/null || .ci/deps $(PSQL_PACKAGES)

clean:
	rm -rf bin
