# SPDX-License-Identifier: MIT
# lib.sh - sourced by tests/vm/check-*.sh: builds the guest once, installs the suite for it, runs a
# script in it. What the guest does to its clock stays in the guest.
B=$(cd "${B:-build}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
vm=$B/vm
mkdir -p "$vm"

# guest_image: a minute the first time, and when what it is made of has changed
guest_image() {
	local made=$vm/cache/.complete
	[ -e "$made" ] && [ -z "$(find "$here/mkvm.sh" "$here/ntptest-ko" -newer "$made")" ] && return
	[ "$(id -u)" = 0 ] || { echo "needs root once, to make the guest; would have shown $1"; exit 77; }
	EXTRA=libzmq5,libczmq4,libmsgpackc2,libsystemd0,gpsd,python3-minimal,chrony \
		bash "$here/mkvm.sh" "$vm/cache" || { echo "cannot make the guest"; exit 1; }
	: >"$made"
}

# guest_share: what the guest sees as /mnt/src: the installed suite, tools, scripts
guest_share() {
	rm -rf "$vm/share"
	mkdir -p "$vm/share/bin"
	make -s -C "$top" --no-print-directory B="$B" PREFIX=/usr DESTDIR="$vm/share/stage" install >/dev/null || exit 1
	cp "$here"/guest/* "$vm/share/"
	cp "$B/bin/timebus-solo" "$vm/share/bin/" || exit 1
	[ -z "${RECORD:-}" ] || cp "$B/bin/tools/path_record" "$vm/share/bin/" || exit 1
	${CC:-cc} -O2 -Wall -Wextra -o "$vm/share/phcerr" "$here/phcerr.c" -lm || exit 1
	${CC:-cc} -O2 -o "$vm/share/parpps" "$here/parpps.c" 2>/dev/null || true
}

# in_guest SECONDS 'COMMAND': in virtual time; prints what it prints. RECORD, a directory, is /mnt/job
in_guest() {
	ACCEL=icount bash "$here/runvm.sh" -d "$vm/cache" -s "$vm/share" ${RECORD:+-o "$RECORD"} -t "$1" "$2"
}
