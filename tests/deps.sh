#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh build|check|vm - see that the Debian packages a target needs are installed.
# As root it installs what is missing; otherwise it prints the one command to run first.
# The peers we are tested against (chronyd, ntpd, gpsd, phc2sys) are not installed: their packages
# would start services that steer this machine's clock. tests/e2e/peers.sh unpacks them instead.
set -eu

build="gcc libc6-dev pkg-config libzmq3-dev libczmq-dev libmsgpack-dev libsystemd-dev"
check="$build libcmocka-dev clang libclang-rt-14-dev iproute2 util-linux procps python3
	mandoc strace binutils xz-utils
	libgps28 libdbus-1-3 libbluetooth3 libusb-1.0-0 libedit2 libnettle8 libgnutls30 libseccomp2
	libcap2 libbsd0 libssl3 libncurses6"
vm="$check qemu-system-x86 mmdebstrap e2fsprogs busybox-static cpio kmod bc libelf1"

case ${1:-build} in
build) want=$build ;;
check) want=$check ;;
vm) want=$vm ;;
*) echo "usage: deps.sh build|check|vm" >&2; exit 2 ;;
esac

missing=
for p in $want; do
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed ||
		missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "Some Debian packages are missing. Run this first:" >&2
	echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
	exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
{ apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1 ||
	{ cat "$log" >&2; rm -f "$log"; exit 1; }
rm -f "$log"
