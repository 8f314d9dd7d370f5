# SPDX-License-Identifier: Apache-2.0
# A thin front door: CMake builds (presets in CMakePresets.json), scripts in tests/ test.
JOBS ?= 2
PREFIX ?= build

.PHONY: build install unit test fuzz e2e cluster demo bench sim fmt lint clean
.DEFAULT_GOAL := build

build: ## release binaries in build/bin
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	cmake --install build/release --prefix $(PREFIX)

install: PREFIX = /usr/local
install: build ## the same, to PREFIX

unit: ## unit tests, lints and fuzz corpora with a debug build
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)
	ctest --preset dev
