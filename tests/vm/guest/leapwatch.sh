#!/bin/bash
# SPDX-License-Identifier: MIT
# The mock PHC knows no leap second; a host's clock would repeat 23:59:59. Watch for midnight on the
# PHC and set it back one second there, then let things settle.
while [ "$(date -u +%s)" -lt 1798761596 ]; do sleep 0.5; done      # 2026-12-31 23:59:56
python3 - <<'P'
import os, time
fd = os.open("/dev/ptp0", os.O_RDWR)
clock = ((~fd) << 3) | 3
midnight = 1798761600
while True:
    now = time.clock_gettime(clock)
    if now >= midnight:
        break
    time.sleep(min(0.2, max(0.0005, midnight - now)))
open("/sys/module/ntptest/parameters/step_ns", "w").write("-1000000000")
for i in range(6):
    print("real %.3f phc %.3f" % (time.time(), time.clock_gettime(clock)))
    time.sleep(0.5)
P
adjtimex -p | grep -E 'status|return'
sleep 20
