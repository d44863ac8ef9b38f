#!/bin/sh
# SPDX-License-Identifier: MIT
# includes.sh - what may include what, from the #include lines alone.
set -u
daemons="refclockd ntpexchd selectd disciplined phc2shm monitord"
files=$(find common $daemons -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || { echo "lint: no sources here" >&2; exit 1; }

# shellcheck disable=SC2086
awk -v daemons="$daemons" '
function bad(reason) { printf "%s:%d: %s\n", FILENAME, FNR, reason; found = 1 }
function allowed_in_core(name, own) {
	if (name in pure) return 1
	if (name ~ /^common\/core\//) return 1
	if (name == "common/bus/msg.h") return 1
	return index(name, own "/core/") == 1
}
BEGIN {
	n = split("stdint.h stdbool.h stddef.h stdarg.h stdlib.h string.h math.h limits.h float.h " \
		"errno.h assert.h inttypes.h stdio.h", list, " ")
	for (i = 1; i <= n; i++) pure[list[i]] = 1
	count = split(daemons, names, " ")
}
/^[ \t]*#[ \t]*include/ {
	name = $0
	sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", name)
	sub(/[>"].*$/, "", name)
	own = FILENAME
	sub(/\/.*/, "", own)
	if (FILENAME ~ /^[^\/]+\/core\// && !allowed_in_core(name, own))
		bad("a core may not include " name)
	if (name ~ /(^|\/)\.\.?\//)
		bad("an include path starts at the top of the tree, not " name)
	for (i = 1; i <= count; i++)
		if (index(name, names[i] "/") == 1 && names[i] != own)
			bad(own " may not include a file of " names[i])
	if (name ~ /^tests\//)
		bad("only tests include " name)
	if (name ~ /^msgpack/ && FILENAME != "common/bus/codec.c")
		bad("only common/bus/codec.c may include " name)
	if (name ~ /^(czmq|zmq)/ && FILENAME !~ /^common\/bus\//)
		bad("only common/bus may include " name)
}
END { exit found }
' $files
