# SPDX-License-Identifier: MIT
# timebus - one non-recursive Makefile. Objects in build/. `make help` lists the targets.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
B       ?= build

DAEMONS := refclockd ntpexchd selectd disciplined phc2shm monitord
PKGS    := libczmq libzmq msgpack libsystemd

CC      ?= cc
CSTD    := -std=gnu11
WARN    := -Wall -Wextra -Wshadow -Wconversion -Werror
OPT     ?= -O2 -g
CPPFLAGS += -I. -D_GNU_SOURCE -DTIMEBUS_VERSION='"$(VERSION)"'
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
ALL_CFLAGS := $(CSTD) $(WARN) $(OPT) -ffp-contract=off -fno-strict-aliasing $(PKG_CFLAGS) $(CFLAGS) $(SANITIZE)
ALL_LDFLAGS := $(LDFLAGS) $(SANITIZE)
LIBS    := $(PKG_LIBS) -lm -lpthread

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

ifneq ($(V),1)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
endif

objs = $(patsubst %.c,$(B)/%.o,$(1))

# ---- libraries: common, and every daemon but for its main() ----
COMMON_OBJS := $(call objs,$(wildcard common/core/*.c common/bus/*.c common/io/*.c))
COMMON_LIB  := $(B)/lib/libcommon.a
$(COMMON_LIB): $(COMMON_OBJS)

DAEMON_LIBS := $(foreach d,$(DAEMONS),$(B)/lib/lib$(d).a)
define daemon_rules
$(1)_OBJS := $$(call objs,$$(filter-out $(1)/main.c,$$(wildcard $(1)/*.c $(1)/core/*.c)))
$(B)/lib/lib$(1).a: $$($(1)_OBJS)
$(B)/bin/$(1): $(B)/$(1)/main.o $(B)/lib/lib$(1).a $(COMMON_LIB)
endef
$(foreach d,$(DAEMONS),$(eval $(call daemon_rules,$(d))))
BINS := $(foreach d,$(DAEMONS),$(if $(wildcard $(d)/main.c),$(B)/bin/$(d)))

# the person's command
CLI_OBJS := $(call objs,$(wildcard monitord/cli/*.c))
$(B)/bin/timebus: $(CLI_OBJS) $(B)/lib/libmonitord.a $(COMMON_LIB)
BINS += $(if $(CLI_OBJS),$(B)/bin/timebus)

# the one-process node: all stages, no bus
SOLO_OBJS := $(call objs,$(wildcard tests/solo/*.c))
$(B)/bin/timebus-solo: $(SOLO_OBJS) $(DAEMON_LIBS) $(COMMON_LIB)
BINS += $(B)/bin/timebus-solo

# all cores in virtual time
$(B)/bin/sim: $(call objs,$(filter-out tests/sim/bank_grid.c,$(wildcard tests/sim/*.c))) $(DAEMON_LIBS) $(COMMON_LIB)
BINS += $(B)/bin/sim
# one estimator against filters that know the truth: tests/sim/bank_grid.c tells how
$(B)/bin/bank_grid: $(B)/tests/sim/bank_grid.o $(DAEMON_LIBS) $(COMMON_LIB)
bank-grid: $(B)/bin/bank_grid

all: $(BINS)

$(B)/lib/%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D) && rm -f $@
	$(Q)ar rcs $@ $^

$(B)/bin/%:
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) $(EXTRA_LIBS)

$(B)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# ---- unit tests: tests/unit/<anything>_test.c, cmocka, one program each ----
UNIT_SRCS := $(wildcard tests/unit/*_test.c)
UNIT_BINS := $(patsubst tests/unit/%.c,$(B)/bin/unit/%,$(UNIT_SRCS))
$(B)/bin/unit/%: EXTRA_LIBS = -lcmocka
$(UNIT_BINS): $(B)/bin/unit/%: $(B)/tests/unit/%.o $(DAEMON_LIBS) $(COMMON_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) $(EXTRA_LIBS)

# ---- small programs that tests and documents need: any other tests/**/X.c with a main() ----
TOOL_SRCS := $(wildcard common/bus/tools/*.c tests/golden/*.c tests/e2e/*.c tests/fault/*.c tests/bench/*.c tests/path/*.c)
TOOL_BINS := $(foreach s,$(TOOL_SRCS),$(B)/bin/tools/$(notdir $(basename $(s))))
define tool_rule
$(B)/bin/tools/$(notdir $(basename $(1))): $(B)/$(basename $(1)).o $(DAEMON_LIBS) $(COMMON_LIB)
endef
$(foreach s,$(TOOL_SRCS),$(eval $(call tool_rule,$(s))))

# LD_PRELOAD doubles of devices: tests/shim/DEVICE*.c and what they share
SHIMS := $(B)/lib/ptpshim.so $(B)/lib/ppsshim.so $(B)/lib/rtcshim.so
define shim_rule
$(B)/lib/$(1)shim.so: $(wildcard tests/shim/$(1)*.c) tests/shim/boundary.c $(wildcard tests/shim/*.h)
endef
$(foreach s,ptp pps rtc,$(eval $(call shim_rule,$(s))))
$(B)/lib/%shim.so:
	$(call say,SHIM,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CSTD) $(WARN) $(OPT) -fPIC -fvisibility=hidden -shared -o $@ $(filter %.c,$^) -ldl -lm -lpthread

# ---- tests ----
GOLDEN  := $(wildcard tests/golden/*.sh)
LINTS   := tests/lint/wall.sh
E2E     := $(filter-out %/peers.sh %/lib.sh,$(wildcard tests/e2e/*.sh))
FAULT   := $(filter-out %/lib.sh,$(wildcard tests/fault/*.sh))

test-programs: all $(UNIT_BINS) $(TOOL_BINS) $(SHIMS) $(B)/bin/bank_grid

unit: $(UNIT_BINS)
	@B=$(B) tests/run.sh $(UNIT_BINS)

lint: all
	@tests/lint/wall.sh $(B)
	@tests/lint/selftest.sh

# Both compilers, no warnings; -k shows them all at once.
warnings:
	@$(MAKE) -k --no-print-directory B=$(B)/clang CC=clang OPT=-O1 test-programs fuzz-objects

# Installs what is missing (as root), builds, and passes all tests.
check:
	@tests/deps.sh check
	@$(MAKE) --no-print-directory check-built

check-built: test-programs
	@$(MAKE) --no-print-directory warnings
	@tests/e2e/peers.sh $(B)/peers >/dev/null
	@B=$(B) tests/run.sh $(UNIT_BINS) $(GOLDEN) tests/lint/check.sh tests/sim/check.sh $(E2E) $(FAULT)

# The same under AddressSanitizer and UndefinedBehaviorSanitizer, with the doubles of devices preloaded
# before it, which it takes for a mistake unless told. The instrumented code hides ranges from gcc,
# which then warns of truncation that cannot be.
check-sanitize:
	@tests/deps.sh check
	@$(MAKE) --no-print-directory B=$(B)/asan OPT='-O1 -g -Wno-format-truncation' \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer' \
		check-sanitize-built
check-sanitize-built: test-programs
	@tests/e2e/peers.sh $(B)/peers >/dev/null
	@B=$(B) ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:verify_asan_link_order=0 \
		LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
		tests/run.sh $(UNIT_BINS) $(GOLDEN) $(E2E) $(FAULT)

# A real kernel clock, in a guest in virtual time (minutes).
check-vm:
	@tests/deps.sh vm
	@$(MAKE) --no-print-directory all
	@JOBS=1 TEST_TIMEOUT=3600 B=$(B) tests/run.sh $(wildcard tests/vm/check-*.sh)

# The daemons' path against the simulator (half an hour; PART="drawn real" DURATION=600 SETTLE=180).
check-path: test-programs
	@tests/deps.sh check
	@tests/e2e/peers.sh $(B)/peers >/dev/null
	@TEST_TIMEOUT=2400 B=$(B) tests/run.sh tests/path/agree.sh
	@tail -n 3 $(B)/log/tests-path-agree.sh.log

# Each parser and core, SECONDS each.
SECONDS ?= 10
FUZZ_SRCS := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/bin/%,$(FUZZ_SRCS))
fuzz:
	@tests/deps.sh check
	@$(MAKE) --no-print-directory B=$(B)/fuzz CC=clang OPT='-O1 -g' \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' fuzz-programs
	@SECONDS_EACH=$(SECONDS) B=$(B) tests/run.sh $(FUZZ_SRCS:tests/fuzz/%.c=$(B)/fuzz/run/%)
fuzz-objects: $(call objs,$(FUZZ_SRCS))
fuzz-programs: $(patsubst tests/fuzz/%.c,$(B)/bin/%,$(FUZZ_SRCS)) $(patsubst tests/fuzz/%.c,$(B)/run/%,$(FUZZ_SRCS))
$(patsubst tests/fuzz/%.c,$(B)/bin/%,$(FUZZ_SRCS)): $(B)/bin/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(DAEMON_LIBS) $(COMMON_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)
$(B)/run/fuzz_%: $(B)/bin/fuzz_%
	@mkdir -p $(@D) $(B)/corpus/$*
	@printf '#!/bin/sh\nseeds=tests/fuzz/corpus/%s\n[ -d "$$seeds" ] || seeds=\nexec %s -max_total_time="$$SECONDS_EACH" -print_final_stats=1 -rss_limit_mb=2048 -artifact_prefix=%s/ %s $$seeds\n' \
		'$*' '$(B)/bin/fuzz_$*' '$(B)/corpus' '$(B)/corpus/$*' >$@ && chmod +x $@

# Speed and memory beside chronyd in the same run, as ratios.
bench: 
	@tests/deps.sh check
	@$(MAKE) --no-print-directory test-programs
	@tests/e2e/peers.sh $(B)/peers >/dev/null
	@B=$(B) tests/bench/bench.sh

# Accuracy beside chronyd on the same noise, in a system-call simulator:
# make bench-sim CLKNETSIM_PATH=dir CHRONYD=file [SEEDS=10] [FIRST=1] [SCENARIOS="a b"] [CLIENTS=variant]
bench-sim: $(B)/bin/timebus-solo
	@CLKNETSIM_PATH='$(CLKNETSIM_PATH)' CHRONYD='$(CHRONYD)' TIMEBUS_SOLO='$(abspath $(B)/bin/timebus-solo)' \
		SEEDS='$(SEEDS)' FIRST='$(FIRST)' SCENARIOS='$(SCENARIOS)' $(if $(CLIENTS),CLIENTS='$(CLIENTS)') \
		tests/bench/sim/bench-sim.sh

# All cores in virtual time: every scenario with more seeds; plots and a table of them.
sim: $(B)/bin/sim
	@B=$(B) tests/sim/check.sh $(or $(SEEDS),10)
# Random scenarios judged by rules: make hunt [FIRST=1] [SEEDS=20]; failing ones stay in build/hunt.
hunt: $(B)/bin/sim
	@B=$(B) tests/sim/hunt.py $(or $(FIRST),1) $(or $(SEEDS),20)
sim-report: $(B)/bin/sim
	@B=$(B) SEEDS='$(SEEDS)' tests/sim/report.py

# ---- use it here and now, without touching this machine's clock ----
SERVERS ?=
CONF    ?=
run:
	@tests/deps.sh build
	@$(MAKE) --no-print-directory all
	@B=$(B) SERVERS='$(SERVERS)' CONF='$(CONF)' deploy/run-here.sh

# ---- documents made from the tables ----
docs: all $(B)/bin/tools/schema_page
	$(B)/bin/tools/schema_page > docs/protocol.md
	B=$(B) docs/man/generate.sh

# ---- install ----
SBINDIR := $(PREFIX)/sbin
BINDIR  := $(PREFIX)/bin
UNITDIR := $(PREFIX)/lib/systemd/system
install: all
	install -d $(DESTDIR)$(SBINDIR) $(DESTDIR)$(BINDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)/etc/timebus \
		$(DESTDIR)/etc/default $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d \
		$(DESTDIR)$(PREFIX)/lib/udev/rules.d $(addprefix $(DESTDIR)$(PREFIX)/share/man/man,1 5 8)
	install -m 755 $(addprefix $(B)/bin/,$(DAEMONS)) $(DESTDIR)$(SBINDIR)
	install -m 755 $(B)/bin/timebus $(DESTDIR)$(BINDIR)
	for u in deploy/systemd/*; do sed -e 's|@SBINDIR@|$(SBINDIR)|g' -e 's|@BINDIR@|$(BINDIR)|g' $$u \
		> $(DESTDIR)$(UNITDIR)/$${u##*/} && chmod 644 $(DESTDIR)$(UNITDIR)/$${u##*/}; done
	install -m 644 deploy/timebus.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/timebus.conf
	install -m 644 deploy/timebus.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/timebus.conf
	install -m 644 deploy/udev/60-timebus.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/
	for f in deploy/conf/*.conf; do t=$(DESTDIR)/etc/timebus/$${f##*/}; \
		if [ -e $$t ]; then install -m 644 $$f $$t.new; else install -m 644 $$f $$t; fi; done
	[ -e $(DESTDIR)/etc/default/timebus-phc2shm ] || install -m 644 deploy/default/timebus-phc2shm $(DESTDIR)/etc/default/
	for m in docs/man/*.[158]; do [ ! -e $$m ] || install -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/; done

clean:
	rm -rf $(B)

help:
	@echo 'make run [SERVERS="a b"] [CONF=dir]   the whole suite in the foreground on a shadow clock'
	@echo 'make check                            all tests'
	@echo 'make check-sanitize                   all tests under ASan and UBSan'
	@echo 'make check-vm                         a real kernel clock in a guest'
	@echo 'make check-path                       daemons against the simulator, half an hour'
	@echo 'make fuzz SECONDS=n                   each parser and core for n seconds'
	@echo 'make bench                            cost beside chronyd'
	@echo 'make bench-sim CLKNETSIM_PATH= CHRONYD=   accuracy beside chronyd in a simulator'
	@echo 'make bank-grid                        an estimator beside filters that know the truth'
	@echo 'make sim SEEDS=n                      all scenarios in virtual time; sim-report plots them'
	@echo 'make hunt FIRST=n SEEDS=n             random scenarios judged by rules'
	@echo 'make unit | lint | warnings           parts of check: unit tests, house rules, both compilers'
	@echo 'make docs                             protocol page and man pages from the tables'
	@echo 'make install DESTDIR= PREFIX=         programs, units, accounts, example configurations'

# not of the guest's file system, nor of the unpacked peers
-include $(shell find $(B) \( -path $(B)/vm -o -path $(B)/peers \) -prune -o -type f -name '*.d' -print 2>/dev/null)
.PHONY: bench-sim bank-grid sim sim-report all unit lint warnings check check-built check-sanitize check-sanitize-built check-vm check-path fuzz \
	fuzz-programs fuzz-objects bench run docs install clean help test-programs
.SECONDARY:
