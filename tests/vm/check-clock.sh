#!/bin/bash
# SPDX-License-Identifier: MIT
# The installed suite on a real kernel clock, in a guest in virtual time: units started by systemd
# with socket activation and readiness; CLOCK_REALTIME from -300 ms and -20 ppm to within 10 us of a
# mock PHC in 30 s; kept for an hour; steps and slews as configured; kernel status, maxerror and
# frequency; a leap second.
. "$(dirname "$0")/lib.sh"
guest_image "a kernel clock steered onto a PHC"
guest_share
in_guest 1700 'bash ./clock.sh' | tee "$vm/clock.log"
[ "${PIPESTATUS[0]}" = 0 ] || { echo "the guest reports a failure"; exit 1; }
grep -q '^all good' "$vm/clock.log"
