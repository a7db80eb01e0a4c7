# SPDX-License-Identifier: Apache-2.0
# The few words one needs; Meson and ninja do the work. `make help` lists them.

BUILD ?= build
JOBS  ?= $(shell nproc)
DATA  ?=

.PHONY: all help build demo up test check format bench install fuzz crash clean
all: build

help:
	@echo 'make demo     install what is missing, build, and run the main job: git push to production'
	@echo 'make up       build and run the server in the foreground (DATA=folder to choose where it keeps its data)'
	@echo 'make test     install what tests need, build with sanitizers, run all tests'
	@echo 'make check    the house rules and static checks alone'
	@echo 'make format   lay out all C as the checks want it'
	@echo 'make bench    measure, beside a peer where there is one'
	@echo 'make fuzz     every fuzz target for a minute (SECONDS=n to choose)'
	@echo 'make crash    kill -9 at random instants of ten releases (ROUNDS=n and SEED=n to choose)'
	@echo 'make install  program, man page and systemd unit, under PREFIX (default /usr/local) and DESTDIR'

$(BUILD)/build.ninja:
	@tools/install-packages build run
	@meson setup $(BUILD) --buildtype=release >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j $(JOBS) --quiet slipway

demo:
	@tools/install-packages build run demo
	@$(MAKE) --no-print-directory build
	@$(BUILD)/slipway demo --example examples/hello-web

up: build
	@$(BUILD)/slipway up $(if $(DATA),--data $(DATA))

test:
	@tools/install-packages build run test check
	@tests/run

check:
	@tools/install-packages build check
	@tools/check

format:
	@tools/install-packages check
	@git ls-files 'src/*.[ch]' 'tools/*.[ch]' 'tests/*.[ch]' 'bench/*.c' | grep -v /golden/ | xargs clang-format-14 -i

# Each figure that is short of its limit or missing fails the whole, after all have run.
bench:
	@tools/install-packages build run demo bench
	@$(MAKE) --no-print-directory build
	@ninja -C $(BUILD) -j $(JOBS) --quiet bench/bench_pages bench/bench_store bench/bench_http
	@failed=; \
	bench/run $(BUILD)/slipway || failed="$$failed run"; \
	bench/rules.py $(BUILD)/slipway || failed="$$failed rules"; \
	bench/pages.py $(BUILD)/bench/bench_pages || failed="$$failed pages"; \
	bench/request_cost.py $(BUILD) || failed="$$failed request_cost"; \
	bench/delivery.py $(BUILD)/slipway || failed="$$failed delivery"; \
	bench/contention.py $(BUILD)/slipway || failed="$$failed contention"; \
	[ -z "$$failed" ] || { echo "short of their limits:$$failed"; exit 1; }

SECONDS ?= 60
fuzz:
	@tools/install-packages build test
	@tests/fuzz/run $(SECONDS)

ROUNDS ?= 10
SEED ?= $(shell date +%s)
crash:
	@tools/install-packages build run test
	@SLIPWAY_ROUNDS=$(ROUNDS) SLIPWAY_SEED=$(SEED) tests/run crash

PREFIX ?= /usr/local
install: build
	@meson setup --reconfigure -Dprefix=$(PREFIX) $(BUILD) >/dev/null
	@ninja -C $(BUILD) -j $(JOBS) --quiet slipway
	@DESTDIR=$(abspath $(DESTDIR)) meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) build-*
