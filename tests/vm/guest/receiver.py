# SPDX-License-Identifier: MIT
"""receiver.py nmea|ublox TTY PHC LOG - a GPS receiver. PHC may be realtime.

50 ms after each second of the PHC it tells that second: by GGA and RMC, or in u-blox's binary protocol
by NAV-PVT, NAV-TIMEGPS and NAV-EOE (u-blox 8 protocol specification, 32.17 and 32.18). LOG is written
as it goes. What is sent to it is ignored."""
import os
import struct
import sys
import termios
import time

kind, path, phc, log = sys.argv[1:]
tty = os.open(path, os.O_RDWR | os.O_NOCTTY)
a = termios.tcgetattr(tty)
a[0] = a[1] = a[3] = 0
a[2] = termios.CS8 | termios.CLOCAL | termios.CREAD
a[4] = a[5] = termios.B9600
termios.tcsetattr(tty, termios.TCSANOW, a)
clock = time.CLOCK_REALTIME if phc == "realtime" else ((~os.open(phc, os.O_RDWR)) << 3) | 3
record = open(log, "ab", buffering=0)
GPS_EPOCH, LEAPS, WEEK = 315964800, 18, 604800


def sentence(body):
    s = 0
    for c in body:
        s ^= ord(c)
    return ("$%s*%02X\r\n" % (body, s)).encode()


def nmea(second):
    g = time.gmtime(second)
    t = time.strftime("%H%M%S.00", g)
    return sentence("GPGGA,%s,5230.0000,N,01324.0000,E,1,08,1.0,40.0,M,40.0,M,," % t) + sentence(
        "GPRMC,%s,A,5230.0000,N,01324.0000,E,0.0,0.0,%s,,,A" % (t, time.strftime("%d%m%y", g)))


def frame(number, payload):
    body = struct.pack("<BBH", 1, number, len(payload)) + payload
    x = y = 0
    for b in body:
        x = (x + b) & 255
        y = (y + x) & 255
    return b"\xb5\x62" + body + bytes((x, y))


def ublox(second):
    g = time.gmtime(second)
    week, tow = divmod(second - GPS_EPOCH + LEAPS, WEEK)
    # valid date, time and fully resolved; 25 ns; 3D fix, fix ok; 8 satellites
    pvt = struct.pack("<IHBBBBBBIiBBBB", tow * 1000, g.tm_year, g.tm_mon, g.tm_mday, g.tm_hour, g.tm_min,
                      g.tm_sec, 7, 25, 0, 3, 1, 0, 8)
    pvt += struct.pack("<iiiiII", 134000000, 525000000, 80000, 40000, 1000, 2000) + bytes(20)
    pvt += struct.pack("<IIH", 100, 100000, 150) + bytes(92 - 24 - 24 - 20 - 10)
    gps = struct.pack("<IihbBI", tow * 1000, 0, week, LEAPS, 7, 25)
    return frame(0x07, pvt) + frame(0x20, gps) + frame(0x61, struct.pack("<I", tow * 1000))


tell = {"nmea": nmea, "ublox": ublox}[kind]
while True:
    now = time.clock_gettime(clock)
    time.sleep(1 - (now - 0.05) % 1)
    data = tell(int(time.clock_gettime(clock)))
    os.write(tty, data)
    record.write(data)
