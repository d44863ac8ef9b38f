#!/bin/bash
# SPDX-License-Identifier: MIT
# Real gpsd on a (null-modem) serial receiver and a kernel PPS, in the guest: what it tells of NMEA and
# of u-blox's protocol, taken by SHM, SOCK and JSON at once, agrees, and the suite brings the kernel's
# clock onto the pulse. (gpsfake fills no SHM, so this cannot be shown on the host.)
. "$(dirname "$0")/lib.sh"
guest_image "gpsd's SHM and SOCK followed on a kernel clock"
guest_share
export QARGS="-chardev socket,id=na,path=$vm/nm.sock,server=on,wait=off \
	-chardev socket,id=nb,path=$vm/nm.sock -serial chardev:na -serial chardev:nb"
in_guest 600 'bash ./gpsd.sh' | tee "$vm/gpsd.log"
[ "${PIPESTATUS[0]}" = 0 ] || { echo "the guest reports a failure"; exit 1; }
grep -q '^all good' "$vm/gpsd.log"
