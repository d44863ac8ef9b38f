#!/bin/sh
# SPDX-License-Identifier: MIT
# manpages.sh - the pages in docs/man are those that docs/man/generate.sh makes of the programs (run
# `make docs` after a change of directives), mandoc finds nothing wrong in them, they tell every
# option and word that the programs' help tells, and the pages that they refer to are there. Likewise
# docs/shadow.md and the layout and readers of the page.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
export B LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 backspace=$(printf '\b')

fail()
{
	echo "FAILED $*"
	failed=$((failed + 1))
}

# PAGE WORD: stands in the page as the reader sees it
has_word()
{
	mandoc -Tascii "docs/man/$1" | sed "s/.$backspace//g" | grep -qE -- "(^|[^[:alnum:]-])$2([^[:alnum:]-]|\$)" ||
		fail "$1 does not tell $2"
}

docs/man/generate.sh "$work" || fail "generate.sh"
pages=0
for page in "$work"/*; do
	name=${page##*/}
	pages=$((pages + 1))
	diff -u "docs/man/$name" "$page" || fail "$name is not what generate.sh makes: run make docs"
done

for page in docs/man/*.[158]; do
	mandoc -Tlint -W warning "$page" >"$work/lint" 2>&1
	[ ! -s "$work/lint" ] || { cat "$work/lint"; fail "$page"; }
	sed -n 's/^\.Xr \([^ ]*\) \([158]\).*/\1.\2/p' "$page" | sort -u >"$work/refs"
	while read -r ref; do
		case $ref in
		chrony.conf.5) ;;
		*) [ -e "docs/man/$ref" ] || fail "$page refers to $ref" ;;
		esac
	done <"$work/refs"
done

for daemon in refclockd ntpexchd selectd disciplined monitord phc2shm; do
	"$B/bin/$daemon" --help >"$work/help" || fail "$daemon --help"
	for option in $(grep -oE '(^| )(-[a-zA-Z]|--[a-z-]+)(,| |$)' "$work/help" | tr -d ' ,'); do
		has_word $daemon.8 "$option"
	done
done
for word in $("$B/bin/timebus" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
	has_word timebus.1 "$word"
done

# shadow.md: its table is that of the header, its example compiles and asks for a page
sed -n '/^ \* *offset  size  page/,/^ \* *168 /s/^ \*\(   \)\{0,1\}//p' common/core/shadow_page.h >"$work/table"
[ "$(grep -c . "$work/table")" -ge 30 ] || fail "no table in shadow_page.h"
sed -n '/^offset  size  page/,/^   168 /p' docs/shadow.md | diff -u - "$work/table" ||
	fail "docs/shadow.md: the layout is not that of shadow_page.h"
sed -n '/^```c$/,/^```$/p' docs/shadow.md | grep -v '^```' >"$work/now.c"
if ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror -I. -o "$work/now" "$work/now.c" \
	common/core/shadow_page.c common/core/tstime.c -lm; then
	"$work/now" "$work/missing"
	[ $? = 1 ] || fail "docs/shadow.md: the example finds a page that is not there"
else
	fail "docs/shadow.md: the example"
fi

echo "$pages pages made, $failed faults"
[ $failed = 0 ] && [ $pages = 10 ]
