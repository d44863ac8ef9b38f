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
$(B)/bin/unit/%: $(B)/tests/unit/%.o $(DAEMON_LIBS) $(COMMON_LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS) $(EXTRA_LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all
.SECONDARY:
