#!/bin/sh
# SPDX-License-Identifier: MIT
# selftest.sh - feeds each rule of wall.sh one violation and sees it caught: a check that cannot
# fail is a defect. A tree without violations must pass.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 cases=0

put() { # FILE, content from stdin; the licence line is put before it
	mkdir -p "$work/tree/$(dirname "$1")"
	{ echo '/* SPDX-License-Identifier: MIT */'; cat; } >"$work/tree/$1"
}

fresh() {
	rm -rf "$work/tree" "$work/build"
	mkdir -p "$work/build"
	put common/core/sum.h <<-'END'
		#include <stdint.h>
		int64_t sum(int64_t a, int64_t b);
	END
	put common/core/sum.c <<-'END'
		#include "common/core/sum.h"
		#include <math.h>
		#include <stdio.h>
		#include <string.h>
		static const char *const words[] = {"one", "two"};
		int64_t sum(int64_t a, int64_t b)
		{
			char text[8];
			(void)snprintf(text, sizeof(text), "%s", words[a & 1]);
			return a + b + (int64_t)floor(sqrt((double)a)) + text[b & 7];
		}
	END
	put selectd/core/judge.c <<-'END'
		#include "common/core/sum.h"
		#include "selectd/core/judge.h"
		int64_t judge(int64_t a) { return sum(a, a); }
	END
	put selectd/core/judge.h <<-'END'
		int64_t judge(int64_t a);
	END
	put disciplined/hand.c <<-'END'
		#include <sys/timex.h>
		int hand(struct timex *t) { return adjtimex(t); }
	END
	put common/io/door.c <<-'END'
		#include <time.h>
		int door(struct timespec *t) { return clock_gettime(CLOCK_MONOTONIC_RAW, t); }
	END
}

# Compiles the tree as the Makefile would and runs the wall over it.
wall() {
	(cd "$work/tree" && for c in $(find . -name '*.c' | sed 's|^\./||'); do
		mkdir -p "$work/build/$(dirname "$c")"
		${CC:-cc} -std=gnu11 -w -O1 -fno-builtin -I. -D_GNU_SOURCE -c "$c" \
			-o "$work/build/${c%.c}.o" || exit 1
	done) || { echo "selftest: a case does not compile"; exit 1; }
	LINT_ROOT=$work/tree "$here/wall.sh" "$work/build" >"$work/out" 2>&1
}

caught() { # EXPECTED
	cases=$((cases + 1))
	if wall; then
		echo "FAILED not caught: $1"
		failed=1
	elif ! grep -qF -e "$1" "$work/out"; then
		echo "FAILED caught, but without '$1':"
		cat "$work/out"
		failed=1
	elif [ "$(wc -l <"$work/out")" != 1 ]; then
		echo "FAILED more than one finding for '$1':"
		cat "$work/out"
		failed=1
	fi
	fresh
}

fresh
cases=$((cases + 1))
wall || { echo "FAILED a tree in order does not pass:"; cat "$work/out"; failed=1; }
fresh

# ---- includes ----
echo '#include <unistd.h>' | put selectd/core/bad.h
caught 'selectd/core/bad.h:2: a core may not include unistd.h'
echo '#include "common/io/door.h"' | put selectd/core/bad.h
caught 'selectd/core/bad.h:2: a core may not include common/io/door.h'
echo '#include "common/bus/bus.h"' | put selectd/core/bad.h
caught 'selectd/core/bad.h:2: a core may not include common/bus/bus.h'
echo ' # include "selectd/wiring.h"' | put selectd/core/bad.h
caught 'selectd/core/bad.h:2: a core may not include selectd/wiring.h'
echo '#include "disciplined/wiring.h"' | put selectd/bad.h
caught 'selectd/bad.h:2: selectd may not include a file of disciplined'
echo '#include "selectd/core/judge.h"' | put common/io/bad.h
caught 'common/io/bad.h:2: common may not include a file of selectd'
echo '#include "../disciplined/wiring.h"' | put selectd/bad.h
caught 'selectd/bad.h:2: an include path starts at the top'
echo '#include "tests/unit/tcheck.h"' | put selectd/bad.h
caught 'selectd/bad.h:2: only tests include'
echo '#include <msgpack.h>' | put common/bus/bad.h
caught 'common/bus/bad.h:2: only common/bus/codec.c may include msgpack.h'
echo '#include <czmq.h>' | put monitord/bad.h
caught 'monitord/bad.h:2: only common/bus may include czmq.h'
echo '#include <zmq.h>' | put common/io/bad.h
caught 'common/io/bad.h:2: only common/bus may include zmq.h'

# ---- calls of cores ----
for call in 'malloc(1)' 'getenv("A")' 'rand()' 'printf("a")' 'qsort(0, 0, 0, 0)' 'write(1, 0, 0)' \
	'strtok(0, "")' 'strerror(1)' 'time(0)' 'clock_gettime(0, 0)' 'clock_settime(0, 0)'; do
	put common/core/bad.c <<-END
		void bad(void)
		{
			$call;
		}
	END
	expected="common/core/bad.c:4: a core may not call ${call%%(*}"
	case $call in
	# read outside the door as well: two rules, two findings
	time* | clock_gettime*)
		cases=$((cases + 1))
		wall && { echo "FAILED not caught: $expected"; failed=1; }
		grep -qF "$expected" "$work/out" || { echo "FAILED no '$expected'"; failed=1; }
		fresh ;;
	clock_settime*)
		cases=$((cases + 1))
		wall && { echo "FAILED not caught: $expected"; failed=1; }
		grep -qF 'bad.c:4: only disciplined may call clock_settime' "$work/out" ||
			{ echo "FAILED clock_settime is not caught twice"; failed=1; }
		fresh ;;
	*) caught "$expected" ;;
	esac
done
put disciplined/core/bad.c <<-'END'
	int adjtimex(void *t);
	int bad(void *t) { return adjtimex(t); }
END
caught 'disciplined/core/bad.c:2: a core may not call adjtimex'
put disciplined/core/bad.c <<-'END'
	int hand(void *t);
	int bad(void *t) { return hand(t); }
END
caught 'disciplined/core/bad.c:2: a core may not call hand'
put disciplined/core/bad.c <<-'END'
	long judge(long a);
	long bad(long a) { return judge(a); }
END
caught 'disciplined/core/bad.c:2: a core may not call judge'

# ---- state of cores ----
put selectd/core/bad.c <<-'END'
	int bad(void)
	{
		static int calls;
		return ++calls;
	}
END
caught 'selectd/core/bad.c:4: a core may not keep state: calls is in .bss'
put selectd/core/bad.c <<-'END'
	int limit = 3;
END
caught 'selectd/core/bad.c:2: a core may not keep state: limit is in .data'
put selectd/core/bad.c <<-'END'
	const char *name = "a";
END
caught 'a core may not keep state: name is in .data'
put selectd/core/bad.c <<-'END'
	__thread int calls;
END
caught 'a core may not keep state: calls is in .tbss'
put selectd/core/bad.c <<-'END'
	__attribute__((common)) int shared;
END
caught 'a core may not keep state: shared is in *COM*'

# ---- clocks ----
for call in clock_gettime gettimeofday time; do
	put selectd/bad.c <<-END
		int bad(void) { return $call(0, 0); }
	END
	caught "selectd/bad.c:2: clocks are read through common/io/door.h, not by $call"
done
for call in clock_adjtime adjtimex clock_settime settimeofday ntp_adjtime adjtime; do
	put phc2shm/bad.c <<-END
		int bad(void) { return $call(0, 0); }
	END
	caught "phc2shm/bad.c:2: only disciplined may call $call"
done
put common/io/timex_read.c <<-'END'
	#include <sys/timex.h>
	int timex_read(void)
	{
		struct timex tx = {.modes = ADJ_FREQUENCY};
		return adjtimex(&tx);
	}
END
caught 'common/io/timex_read.c:6: only disciplined may call adjtimex; here with modes 0 alone'
put common/io/timex_read.c <<-'END'
	#include <sys/timex.h>
	int timex_read(void)
	{
		struct timex tx = {.modes = 0};
		tx.modes = ADJ_FREQUENCY;
		return adjtimex(&tx);
	}
END
caught 'common/io/timex_read.c:7: only disciplined may call adjtimex; here with modes 0 alone'
cases=$((cases + 1))
put common/io/timex_read.c <<-'END'
	#include <sys/timex.h>
	int timex_read(void)
	{
		struct timex tx = {.modes = 0};
		return adjtimex(&tx);
	}
END
wall || { echo "FAILED a reading of the kernel's state does not pass:"; cat "$work/out"; failed=1; }
fresh
put refclockd/bad.c <<-'END'
	int bad(void) { return syscall(227, 0, 0); }
END
caught 'refclockd/bad.c:2: raw system calls are not for this file'

# ---- text ----
mkdir -p "$work/tree/selectd"
echo 'int x;' >"$work/tree/selectd/bad.h"
caught 'selectd/bad.h:1: no SPDX-License-Identifier: MIT'
printf '#!/bin/sh\ntrue\n' >"$work/tree/bad.sh"
caught 'bad.sh:1: no SPDX-License-Identifier: MIT'
{ echo 'int bad(void)'; echo '{'; yes '	;' | head -n 68; echo '	return 0;'; echo '}'; } |
	put selectd/bad.c
caught 'selectd/bad.c:3: a function of 71 lines'
yes '/* line */' | head -n 600 | put selectd/bad.h
caught 'selectd/bad.h:601: a file of 601 lines'

# ---- an object that is missing hides nothing ----
cases=$((cases + 1))
wall
rm "$work/build/selectd/core/judge.o"
if LINT_ROOT=$work/tree "$here/wall.sh" "$work/build" >"$work/out" 2>&1 ||
	! grep -q 'selectd/core/judge.c:1: not in' "$work/out"; then
	echo "FAILED a core that is not built passes"
	failed=1
fi
[ $failed = 0 ] && echo "lint selftest: all $cases cases behave"
exit $failed
