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
# What the library is compiled with. Tests name what they need beside it: $(call need,packages).
PACKAGES := libxsmm-dev
need = @$(MAKE) -s --no-print-directory packages PACKAGES="$(1)"
MPI := libopenmpi-dev openmpi-bin
# After which a program in C that stands still is given up (none takes nearly as long), and the memory that contexts of the Python tests may use.
C_SECONDS ?= 3600
MEMORY_LIMIT ?= 67108864
# For languages-test, which skips what is absent: 38 MB. ALL_LANGUAGES=1 adds Rust and Java, 170 MB more.
LANGUAGES := luajit gfortran r-base-core ruby $(if $(shell command -v javac),libjna-java)
ifdef ALL_LANGUAGES
LANGUAGES += rustc default-jdk-headless libjna-java
endif
DOCS := $(BUILD)/docs-venv
PEERS := $(BUILD)/peers-venv
CHAIN_PEERS := $(BUILD)/chain-peers-venv
DEMO := $(BUILD)/demo

# For which processors each target is compiled and how the library is linked stands in Package.swift. An import of a target that is no dependency is an error in every build.
SWIFT_BUILD := swift build --explicit-target-dependency-import-check error
SWIFT_TEST := swift test --explicit-target-dependency-import-check error
RELEASE := -c release
RUN_PYTHON := STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) PYTHONPATH=$(CURDIR)/bindings/python PYTHONDONTWRITEBYTECODE=1

.PHONY: lib wheel demo examples test check install bench bench-quick bench-objectives bench-uci bench-chains bench-ranks soak generate packages venv \
  swift-test c-test fuzz-test python-test oldcpu-test figures-test generated-test fuzz tsan valgrind sweep \
  install-test readme-test languages languages-test docs lint header-test library-test clean

lib: $(LIBRARY)

# ---- For those who change the library

.PHONY: help debug coverage guide-test
define HELP
Build
  make lib             the library, build/lib/libstein.so; everything else makes what it needs
  make debug           the library with assertions, in about a minute: build/debug
  make wheel           the Python wheel, build/wheel
  make install         PREFIX=/usr/local DESTDIR=: the library, stein.h, pkg-config, CMake, pages of options
  make docs            the guide with its results, stein.h as pages, notebooks: build/docs
  make generate        what follows from stein.h and the options, after a change of either
  make clean
Try
  make demo            real data from C and Python, build/demo/*.png
  make examples        four worked examples in Python
Test
  make test            Swift, C, fuzzing's finds, Python
  make check           everything that must pass before a change lands
  make NAME            one part: lint types imports-test header-test swift-test c-test fuzz-test python-test digest-test library-test
                       oldcpu-test figures-test install-test readme-test languages-test generated-test docs
  make guide-test      the Python of the guide, pasted page by page: PAGES="FILE..."
  make coverage        lines of Sources that Swift tests reach: FILTER=SteinTests for one suite
  make soak            the long forms: sweep tsan valgrind memcheck fuzz (SECONDS=3600), soak-host alone
Measure
  make bench           beside PyTorch and JAX, a quarter of an hour; bench-quick: Stein alone
  make bench-check     W1 to W6 against the library of another commit: BASE=main PAIRS=60
  make digest          bits of each family, objective and sampler: BASE=main compares with another commit
  make bench-objectives bench-ranks bench-uci bench-chains
endef
export HELP
help:
	@echo "$$HELP"

debug:
	swift build --scratch-path $(BUILD)/debug

# In a debug build, since an optimized one moves lines; by the toolchain's llvm-cov. FILTER: a suite of Tests, or several as a regular expression.
FILTER ?= GraphTests|KernelsTests|ExecutionTests|SteinTests
COVERED = $(BUILD)/coverage/debug
coverage:
	swift test --scratch-path $(BUILD)/coverage --enable-code-coverage --filter '$(FILTER)'
	@$$(dirname $$(readlink -f $$(command -v swiftc)))/llvm-cov report $(COVERED)/steinPackageTests.xctest -instr-profile $(COVERED)/codecov/default.profdata \
	  -ignore-filename-regex '(Tests|$(BUILD))/' -show-functions=false > $(BUILD)/coverage/report.txt
	@awk '/^TOTAL/ {printf "coverage: %s of %s lines, functions %s\n", $$10, $$8, $$7}' $(BUILD)/coverage/report.txt

packages:
	@missing=""; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

# For CI: nothing fails where they can't be installed.
languages:
	@$(SUDO) true 2>/dev/null && $(MAKE) -s --no-print-directory packages PACKAGES="$(LANGUAGES)" \
	  || echo "no other languages are installed: languages-test will skip those that are absent"

venv: $(VENV)/.done
$(VENV)/.done: bindings/python/requirements-dev.txt
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install -q -r $<
	touch $@

$(LIBRARY): $(shell find Sources include -type f) Package.swift bindings/generate.py | packages
	@mkdir -p $(BUILD)/lib
	python3 bindings/generate.py exports Sources/CGate/exports.map
	python3 bindings/generate.py gates Sources/CGate/gates.c
	python3 bindings/generate.py bodies Sources/CStein/include/bodies.h
	$(SWIFT_BUILD) --scratch-path $(BUILD)/release --product stein $(RELEASE)
	cp $(BUILD)/release/release/libstein.so $@.new && mv $@.new $@ # programs that run keep theirs
	ln -sf libstein.so.$(VERSION) $(BUILD)/lib/libstein.so.$(MAJOR)
	ln -sf libstein.so.$(MAJOR) $(BUILD)/lib/libstein.so

generate: lib
	python3 bindings/generate.py python bindings/python/stein/_abi.py
	python3 bindings/generate.py options bindings/python/stein/_kinds.py
	python3 bindings/generate.py swift Tests/ABIProbe/Signatures.swift
	python3 bindings/generate.py interface Tests/ABI/interface.txt
	$(call need,abigail-tools)
	Tests/abi.sh write

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
	@echo "== C: the digits, with checkpoints to go on from after a kill"
	cd $(DEMO) && ../examples/train_and_resume digits.csv digits_from_c.csv
	@echo "== Python: wine"
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/wine.py --out $(DEMO)
	@echo "== Python: digits"
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/digits.py --out $(DEMO)

examples: lib venv
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/manifold.py --out $(DEMO)
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/pictures.py --out $(DEMO)
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

# Each part makes what it needs.
test:
	@Tests/parts.sh test swift-test c-test fuzz-test python-test

# Every plan that the tests make is looked at by PlanVerifier.
VERIFIED := -Xswiftc -DVERIFY_PLANS
swift-test: | lib
	$(call need,libffi-dev pkg-config)
	STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) $(SWIFT_TEST) -c release --scratch-path $(BUILD)/tests $(VERIFIED)

# ONLY: some of the programs, by name.
CONSUMERS = $(if $(ONLY),$(ONLY:%=Tests/CConsumer/%.c),$(wildcard Tests/CConsumer/*.c))
c-test: lib
	@mkdir -p $(BUILD)/consumer
	@passed=0; failed=; for source in $(CONSUMERS); do program=$(BUILD)/consumer/$$(basename $$source .c); \
	  cc -std=gnu11 -Wall -Wextra -Werror -Iinclude $$source -Lbuild/lib -lstein -Wl,-rpath,$(CURDIR)/build/lib -lpthread -lm -o $$program \
	    && (cd $(BUILD)/consumer && timeout $(C_SECONDS) ./$$(basename $$program)) && passed=$$((passed + 1)) || { failed="$$failed $$source"; echo "FAILED: $$source"; }; \
	done; set -- $$failed; echo "$$passed passed, $$# failed$${failed:+:$$failed}"; [ -z "$$failed" ]

# Inputs that fuzzing kept, through the library that is shipped.
fuzz-test: lib
	@mkdir -p $(BUILD)/consumer
	@failed=; for target in calls files; do program=$(BUILD)/consumer/replay-$$target; \
	  cc -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude Tests/Fuzz/$$target.c Tests/Fuzz/replay.c -Lbuild/lib -lstein -Wl,-rpath,$(CURDIR)/build/lib -lpthread -o $$program \
	    && timeout $(C_SECONDS) $$program Tests/Fuzz/$$target.txt 2> $$program.log || { tail -4 $$program.log; failed="$$failed $$target"; }; done; \
	[ -z "$$failed" ] || { echo "FAILED:$$failed"; exit 1; }

python-test: lib venv
	$(call need,$(MPI))
	STEIN_MEMORY_LIMIT=$(MEMORY_LIMIT) $(RUN_PYTHON) $(PYTHON) -m pytest -q -p no:cacheprovider bindings/python/tests

# One hash for each family, objective and sampler: against the file of the repository, where it is of such a machine.
digest-test: lib venv
	$(RUN_PYTHON) $(PYTHON) Tests/digest.py check Tests/digest.txt

# The same against another commit's library on this machine; without BASE it writes the file.
digest: lib venv
	@mkdir -p $(BUILD)/digest
ifdef BASE
	base=$$(Tests/base.sh $(BASE)) && STEIN_LIBRARY=$$base/build/lib/libstein.so PYTHONPATH=$$base/bindings/python \
	  $(PYTHON) Tests/digest.py print > $(BUILD)/digest/base.txt
	$(RUN_PYTHON) $(PYTHON) Tests/digest.py check $(BUILD)/digest/base.txt
else
	$(RUN_PYTHON) $(PYTHON) Tests/digest.py print > Tests/digest.txt
endif

check:
	@Tests/parts.sh check lint types imports-test header-test swift-test c-test fuzz-test python-test digest-test library-test oldcpu-test figures-test install-test readme-test \
	  languages-test generated-test docs

generated-test: lib
	$(call need,abigail-tools)
	python3 bindings/generate.py check
	Tests/abi.sh

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

# An upward import is tried for each pair of neighboring targets.
.PHONY: imports-test
imports-test: | packages
	python3 Tests/imports.py

# qemu shows what processors that lack instructions do.
oldcpu-test: lib
	$(call need,qemu-user)
	Tests/oldcpu.sh $(BUILD)/lib

# What README, changelog, guide and header say of the library: its needs, sizes and names.
figures-test: lib $(WHEEL)
	python3 Tests/figures.py $(LIBRARY) $(WHEEL)

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
	install -d $(DESTDIR)$(PREFIX)/share/doc/stein $(DESTDIR)$(PREFIX)/share/man/man7
	STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) python3 bindings/options_page.py markdown $(BUILD)/options.md
	STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) python3 bindings/options_page.py man $(BUILD)/stein-options.7
	install -m 644 $(BUILD)/options.md $(DESTDIR)$(PREFIX)/share/doc/stein/
	install -m 644 $(BUILD)/stein-options.7 $(DESTDIR)$(PREFIX)/share/man/man7/

readme-test: lib venv
	$(call need,$(MPI))
	Tests/readme.sh $(PYTHON)

languages-test: lib
	Tests/languages.sh

install-test: lib venv
	$(call need,pkg-config cmake)
	Tests/install.sh $(PYTHON)

# ---- Long forms

SECONDS ?= 3600
SWIFT_RUNTIME := $(dir $(shell readlink -f $$(command -v swiftc)))../lib/swift/linux
COVERAGE := -sanitize-coverage=edge,trace-cmp,inline-8bit-counters,pc-table
LIBFUZZER := -fsanitize=fuzzer,address,undefined

soak: lib venv docs
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/wine.py --splits 10 --out $(DEMO)
	$(RUN_PYTHON) $(PYTHON) bindings/python/examples/digits.py --splits 10 --out $(DEMO)
	$(MAKE) --no-print-directory sweep tsan valgrind memcheck fuzz

# Every three wrong parameters together, and 20 million invented handles.
sweep: lib c-test
	$(call need,libffi-dev pkg-config)
	STEIN_TOGETHER=3 STEIN_LIBRARY=$(CURDIR)/$(LIBRARY) $(SWIFT_TEST) -c release --scratch-path $(BUILD)/tests $(VERIFIED) --filter SweepTests
	cd $(BUILD)/consumer && ./handles 20000000 200 && ./sharing 50000

# Calls and files by libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer, Swift's asserts on; SECONDS for both together.
$(BUILD)/fuzz/%: Tests/Fuzz/%.c $(wildcard Tests/Fuzz/*.h) Tests/CConsumer/arrow_stream.h $(shell find Sources include -type f)
	STEIN_SANITIZED=1 $(SWIFT_BUILD) --scratch-path $(BUILD)/fuzz --product stein -c release --sanitize=address -Xswiftc $(COVERAGE) -Xswiftc -assert-config -Xswiftc Debug
	clang -std=gnu11 -Wall -Wextra -Werror -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -Iinclude -c $< -o $@.o
	clang -fuse-ld=lld $(LIBFUZZER) $@.o -L$(BUILD)/fuzz/release -lstein -Wl,-rpath,$(CURDIR)/$(BUILD)/fuzz/release -Wl,-rpath,$(SWIFT_RUNTIME) -lpthread -o $@

fuzz: $(BUILD)/fuzz/calls $(BUILD)/fuzz/files
	Tests/Fuzz/fuzz.sh calls $(BUILD)/fuzz/calls $$(($(SECONDS) * 2 / 3)) $(BUILD)/fuzz/corpus
	Tests/Fuzz/fuzz.sh files $(BUILD)/fuzz/files $$(($(SECONDS) / 3)) $(BUILD)/fuzz/corpus

# The programs of many threads with ThreadSanitizer, which knows nothing of code made at run time.
tsan:
	STEIN_SANITIZED=1 $(SWIFT_BUILD) --scratch-path $(BUILD)/tsan --product stein -c release --sanitize=thread
	@mkdir -p $(BUILD)/tsan/bin
	@for program in "threads" "sharing 2000" "handles 200000 50"; do name=$${program%% *}; \
	  clang -std=gnu11 -fuse-ld=lld -Wall -Wextra -Werror -g -O1 -fsanitize=thread -Iinclude Tests/CConsumer/$$name.c -L$(BUILD)/tsan/release -lstein \
	    -L$(SWIFT_RUNTIME) -ldispatch -lBlocksRuntime -Wl,-rpath,$(CURDIR)/$(BUILD)/tsan/release -Wl,-rpath,$(SWIFT_RUNTIME) -lpthread -lm -o $(BUILD)/tsan/bin/$$name \
	    && (cd $(BUILD)/tsan/bin && LIBXSMM_TARGET=hsw TSAN_OPTIONS=exitcode=66 ./$$program) || exit 1; done

valgrind: lib $(DEMO)/wine.csv $(DEMO)/digits.csv $(addprefix $(BUILD)/examples/,chains own_energy quickstart impute)
	$(call need,valgrind)
	STEIN_SYMBOLS=1 $(SWIFT_BUILD) --scratch-path $(BUILD)/valgrind --product stein $(RELEASE)
	Tests/valgrind.sh $(BUILD)/valgrind/release/libstein.so $(BUILD)/examples $(DEMO)

# The consumers in C under memcheck: nothing undefined decided upon, no wrong access, in them or in the library as it is shipped; every EVERY-th turn
# of their long loops, on one processor, as valgrind runs one thread at a time.
EVERY ?= 40
.PHONY: memcheck
memcheck: lib
	$(call need,valgrind)
	@mkdir -p $(BUILD)/consumer
	@passed=0; failed=; for source in $(CONSUMERS); do program=memcheck-$$(basename $$source .c); start=$$SECONDS; \
	  cc -g -std=gnu11 -Wall -Wextra -Werror -Iinclude $$source -Lbuild/lib -lstein -Wl,-rpath,$(CURDIR)/build/lib -lpthread -lm -o $(BUILD)/consumer/$$program \
	    && (cd $(BUILD)/consumer && STEIN_EVERY=$(EVERY) LIBXSMM_TARGET=snb timeout $(C_SECONDS) taskset -c 0 \
	      valgrind -q --error-exitcode=9 --num-callers=20 ./$$program > $$program.log 2>&1) \
	    && { passed=$$((passed + 1)); echo "$$program: no error ($$((SECONDS - start)) s)"; } \
	    || { failed="$$failed $$source"; echo "FAILED: $$source"; tail -40 $(BUILD)/consumer/$$program.log; }; \
	done; set -- $$failed; echo "memcheck: $$passed passed, $$# failed$${failed:+:$$failed}"; [ -z "$$failed" ]

# Files, storage, memory, processes, the binding in any order (SECONDS_OF_CALLS of it), and how soon a cancelled call ends, in their long forms.
SECONDS_OF_CALLS ?= 1800
.PHONY: soak-host
soak-host: lib venv
	STEIN_SOAK=1 $(MAKE) --no-print-directory c-test C_SECONDS=7200
	STEIN_SOAK=$(SECONDS_OF_CALLS) $(RUN_PYTHON) $(PYTHON) -m pytest -q -s -p no:cacheprovider bindings/python/tests/test_any_order.py
	$(RUN_PYTHON) $(PYTHON) -m pytest -q -s -p no:cacheprovider bindings/python/tests/test_numbers.py
	cc -O1 -Iinclude Benchmarks/cancel.c -Lbuild/lib -lstein -Wl,-rpath,$(CURDIR)/build/lib -lpthread -lm -o $(BUILD)/cancel
	$(BUILD)/cancel 100

# The C interface by Doxygen (build/docs/c), the guide by Sphinx (build/docs/guide) and two notebooks, whose code is run;
# a warning fails.
docs: lib $(DOCS)/.done
	$(call need,$(MPI))
	@command -v doxygen >/dev/null || $(MAKE) -s --no-print-directory packages PACKAGES=doxygen
	@mkdir -p $(BUILD)/docs
	doxygen bindings/docs/Doxyfile
	$(RUN_PYTHON) $(DOCS)/bin/python -m sphinx -q -E -W --keep-going -j auto -b html -c bindings/docs -d $(BUILD)/docs/doctrees \
	  bindings/docs/guide $(BUILD)/docs/guide
	@mkdir -p $(BUILD)/docs/ipython/profile_default && echo 'c.IPKernelApp.log_level = 40' > $(BUILD)/docs/ipython/profile_default/ipython_kernel_config.py
	$(RUN_PYTHON) IPYTHONDIR=$(CURDIR)/$(BUILD)/docs/ipython PATH=$(CURDIR)/$(DOCS)/bin:$$PATH \
	  $(DOCS)/bin/python -m nbconvert --log-level=ERROR --to html --execute --output-dir $(BUILD)/docs/notebooks bindings/docs/notebooks/*.ipynb

guide-test: lib $(DOCS)/.done
	$(RUN_PYTHON) $(DOCS)/bin/python bindings/docs/pages.py $(PAGES)

$(DOCS)/.done: bindings/docs/requirements-docs.txt
	python3 -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install -q -r $<
	touch $@

# Stein and its peers in turns, about ten minutes; leave the machine alone meanwhile.
bench: lib venv $(PEERS)/.done
	$(RUN_PYTHON) $(PYTHON) Benchmarks/bench.py --peers $(PEERS)/bin/python --write Benchmarks/RESULTS.md

bench-quick: lib venv
	$(RUN_PYTHON) $(PYTHON) Benchmarks/bench.py --quick

# W1 to W6 against the library of another commit, in turns; fails where one is slower. PAIRS of turns, WORKLOADS: some of them.
# BUSY=1: by the processor time of one thread, where others use the machine.
PAIRS ?= 60
.PHONY: bench-check digest digest-test
bench-check: lib venv
	$(PYTHON) Benchmarks/check.py --base $$(Tests/base.sh $(BASE)) --pairs $(PAIRS) $(if $(WORKLOADS),--workloads $(WORKLOADS)) $(if $(BUSY),--busy)

$(PEERS)/.done: Benchmarks/requirements-peers.txt
	python3 -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install -q --no-deps -r $<
	touch $@

bench-objectives: lib venv
	$(RUN_PYTHON) $(PYTHON) Benchmarks/cost.py
	$(RUN_PYTHON) $(PYTHON) Benchmarks/fisher.py
	$(RUN_PYTHON) $(PYTHON) Benchmarks/clean_score.py --families score_mlp energy_mlp
	$(RUN_PYTHON) $(PYTHON) Benchmarks/thin_conditional.py

# Ranks on this machine by MPI, and the arithmetic for others.
bench-ranks: lib venv
	$(call need,$(MPI))
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
