# SPDX-License-Identifier: MIT
# nmea.py TTY PHC - a GPS receiver: 50 ms after each second of the PHC, that second's GGA and RMC.
import os
import sys
import termios
import time

tty = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
a = termios.tcgetattr(tty)
a[0] = a[1] = a[3] = 0
a[2] = termios.CS8 | termios.CLOCAL | termios.CREAD
a[4] = a[5] = termios.B9600
termios.tcsetattr(tty, termios.TCSANOW, a)
clock = ((~os.open(sys.argv[2], os.O_RDWR)) << 3) | 3


def sentence(body):
    s = 0
    for c in body:
        s ^= ord(c)
    return "$%s*%02X\r\n" % (body, s)


while True:
    now = time.clock_gettime(clock)
    time.sleep(1 - (now - 0.05) % 1)
    g = time.gmtime(int(time.clock_gettime(clock)))
    t = time.strftime("%H%M%S.00", g)
    text = sentence("GPGGA,%s,5230.0000,N,01324.0000,E,1,08,1.0,40.0,M,40.0,M,," % t)
    text += sentence("GPRMC,%s,A,5230.0000,N,01324.0000,E,0.0,0.0,%s,,,A" % (t, time.strftime("%d%m%y", g)))
    os.write(tty, text.encode())
