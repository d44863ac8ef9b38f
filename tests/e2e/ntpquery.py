# SPDX-License-Identifier: MIT
# ntpquery.py ADDRESS [PORT] - ask an NTP server once; exit 0 if it is synchronised.
# With -v prints leap, stratum and refid.
import socket
import struct
import sys

args = [a for a in sys.argv[1:] if a != "-v"]
port = int(args[1]) if len(args) > 1 else 123
info = socket.getaddrinfo(args[0], port, type=socket.SOCK_DGRAM)[0]
s = socket.socket(info[0], socket.SOCK_DGRAM)
s.settimeout(0.5)
try:
    s.sendto(b"\x23" + b"\0" * 39 + struct.pack("!II", 0xE0000000, 1), info[4])
    d = s.recv(128)
except OSError as e:
    sys.exit("%s: %s" % (args[0], e) if "-v" in sys.argv else 1)
leap, stratum = d[0] >> 6, d[1]
if "-v" in sys.argv:
    print("leap", leap, "stratum", stratum, "refid", d[12:16].hex())
sys.exit(0 if leap != 3 and 0 < stratum < 16 else 1)
