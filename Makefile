# SPDX-License-Identifier: Apache-2.0
# A thin front door: CMake builds (CMakePresets.json), scripts in tests/ test. `make help` lists.
JOBS ?= 2
PREFIX ?= build

.DEFAULT_GOAL := build
.PHONY: help build install unit test fuzz e2e load adversary adversary-mutants traps gitops \
    kills sanitized gates cluster cluster-down demo sim differential bench fmt lint tidy coverage \
    mutation torture clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 12

build: ## release programs, in build/bin
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	cmake --install build/release --prefix $(PREFIX)

install: PREFIX = /usr/local
install: build ## release programs, in PREFIX/bin

test: ## everything: what .ci/run runs
	tests/run

unit: ## unit tests, lints and fuzz corpora, with a debug build
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)
	ctest --preset dev

fuzz: ## every fuzzer for FUZZ_SECONDS (60), with new inputs
	FUZZ_SEED=$${FUZZ_SEED:-0} FUZZ_SECONDS=$${FUZZ_SECONDS:-60} tests/run fuzz

e2e: build ## the suites on a real cluster; SLUICE_KUBERNETES=v1.35 is another minor
	tests/run e2e

ifdef SANITIZE
adversary: export SLUICE_BIN = build/asan/bin
adversary: sanitized
	tests/adversary/run --steady $(OPTIONS)
else
adversary: build ## releases under hostile acts and dying operators; OPTIONS=..., SANITIZE=1
	tests/adversary/run $(OPTIONS)
endif

sanitized:
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS) --target sluice-controller

adversary-mutants: ## controllers without one safety rule: the adversary must catch each
	tests/adversary/mutants

kills: build ## the operator killed at each request of ten releases, two API servers; OPTIONS=...
	tests/kills/run $(OPTIONS)

load: build ## real pods, a real router, steady load: nothing may be lost
	tests/cluster/cluster up
	tests/e2e/load_test.sh

gates: build ## real pods and a real Prometheus: bad, slow, dead and unreachable
	tests/cluster/cluster up
	tests/e2e/gates_test.sh

traps: build ## every known trap, set on purpose and watched without a gap (tests/TRAPS.md)
	tests/e2e/traps_test.sh
	tests/e2e/corrections_test.sh

gitops: build ## kubectl apply, Flux, Argo CD and Helm at work during releases
	tests/e2e/gitops_test.sh

cluster: ## a real Kubernetes on this machine
	tests/cluster/cluster up

demo: ## releases you can watch, on a simulated cluster; CLUSTER=real: on a real Kubernetes
	tests/deps $(if $(filter real,$(CLUSTER)),,--build)
	$(MAKE) -s build
	tests/demo/run --cluster $(or $(CLUSTER),simulated)

sim: ## all the simulated cluster can try, in minutes; HOURS=n goes on for n hours
	HOURS=$(HOURS) JOBS=$(JOBS) tests/sim/run

differential: build ## the simulated cluster and a real one, asked the same; OPTIONS="--seconds 600"
	tests/differential/run $(OPTIONS)

cluster-down: ## and nothing of it is left but what was built
	tests/cluster/cluster down

bench: build ## what releases cost, beside plain Deployments
	tests/bench/run

fmt: ## C as clang-format has it
	git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

lint: ## the lints alone, then clang-tidy
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)
	ctest --preset dev -L lint
	run-clang-tidy -quiet -p build/dev -j $(JOBS) '/(src|cmd)/.*\.c$$'

coverage: ## lines and branches that the tests reach; COVERAGE_MISSED=src/plan lists what they miss
	tests/coverage

mutation: ## which small edits of planner and executor no test notices; OPTIONS="--draw 300"
	cmake --preset sim
	python3 -B tests/mutation/run.py --jobs $(JOBS) $(OPTIONS)

torture: ## every place that asks for memory is refused it once, in every unit test
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	python3 -B tests/torture/run.py --jobs $(JOBS) $(OPTIONS)

clean: ## no build
	rm -rf build
