#!/bin/sh
# SPDX-License-Identifier: MIT
# refclocks_page.sh - the lines of docs/refclocks.md are taken by the programs that they are for.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
page=docs/refclocks.md
bad=0
{ sed -n 's/^    \(refclock .*\)/\1/p' $page; sed -n 's/^| `\(refclock [^`]*\)`.*/\1 /p' $page; } | sort -u >"$work/refclockd.conf"
sed -n 's/^    \(allow .*\)/\1/p' $page >"$work/ntpexchd.conf"
for d in refclockd ntpexchd; do
	[ -s "$work/$d.conf" ] || { echo "no line for $d in $page"; bad=1; }
	"$B/bin/$d" --check -f "$work/$d.conf" || bad=1
done
sed -n 's/^    \(PHC2SYS_OPTIONS=.*\)/\1/p' $page >"$work/default"
cmp -s "$work/default" - <<-END || { echo "the default of deploy/ is another one"; bad=1; }
	$(grep ^PHC2SYS_OPTIONS deploy/default/timebus-phc2shm)
END
for unit in $(grep -o 'timebus[a-z0-9@-]*\.\(service\|socket\|target\)' $page | sed 's/@.*\./@./' | sort -u); do
	[ -e "deploy/systemd/$unit" ] || { echo "$unit is not in deploy/systemd"; bad=1; }
done
echo "$(wc -l <"$work/refclockd.conf") refclock lines of $page"
exit $bad
