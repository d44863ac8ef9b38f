#!/bin/sh
# SPDX-License-Identifier: MIT
# text.sh - licence line in every file; functions up to 70 lines and files up to 600, tests exempt.
set -u
bad=0

find . \( -path ./.git -o -path ./build -o -path './build*' \) -prune -o -type f \( -name '*.[ch]' \
	-o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.service' -o -name '*.socket' \
	-o -name '*.target' -o -name '*.rules' -o -name Makefile \) -print | sed 's|^\./||' | sort |
	while read -r file; do
		# a script's first line is its interpreter
		case $file in
		*.sh | *.py) lines=2 ;;
		*) lines=1 ;;
		esac
		licence=MIT
		# what is linked to the kernel is under the kernel's licence
		case $file in tests/vm/*-ko/*.c) licence=GPL-2.0 ;; esac
		head -n $lines "$file" | grep -q "SPDX-License-Identifier: $licence" ||
			echo "$file:1: no SPDX-License-Identifier: $licence in its first line"
	done >"${TMPDIR:-/tmp}/lint-text.$$"
if [ -s "${TMPDIR:-/tmp}/lint-text.$$" ]; then
	cat "${TMPDIR:-/tmp}/lint-text.$$"
	bad=1
fi
rm -f "${TMPDIR:-/tmp}/lint-text.$$"

# A function's body starts and ends with a brace that stands alone in the first column.
# shellcheck disable=SC2046
awk '
function close_file() {
	if (file != "" && last > 600) {
		printf "%s:%d: a file of %d lines, 600 are the limit\n", file, last, last
		found = 1
	}
}
FNR == 1 { close_file(); file = FILENAME; start = 0 }
{ last = FNR }
/^[{]$/ { start = FNR }
/^[}]/ && start {
	if (FNR - start + 1 > 70) {
		printf "%s:%d: a function of %d lines, 70 are the limit\n", FILENAME, start, FNR - start + 1
		found = 1
	}
	start = 0
}
END { close_file(); exit found }
' $(find common refclockd ntpexchd selectd disciplined phc2shm monitord -name '*.[ch]' 2>/dev/null | sort) || bad=1
exit $bad
