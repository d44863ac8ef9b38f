#!/bin/bash
# SPDX-License-Identifier: MIT
# Every driver of refclockd on the kernel's own interface, in a guest in virtual time: the mock PHC by
# path, interface and name, with and without cross timestamps, its external time stamps on two pins,
# the mock PPS, pps_parport on an emulated parallel port, the clock of an emulated network card (a
# useless one in e1000e, which stands still or runs away; a live one where QEMU has igb), the
# real-time clock, SHM and SOCK by phc2shm and Debian's phc2sys, a serial line with the PPS line
# discipline; ptp_kvm and VMClock where this machine offers them. Then what becomes of reads that
# fail, pulses that stop, and devices that go and come back under another number.
. "$(dirname "$0")/lib.sh"
guest_image "every driver on the kernel's own devices"
guest_share
qemu=${QEMU:-qemu-system-x86_64}
nic=e1000e
$qemu -device igb,help 2>/dev/null | grep -q '^igb options' && nic=igb
QARGS="-netdev user,id=n,restrict=on -device $nic,netdev=n"
QARGS="$QARGS -chardev null,id=lp -device isa-parallel,chardev=lp,index=0"
QARGS="$QARGS -chardev null,id=tty -serial chardev:tty -rtc base=utc,clock=vm"
export QARGS
in_guest 900 "NIC=$nic bash ./devices.sh" | tee "$vm/devices.log"
[ "${PIPESTATUS[0]}" = 0 ] || { echo "the guest reports a failure"; exit 1; }
grep -q '^all good' "$vm/devices.log"
