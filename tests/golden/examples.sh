#!/bin/sh
# SPDX-License-Identifier: MIT
# examples.sh - every deploy/conf/NAME.conf passes NAME --check without a word, and what
# --dump-config prints of it means the same when it is read again. So does every line in it that is
# commented out, each put in force alone: what a person uncomments must work. And what a person
# copies: the EXAMPLES of the man pages, and the lines of docs/refclocks.md.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 files=0 lines=0

fail()
{
	echo "FAILED $*"
	failed=$((failed + 1))
}

# DAEMON FILE WHAT
check()
{
	"$B/bin/$1" --check -f "$2" >"$work/said" 2>&1 || fail "$3: --check"
	[ ! -s "$work/said" ] || { cat "$work/said"; fail "$3: --check is not silent"; }
	"$B/bin/$1" --dump-config -f "$2" >"$work/dump" 2>/dev/null || fail "$3: --dump-config"
	"$B/bin/$1" --dump-config -f "$work/dump" >"$work/again" 2>/dev/null ||
		fail "$3: the dump is refused"
	diff -u "$work/dump" "$work/again" || fail "$3: the dump changes when it is read again"
}

for conf in deploy/conf/*.conf; do
	daemon=${conf##*/}
	daemon=${daemon%.conf}
	files=$((files + 1))
	check "$daemon" "$conf" "$conf"
	[ -s "$work/dump" ] || fail "$conf: empty dump"
	# prose begins with "# ", lines that may be put in force with "#word"
	grep '^#[a-z]' "$conf" | sed 's/^#//' >"$work/commented"
	while IFS= read -r line; do
		lines=$((lines + 1))
		printf '%s\n' "$line" >"$work/one.conf"
		check "$daemon" "$work/one.conf" "$conf: $line"
	done <"$work/commented"
done

# what is set off in the EXAMPLES of NAME.conf(5) is that file
examples=0
for page in docs/man/*.conf.5; do
	daemon=${page##*/}
	daemon=${daemon%.conf.5}
	awk '/^\.Sh/ { on = /EXAMPLES/ }
		/^\.Bd -literal/ { literal = 1 }
		/^\.Ed/ { literal = 0 }
		on && (sub(/^\.Dl /, "") || literal && !/^\./) { sub(/\\e$/, "\\"); print }
	' "$page" >"$work/examples"
	while IFS= read -r line; do
		examples=$((examples + 1))
		printf '%s\n' "$line" >"$work/one.conf"
		check "$daemon" "$work/one.conf" "$page: $line"
	done <"$work/examples"
done
{
	sed -n 's/^    \(refclock .*\)/\1/p' docs/refclocks.md
	grep -o '^| `refclock [^`]*`' docs/refclocks.md | tr -d '|`'
} >"$work/examples"
while IFS= read -r line; do
	examples=$((examples + 1))
	printf '%s\n' "$line" >"$work/one.conf"
	check refclockd "$work/one.conf" "docs/refclocks.md: $line"
done <"$work/examples"

# daemon and example belong together
for daemon in refclockd ntpexchd selectd disciplined monitord; do
	[ -e deploy/conf/$daemon.conf ] || fail "deploy/conf/$daemon.conf is missing"
done
echo "$files files, $lines lines commented out, $examples to copy, $failed faults"
[ $failed = 0 ] && [ $files -ge 5 ] && [ $lines -ge 20 ] && [ $examples -ge 20 ]
