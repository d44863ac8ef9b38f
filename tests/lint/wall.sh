#!/bin/sh
# SPDX-License-Identifier: MIT
# wall.sh [BUILD] - the rules that keep the house in order, checked on sources and objects.
#   includes.sh  what may include what: cores, daemons, msgpack, zmq
#   symbols.sh   what cores may call, that they keep no state, who may read and set clocks
#   text.sh      licence line, sizes
# Each finding is one line, FILE:LINE: REASON. Exits 1 on any. LINT_ROOT is the tree to look at.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-build}" 2>/dev/null && pwd) || { echo "${1:-build}: no such build directory" >&2; exit 1; }
cd "${LINT_ROOT:-$here/../..}" || exit 1
bad=0
for check in includes symbols text; do
	"$here/$check.sh" "$build" || bad=1
done
[ $bad = 0 ] && echo "wall: $(find common refclockd ntpexchd selectd disciplined phc2shm monitord \
	-name '*.[ch]' 2>/dev/null | wc -l) files keep the rules"
exit $bad
