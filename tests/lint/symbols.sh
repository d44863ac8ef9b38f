#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh BUILD - what the objects call and keep.
#   cores: call nothing but string, math and formatting functions and other cores; keep nothing
#   clocks: read in the door (and the PHC access), set in disciplined
# An allow list and not a list of forbidden calls: what nobody thought of is caught too.
set -u
build=$1
daemons="refclockd ntpexchd selectd disciplined phc2shm monitord"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bad=0

report() { # SOURCE WORD REASON: at the first line that has the word
	line=$(grep -nwm1 -e "$2" "$1" | cut -d: -f1)
	echo "$1:${line:-1}: $3"
	bad=1
}

find common $daemons -name '*.c' ! -path '*/tools/*' 2>/dev/null | sort >"$work/sources"
while read -r source; do
	object=$build/${source%.c}.o
	if [ -e "$object" ]; then
		echo "$source $object"
	else
		echo "$source:1: not in $build: build everything first" >>"$work/missing"
	fi
done <"$work/sources" >"$work/pairs"
if [ -e "$work/missing" ]; then
	cat "$work/missing"
	bad=1
fi
[ -s "$work/pairs" ] || { echo "lint: no objects in $build" >&2; exit 1; }

# "SOURCE SYMBOL" of everything undefined in each object
while read -r source object; do
	nm -u "$object" | awk -v s="$source" '{ print s, $NF }'
done <"$work/pairs" >"$work/undefined"

# ---- cores: calls ----
# Words of the bus's enumerations are pure as well (msg.h).
while read -r source object; do
	case $source in
	*/core/*) nm -g --defined-only "$object" | awk -v s="${source%%/*}" '{ print s, $NF }' ;;
	common/bus/*) nm -g --defined-only "$object" |
		awk '$NF ~ /^(msg_word_[a-z_]+|event_word|event_severity)$/ { print "common", $NF }' ;;
	esac
done <"$work/pairs" >"$work/defined"

awk '
BEGIN {
	n = split("memcpy memmove memset memcmp memchr memrchr bcmp strlen strnlen strcmp strncmp " \
		"strcasecmp strncasecmp strchr strrchr strstr strspn strcspn strpbrk stpcpy strcpy strncpy " \
		"strcat strncat strtol strtoll strtoul strtoull strtod strtoimax strtoumax " \
		"__isoc23_strtol __isoc23_strtoll __isoc23_strtoul __isoc23_strtoull " \
		"__isoc23_strtoimax __isoc23_strtoumax " \
		"snprintf vsnprintf __snprintf_chk __vsnprintf_chk __memcpy_chk __memmove_chk __memset_chk " \
		"__strcpy_chk __strncpy_chk __strcat_chk __strncat_chk __stpcpy_chk " \
		"abs labs llabs __assert_fail __errno_location __stack_chk_fail _GLOBAL_OFFSET_TABLE_ " \
		"fabs sqrt cbrt hypot exp exp2 expm1 pow log log2 log10 log1p sin cos tan asin acos atan atan2 " \
		"sinh cosh tanh erf erfc lgamma tgamma floor ceil trunc round lround llround rint lrint llrint " \
		"nearbyint fmod remainder fma fmin fmax fdim copysign ldexp scalbn frexp modf ilogb logb " \
		"nextafter nan __isnan __isinf __finite __signbit __fpclassify " \
		"__divti3 __modti3 __divmodti4 __udivmodti4 __udivti3 __umodti3 __multi3 __muloti4 __divdc3 __floattidf __floatuntidf " \
		"__fixdfti __fixunsdfti __popcountdi2 __clzdi2 __ctzdi2", list, " ")
	for (i = 1; i <= n; i++) allowed[list[i]] = 1
}
FNR == NR { defined[$1 " " $2] = 1; next }
$1 ~ /^[^\/]+\/core\// {
	own = $1
	sub(/\/.*/, "", own)
	if ($2 in allowed || (own " " $2) in defined || ("common " $2) in defined) next
	if ($2 ~ /^__(asan|ubsan|sanitizer|lsan|sancov|gcov|llvm)_/) next
	print
}
' "$work/defined" "$work/undefined" >"$work/calls"
while read -r source symbol; do
	report "$source" "$symbol" "a core may not call $symbol"
done <"$work/calls"

# ---- cores: state ----
# Constant tables lie in .rodata or, with pointers in them, in .data.rel.ro.
while read -r source object; do
	case $source in
	*/core/*) ;;
	*) continue ;;
	esac
	objdump -t "$object" | awk -F'\t' 'NF == 2 {
		n = split($1, head, " ")
		m = split($2, tail, " ")
		section = head[n]
		flags = substr($1, 18, 7)
		if (section !~ /^(\.(data|bss|tdata|tbss|tm_clone|lbss|ldata)|\*COM\*)/) next
		if (section ~ /^\.data\.rel\.ro/ || flags ~ /d/) next
		print tail[m], section
	}' | while read -r symbol section; do
		case $symbol in __*san_* | ___asan_* | .L*) continue ;; esac
		# gcc calls a static of a function name.0, clang function.name
		symbol=${symbol%%.[0-9]*}
		echo "$source ${symbol##*.} $section"
	done
done <"$work/pairs" >"$work/state"
while read -r source symbol section; do
	report "$source" "$symbol" "a core may not keep state: $symbol is in $section"
done <"$work/state"

# ---- clocks ----
readers='clock_gettime|gettimeofday|time|timespec_get|clock|clock_getres|ftime'
setters='clock_adjtime|adjtimex|__adjtimex|clock_settime|settimeofday|ntp_adjtime|adjtime|stime'
# The door reads the system's clocks, phc.c those of PTP devices. (privilege.c: capget, capset;
# they have no wrapper in libc. Any other raw system call could hide a clock.)
while read -r source symbol; do
	if echo "$symbol" | grep -qxE "$readers"; then
		case $source in
		common/io/door.c | common/io/phc.c) ;;
		*) report "$source" "$symbol" "clocks are read through common/io/door.h, not by $symbol" ;;
		esac
	elif echo "$symbol" | grep -qxE "$setters"; then
		case $source in
		# adjtimex() is also the way to read the kernel's state: here with modes 0 and no other
		common/io/timex_read.c)
			if [ "$symbol" != adjtimex ] || [ "$(grep -v '^/\*' "$source" | grep -c 'modes')" != 1 ] ||
				! grep -q '^[[:blank:]]*struct timex tx = {\.modes = 0};$' "$source"; then
				report "$source" "$symbol" "only disciplined may call $symbol; here with modes 0 alone"
			fi ;;
		disciplined/core/*) ;; # told above
		disciplined/*) ;;
		*) report "$source" "$symbol" "only disciplined may call $symbol" ;;
		esac
	elif [ "$symbol" = syscall ] && [ "$source" != common/io/privilege.c ]; then
		report "$source" "$symbol" "raw system calls are not for this file"
	fi
done <<LIST
$(grep -E " ($readers|$setters|syscall)\$" "$work/undefined")
LIST
exit $bad
