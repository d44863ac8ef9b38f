#!/bin/bash
# SPDX-License-Identifier: MIT
# timebus and Debian's chronyd in turn on one real kernel clock, an hour each, in the guest: a mock
# PHC with wander and one-sided read noise; its PPS with jitter, numbered by the PHC; NTP from a
# server in a network namespace, over a third one that delays. Prints the true error of both.
#   HOUR=3600   seconds of each      PART="phc pps ntp"   some of them      SEEDS=3   of the NTP part
#   RECORD=DIR   puts there what each saw and did (tests/path/path_replay.c reads it)
. "$(dirname "$0")/lib.sh"
guest_image "timebus beside chronyd on a kernel clock"
guest_share
in_guest ${LIMIT:-3400} "HOUR=${HOUR:-3600} PART='${PART:-}' SEEDS='${SEEDS:-}' RECORD='${RECORD:-}' bash ./chronyd.sh" | tee "$vm/chronyd.log"
[ "${PIPESTATUS[0]}" = 0 ] || { echo "the guest reports a failure"; exit 1; }
grep -q '^all good' "$vm/chronyd.log"
