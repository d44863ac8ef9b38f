#!/bin/sh
# SPDX-License-Identifier: MIT
# peers.sh [DIR] - unpack the programs we are tested against from Debian's packages, without
# installing them: an installed chronyd or ntpd would start and take this machine's clock.
# Prints DIR (default build/peers); programs are below usr/sbin and usr/bin there.
set -eu
dir=${1:-build/peers}
pkgs="chrony ntpsec gpsd gpsd-clients linuxptp pps-tools"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if [ ! -e "$dir/.complete" ]; then
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	(cd "$tmp" && apt-get -q download $pkgs >log 2>&1) || {
		[ "$(id -u)" = 0 ] && apt-get -q update >/dev/null 2>&1 &&
			(cd "$tmp" && apt-get -q download $pkgs >log 2>&1) || { cat "$tmp/log" >&2; exit 1; }
	}
	for p in "$tmp"/*.deb; do dpkg-deb -x "$p" "$dir"; done
	: >"$dir/.complete"
fi
echo "$dir"
