# The commands people type: make demo, test, lib, check, install, bench. Each installs what it lacks.
SHELL := /bin/bash
PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build
VENV := $(BUILD)/venv
PYTHON := $(VENV)/bin/python
VERSION := $(shell awk '/define STEIN_VERSION_(MAJOR|MINOR|PATCH)/ {printf s $$3; s = "."}' include/stein.h)
MAJOR := $(firstword $(subst ., ,$(VERSION)))
LIBRARY := $(BUILD)/lib/libstein.so.$(VERSION)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PACKAGES := libffi-dev libxsmm-dev pkg-config cmake libopenmpi-dev openmpi-bin
PEERS := $(BUILD)/peers-venv
CHAIN_PEERS := $(BUILD)/chain-peers-venv
DEMO := $(BUILD)/demo

# AVX2 and fused multiply-add; a check at run time refuses older processors with a sentence.
TARGET := -Xcc -march=x86-64-v3
RELEASE := -c release $(TARGET) -Xswiftc -static-stdlib
LINK := -Xlinker --version-script=$(CURDIR)/$(BUILD)/exports.map -Xlinker -soname=libstein.so.$(MAJOR) \
  -Xlinker -z -Xlinker nodelete -Xlinker --gc-sections -Xlinker -s
RUN_PYTHON := STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) PYTHONPATH=$(CURDIR)/bindings/python PYTHONDONTWRITEBYTECODE=1

.PHONY: lib wheel demo examples test check install bench bench-quick bench-objectives bench-uci bench-chains bench-ranks soak generate packages venv swift-test c-test python-test \
  install-test readme-test lint header-test library-test clean

lib: $(LIBRARY)

packages:
	@missing=""; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

venv: $(VENV)/.done
$(VENV)/.done: bindings/python/requirements-dev.txt
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install -q -r $<
	touch $@

$(LIBRARY): $(shell find Sources include -type f) Package.swift bindings/generate.py | packages
	@mkdir -p $(BUILD)/lib
	python3 bindings/generate.py exports $(BUILD)/exports.map
	swift build --scratch-path $(BUILD)/release --product stein $(RELEASE) $(LINK)
	cp $(BUILD)/release/release/libstein.so $@
	ln -sf libstein.so.$(VERSION) $(BUILD)/lib/libstein.so.$(MAJOR)
	ln -sf libstein.so.$(MAJOR) $(BUILD)/lib/libstein.so

generate: lib
	python3 bindings/generate.py python bindings/python/stein/_abi.py
	python3 bindings/generate.py options bindings/python/stein/_kinds.py
	python3 bindings/generate.py swift Tests/ABIProbe/Signatures.swift

# ---- What a newcomer sees: real data, from C and from Python

$(DEMO)/%.csv: bindings/python/examples/export.py | venv
	@mkdir -p $(DEMO)
	$(PYTHON) $< $* $@

$(BUILD)/examples/%: bindings/c/examples/%.c include/stein.h | lib
	@mkdir -p $(@D)
	cc -std=c99 -Wall -Wextra -Iinclude $< -Lbuild/lib -lstein -lm -Wl,-rpath,$(CURDIR)/build/lib -o $@

demo: lib venv $(DEMO)/wine.csv $(DEMO)/digits.csv $(BUILD)/examples/quickstart $(BUILD)/examples/train_and_resume
	@echo "== C: quickstart on the wine table"
	cd $(DEMO) && ../examples/quickstart wine.csv wine_from_c.csv
	@echo "== C: the digits, trained in two pieces with a checkpoint between"
	cd $(DEMO) && ../examples/train_and_resume digits.csv digits_from_c.csv
	@echo "== Python: wine"
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/wine.py --out $(DEMO)
	@echo "== Python: digits"
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/digits.py --out $(DEMO)

examples: lib venv
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/manifold.py --out $(DEMO)
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/modes.py --out $(DEMO)
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/toys.py --out $(DEMO)

# ---- The Python wheel, with the library inside

WHEEL := $(BUILD)/wheel/stein-$(VERSION)-py3-none-manylinux_2_34_x86_64.whl

wheel: $(WHEEL)
$(WHEEL): $(LIBRARY) $(shell find bindings/python/stein -name '*.py' -not -path '*/__pycache__/*') bindings/python/pyproject.toml \
    bindings/python/hatch_build.py bindings/python/README.md | venv
	rm -rf $(BUILD)/wheel
	STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) $(PYTHON) -m pip wheel -q --no-deps --no-build-isolation -w $(BUILD)/wheel/plain ./bindings/python
	PATH=$(CURDIR)/$(VENV)/bin:$$PATH $(PYTHON) -m auditwheel repair --plat manylinux_2_34_x86_64 -w $(BUILD)/wheel $(BUILD)/wheel/plain/*.whl
	@ls -l $@

# ---- Tests

test: lib venv swift-test c-test python-test

swift-test: | lib
	STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) swift test -c release --scratch-path $(BUILD)/tests $(TARGET)

c-test: lib
	@mkdir -p $(BUILD)/consumer
	@passed=0; failed=0; for source in Tests/CConsumer/*.c; do program=$(BUILD)/consumer/$$(basename $$source .c); \
	  cc -std=gnu11 -Wall -Wextra -Werror -Iinclude $$source -Lbuild/lib -lstein -Wl,-rpath,$(CURDIR)/build/lib -lpthread -lm -o $$program \
	    && (cd $(BUILD)/consumer && timeout 300 ./$$(basename $$program)) && passed=$$((passed + 1)) || { failed=$$((failed + 1)); echo "FAILED: $$source"; }; \
	done; echo "$$passed passed, $$failed failed"; [ $$failed = 0 ]

python-test: lib venv
	$(RUN_PYTHON) $(PYTHON) -m pytest -q -p no:cacheprovider bindings/python/tests

check: lint types header-test test library-test install-test readme-test
	python3 bindings/generate.py check

lint:
	swift format lint --strict -r Sources Tests Package.swift
	$(MAKE) --no-print-directory rules

types: venv
	$(PYTHON) -m mypy --strict --cache-dir $(BUILD)/mypy bindings/python/stein

.PHONY: rules types
rules:
	@for n in $$(seq 1 18); do grep -rqwE "R$$n" Tests bindings/python/tests --include='*.swift' --include='*.c' --include='*.py' --include='*.sh' \
	  || { echo "rule R$$n of stein.h has no test"; exit 1; }; done; echo "rules R1 to R18 are each cited by a test"

header-test:
	Tests/header.sh

library-test: lib
	Tests/library.sh $(LIBRARY)

install: lib
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/lib/cmake/stein $(DESTDIR)$(PREFIX)/include
	install -m 755 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/
	ln -sf libstein.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libstein.so.$(MAJOR)
	ln -sf libstein.so.$(MAJOR) $(DESTDIR)$(PREFIX)/lib/libstein.so
	install -m 644 include/stein.h $(DESTDIR)$(PREFIX)/include/
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' bindings/c/stein.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/stein.pc
	sed -e 's|@VERSION@|$(VERSION)|; s|@MAJOR@|$(MAJOR)|' bindings/c/steinConfig.cmake.in > $(DESTDIR)$(PREFIX)/lib/cmake/stein/steinConfig.cmake
	sed -e 's|@VERSION@|$(VERSION)|' bindings/c/steinConfigVersion.cmake.in > $(DESTDIR)$(PREFIX)/lib/cmake/stein/steinConfigVersion.cmake

readme-test: lib venv
	Tests/readme.sh $(PYTHON)

install-test: lib
	Tests/install.sh

# ---- Long forms

soak: lib venv
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/wine.py --splits 10 --out $(DEMO)
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/digits.py --splits 10 --out $(DEMO)

# Stein and its peers in turns, about ten minutes; leave the machine alone meanwhile.
bench: lib venv $(PEERS)/.done
	$(RUN_PYTHON) $(PYTHON) Benchmarks/bench.py --peers $(PEERS)/bin/python --write Benchmarks/RESULTS.md

bench-quick: lib venv
	$(RUN_PYTHON) $(PYTHON) Benchmarks/bench.py --quick

$(PEERS)/.done: Benchmarks/requirements-peers.txt
	python3 -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install -q --no-deps -r $<
	touch $@

bench-objectives: lib venv
	$(RUN_PYTHON) $(PYTHON) Benchmarks/cost.py
	$(RUN_PYTHON) $(PYTHON) Benchmarks/fisher.py

# Ranks on this machine by MPI, and the arithmetic for others.
bench-ranks: lib venv
	$(RUN_PYTHON) $(PYTHON) Benchmarks/ranks.py

# DATA: the red wine table of the UCI archive, winequality-red.csv.
bench-uci: lib venv
	$(RUN_PYTHON) $(PYTHON) Benchmarks/uci.py $(DATA)

# DATA: the folder of Benchmarks/posteriors.py.
bench-chains: lib $(CHAIN_PEERS)/.done
	$(RUN_PYTHON) $(CHAIN_PEERS)/bin/python Benchmarks/effective_samples.py $(DATA)

$(CHAIN_PEERS)/.done: Benchmarks/requirements-chains.txt
	python3 -m venv $(CHAIN_PEERS)
	$(CHAIN_PEERS)/bin/python -m pip install -q -r $<
	touch $@

clean:
	rm -rf $(BUILD) .build
