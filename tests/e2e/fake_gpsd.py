#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fake_gpsd.py PORT RAW,REAL CONTROL - a double of gpsd, one client at a time.

Each 0.2 s: TPV, a SKY too long for any buffer, TOFF 100 ms late, PPS at the instant itself; the
truth is REAL + (CLOCK_MONOTONIC_RAW - RAW). CONTROL is a file with any of the words nofix, close,
silent, junk."""
import json, os, select, socket, sys, time

port, (raw0, real0), control = int(sys.argv[1]), map(int, sys.argv[2].split(",")), sys.argv[3]


def words():
    try:
        return open(control).read().split()
    except OSError:
        return []


def pair(name, late_ns):
    raw, clock = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW), time.clock_gettime_ns(time.CLOCK_REALTIME)
    real = real0 + raw - raw0 - late_ns
    return {"class": name, "device": "/dev/ttyS9", "real_sec": real // 10**9, "real_nsec": real % 10**9,
            "clock_sec": clock // 10**9, "clock_nsec": clock % 10**9, "precision": -20}


def serve(c):
    send = lambda o: c.sendall(json.dumps(o).encode() + b"\r\n")
    send({"class": "VERSION", "release": "3.25", "proto_major": 3, "proto_minor": 15})
    if b"?WATCH=" not in c.recv(1000):
        sys.exit("not watched")
    while "close" not in words():
        mode = 1 if "nofix" in words() else 3
        if "junk" in words():
            c.sendall(b"junk\n{\"class\":\"PPS\",\"device\":\"/dev/ttyS9\",\"real_sec\":-1}\n" + b"[" * 9000 + b"\n")
        elif "silent" not in words():
            send({"class": "TPV", "device": "/dev/ttyS9", "mode": mode})
            send({"class": "SKY", "device": "/dev/ttyS9", "nSat": 80, "uSat": 9,
                  "satellites": [{"PRN": i, "el": 1.5, "used": True} for i in range(80)]})
            send(dict(pair("TOFF", 100_000_000)))
            send(dict(pair("PPS", 0), qErr=-1000))
            send(dict(pair("PPS", 5_000_000), device="/dev/other"))
        time.sleep(0.2)


s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", port))
while True:
    s.listen(4)
    c, _ = s.accept()
    if os.fork() == 0:
        try:
            serve(c)
        except OSError:
            pass
        os._exit(0)
    c.close()
