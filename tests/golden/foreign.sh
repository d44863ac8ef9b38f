#!/bin/sh
# SPDX-License-Identifier: MIT
# foreign.sh - a line of a chrony.conf in the wrong file is told its place, and there it is known:
# every daemon is given each directive, and whom it names must take the word.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
export LC_ALL=C
daemons="refclockd ntpexchd selectd disciplined monitord"
failed=0 told=0

# DAEMON WORD: what --check says of the word alone
said()
{
	"$B/bin/$1" --check -f /dev/null "$2" 2>&1
}

words=$(sed -n '/owners\[\] = {/,/^};/p' common/core/directive_owner.c | grep -o '"[a-z_ ]*"' |
	grep -v 'the service' | tr -d '"')
for word in $words; do
	for daemon in $daemons; do
		text=$(said $daemon "$word")
		case $text in
		*" belongs into "*)
			for place in $(echo "$text" | grep -o '[a-z]*\.conf' | sed 's/\.conf//'); do
				told=$((told + 1))
				case $(said "$place" "$word") in
				*"unknown directive"*|*" belongs into "*)
					echo "FAILED $daemon sends $word to $place, which does not take it"
					failed=$((failed + 1)) ;;
				esac
			done ;;
		*"unknown directive (allowed"*|*"unknown directive (did you"*)
			echo "FAILED $text"
			failed=$((failed + 1)) ;;
		esac
	done
done
echo "$told directives sent elsewhere, $failed wrongly"
[ $failed = 0 ] && [ $told -ge 100 ]
