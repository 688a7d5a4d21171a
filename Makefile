# `make demo` shows the main job, `make test` checks everything. Both set up what is missing.
SHELL := /bin/sh
PYTHON ?= $(shell test -x /usr/bin/python3 && echo /usr/bin/python3 || command -v python3)
# an interpreter that was asked for (make test PYTHON=python3.13) has a virtual environment and a build of its own
TAG := $(if $(filter-out file,$(origin PYTHON)),-$(shell $(PYTHON) -c 'import sys; print(sys.implementation.cache_tag)'))
PREFIX ?= $(CURDIR)/build/prefix$(TAG)
PEER ?= ours
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PYTEST_ARGS ?=
# for `make bench`: --quick, --rounds 3, --cases file_small,ping_tight, ...; for `make profile`: --side b, ...
BENCH_ARGS ?=
CASE ?= file_tight
# scenarios over loopback mostly wait for the protocol's timers, so more of them than cores run at once; of tests
# that compute tests/conftest.py lets five
WORKERS ?= 10

BUILD_PACKAGES := gcc libc6-dev make cmake pkg-config python3 python3-dev python3-venv
# calls have no codecs without them
CODEC_PACKAGES := libopus-dev libvpx-dev
TEST_PACKAGES := $(BUILD_PACKAGES) $(CODEC_PACKAGES) g++ binutils libtoxcore2 toxcore-utils valgrind iproute2 nftables tinyproxy microsocks dante-server toxic tmux utox qtox xvfb xdotool pulseaudio pulseaudio-utils libtoxcore-dev libsodium-dev uidmap tor i2pd
BENCH_PACKAGES := $(BUILD_PACKAGES) $(CODEC_PACKAGES) libsodium-dev
DEMO_PACKAGES := $(BUILD_PACKAGES) $(CODEC_PACKAGES) g++ $(if $(filter debian,$(PEER)),libtoxcore2)

VENV := .venv$(TAG)
BIN := $(CURDIR)/$(VENV)/bin
SOURCES := $(shell find toxpy cbindings include -type f ! -path '*/__pycache__/*' 2>/dev/null) CMakeLists.txt pyproject.toml
CHECKOUT_CODECS = toxpy/media/_avcodecs$(shell $(BIN)/python -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
EXAMPLES := build/c_examples$(TAG)

# runs what takes long, and shows that it lives
STEP := sh cmake/step.sh

# Debian packages named in $(1): installed when root, otherwise the line to run is printed
define require_packages
	@missing=""; \
	if command -v dpkg-query >/dev/null 2>&1; then \
	    for name in $(1); do \
	        dpkg-query -W -f '$${Status}' "$$name" 2>/dev/null | grep -q ' installed$$' || missing="$$missing $$name"; \
	    done; \
	    missing=$$(sh cmake/known_packages.sh $$missing); \
	    if [ -n "$$missing" ]; then \
	        if [ "$$(id -u)" = 0 ]; then \
	            DEBIAN_FRONTEND=noninteractive $(STEP) "installing $$missing" build/apt.log sh cmake/install_packages.sh $$missing; \
	        else \
	            echo "Missing system packages. Run this line and try again:"; \
	            echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $$missing"; exit 1; \
	        fi; \
	    fi; \
	fi
endef

.PHONY: help demo test durations walk test-asan lint coverage build bench microbench profile wheels docs needs packages-demo packages-test packages-bench packages-docs clean

help:
	@echo "make demo               try it: an echo bot in C and a Python client talk over a Tox network on this machine"
	@echo "make demo PEER=debian   the same, with the echo bot on Debian's libtoxcore"
	@echo "make build              the C library in build/prefix, and the virtual environment .venv"
	@echo "make test               all checks and tests; says at the start how long it takes"
	@echo "make durations          the same, and keep how long each test took, so that the longest begin"
	@echo "make walk               types in for real what the documents say, as root: installs packages"
	@echo "make lint               only the checks of style and types: ruff, clang-format, mypy"
	@echo "make test-asan          tests of the C code, with the compiler's checks for memory errors"
	@echo "make coverage           which lines of toxpy the tests run; the result is in build/coverage"
	@echo "make docs               the documentation as web pages in build/site"
	@echo "make wheels             a wheel in dist/ for each of Python 3.11, 3.12 and 3.13 that is installed here"
	@echo "make bench              how fast c-toxcore's library and ours are; tables and plots in build/bench"
	@echo "make bench BENCH_ARGS=--quick    the same in three minutes; docs/performance.md has more"
	@echo "make microbench         how long single steps of sending and receiving take"
	@echo "make profile CASE=file_tight     where the time goes in one case of the benchmark; a graph in build/bench"
	@echo "make clean              delete everything that make has made here"

demo: packages-demo
	@$(MAKE) --no-print-directory build $(EXAMPLES)/echo_bot
	@PYTHONPATH=$(CURDIR) $(BIN)/python demo/run.py --examples $(EXAMPLES) --library $(PREFIX)/lib --peer $(PEER)

test: packages-test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory build
	@TOXPY_PREFIX=$(PREFIX) $(BIN)/python tests/run.py -n $(WORKERS) --maxschedchunk 1 $(PYTEST_ARGS)

# a whole run on a machine with nothing else to do
durations:
	@$(MAKE) --no-print-directory test PYTEST_ARGS=--record-durations=tests/durations.json

# for a machine that is thrown away: packages that the documents name are installed, as root
walk: packages-test
	@test "$$(id -u)" = 0 || { echo "make walk is for root"; exit 1; }
	@$(MAKE) --no-print-directory build
	@TOXPY_PREFIX=$(PREFIX) $(BIN)/python -m pytest tests/unit/docs/test_docs.py -k shell_lines --walk --timeout 1000 -n 2 $(PYTEST_ARGS)

# what the sanitizers themselves break is left out: budgets of memory, Python as the host, tests with a malloc of their own
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ASAN_HOSTS := not python_host and not memory and not start_path and not recording and not test_host[many]

test-asan: packages-test $(VENV)/ready
	@mkdir -p build
	@cmake -S . -B build/asan -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPython3_EXECUTABLE=$(BIN)/python "-DCMAKE_C_FLAGS=$(ASAN)" >build/asan.log
	@cmake --build build/asan -j $(JOBS) >>build/asan.log
	@cmake --install build/asan --prefix $(CURDIR)/build/asan-prefix >>build/asan.log
	@CC="gcc $(ASAN)" PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 \
	    LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	    $(BIN)/python -m pytest tests/unit/system/test_datapath.py tests/unit/media/test_opus.py tests/unit/media/test_vp8.py -k "not valgrind and not in_memory and not given_back" $(PYTEST_ARGS)
	@TOXPY_PREFIX=$(CURDIR)/build/asan-prefix TOXPY_CFLAGS="$(ASAN) -include $(CURDIR)/tests/support/sanitizers.h" \
	    $(BIN)/python -m pytest tests/capi/host/test_host.py tests/capi/errors tests/capi/events tests/capi/calls -n $(JOBS) \
	    -k "not valgrind and $(ASAN_HOSTS)" $(PYTEST_ARGS)

# what a tracer slows down beyond its memory is left out, and each test has four times as much time; what runs in the
# C library or another process is not counted
coverage: packages-test
	@$(MAKE) --no-print-directory build
	@TOXPY_PREFIX=$(PREFIX) $(BIN)/python -m pytest tests/unit tests/properties tests/scenarios -n $(JOBS) --maxschedchunk 1 -o timeout=480 --cov \
	    --cov-report=term --cov-report=html $(PYTEST_ARGS)

lint: $(VENV)/ready
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@git ls-files '*.c' '*.h' '*.cpp' ':!include/*' | xargs $(BIN)/clang-format --dry-run -Werror
	@$(BIN)/mypy

bench: packages-bench
	@$(MAKE) --no-print-directory build
	@$(BIN)/python -m bench run --prefix $(PREFIX) $(BENCH_ARGS)

microbench: packages-bench
	@$(MAKE) --no-print-directory build
	@TOXPY_PREFIX=$(PREFIX) $(BIN)/python -m pytest -c bench/micro/pytest.ini --rootdir . bench/micro $(PYTEST_ARGS)

profile: packages-bench
	@$(MAKE) --no-print-directory build $(VENV)/profile-ready
	@$(BIN)/python -m bench profile $(CASE) --prefix $(PREFIX) $(BENCH_ARGS)

# a warning, as of a link that leads nowhere, ends it
docs: packages-docs
	@$(MAKE) --no-print-directory --silent $(VENV)-docs/ready
	@mkdir -p build
	@NO_MKDOCS_2_WARNING=1 $(CURDIR)/$(VENV)-docs/bin/mkdocs build >build/site.log 2>&1 || { cat build/site.log; exit 1; }
	@echo "build/site/index.html"

$(VENV)-docs/ready: docs/requirements.txt
	@echo "setting up $(VENV)-docs with $(PYTHON)"
	@$(PYTHON) -m venv --clear $(VENV)-docs
	@$(VENV)-docs/bin/pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	@touch $@

packages-docs:
	$(call require_packages,python3 python3-venv)

packages-demo:
	$(call require_packages,$(DEMO_PACKAGES))

packages-bench:
	$(call require_packages,$(BENCH_PACKAGES))

packages-test:
	$(call require_packages,$(TEST_PACKAGES))

$(VENV)/ready: tests/requirements.txt
	@rm -rf $(VENV)
	@$(STEP) "setting up $(VENV) with $(PYTHON)" build/venv.log sh -ec \
	    "$(PYTHON) -m venv $(VENV); $(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt"
	@touch $@

# shims of version managers are found too: only those that run count
WHEEL_PYTHONS ?= $(foreach version,3.11 3.12 3.13,$(shell python$(version) -c 'import sys; print(sys.executable)' 2>/dev/null))

wheels: packages-demo $(VENV)/ready
	@$(BIN)/python packaging/make_wheels.py $(WHEEL_PYTHONS)

$(VENV)/profile-ready: $(VENV)/ready bench/requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@touch $@

# one line that says what is missing, before anything is made
needs:
	@test -n "$(PYTHON)" || { echo "toxpy cannot be built here, this is missing: Python. On Debian: apt-get install python3-dev python3-venv"; exit 1; }
	@$(PYTHON) cbindings/build_needs.py

build: needs $(PREFIX)/installed

$(PREFIX)/installed: $(VENV)/ready $(SOURCES)
	@$(STEP) "building libtoxcore into $(PREFIX)" build/cmake.log sh -ec \
	    "cmake -S . -B build/cmake$(TAG) -DCMAKE_BUILD_TYPE=Release -DPython3_EXECUTABLE=$(BIN)/python; \
	    cmake --build build/cmake$(TAG) -j $(JOBS); cmake --install build/cmake$(TAG) --prefix $(PREFIX)"
	@# programs that run from the checkout have calls as well
	@rm -f $(CHECKOUT_CODECS); if [ -f build/cmake$(TAG)/_avcodecs.so ]; then cp build/cmake$(TAG)/_avcodecs.so $(CHECKOUT_CODECS); fi
	@touch $@

$(EXAMPLES)/echo_bot: $(PREFIX)/installed $(wildcard c_examples/*.c)
	@PKG_CONFIG_PATH=$(PREFIX)/lib/pkgconfig $(MAKE) --no-print-directory -C c_examples \
	    BUILD=$(CURDIR)/$(EXAMPLES) >/dev/null

clean:
	rm -rf build dist .venv .venv-* toxpy/media/_avcodecs*.so
