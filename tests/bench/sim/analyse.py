#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers of one simulated run, one tab-separated line per window.

offset.log and freq.log hold one line per simulated second, one column per
clock; the offset is clock minus true time.  A window is NAME:START:END.
Times to a threshold count from the window's start: 'first' is the start of
the first 60 s spent below it, 'stay' the moment after which the window never
leaves it again (- when it never does).
"""
import argparse, datetime, math, os

ap = argparse.ArgumentParser()
ap.add_argument("--column", type=int, default=1)
ap.add_argument("--settle", type=int, default=0)
ap.add_argument("--windows", default="")
ap.add_argument("--tracking", default="")
ap.add_argument("--stats", default="", help="what the simulator printed at its end")
ap.add_argument("--node", type=int, default=1)
ap.add_argument("--tag", default="")
ap.add_argument("--start", type=int, default=1262304000)
ap.add_argument("offset")
ap.add_argument("freq")
a = ap.parse_args()


def column(path):
    with open(path) as f:
        return [float(line.split("\t")[a.column - 1]) for line in f]


off, freq = column(a.offset), column(a.freq)
bounds = []
if a.tracking and os.path.exists(a.tracking):
    start = datetime.datetime.utcfromtimestamp(a.start)
    for line in open(a.tracking):
        w = line.split()
        if len(w) < 14:
            continue
        try:
            t = datetime.datetime.fromisoformat(w[0] + " " + w[1])
            # root distance plus what is still to be slewed, as ClockBound has it
            bounds.append(((t - start).total_seconds(),
                           float(w[11]) / 2 + float(w[12]) +
                           abs(float(w[6])) + abs(float(w[10]))))
        except ValueError:
            pass


def packets(path, seconds):
    """Packets that the node sent, from their mean interval; None if it sent none."""
    node = 0
    for line in open(path) if path else ():
        if line.startswith("-"):
            node = int(line.split()[2])
        elif node == a.node and line.startswith("Mean outgoing packet interval"):
            mean = float(line.split("\t")[1])
            return None if math.isinf(mean) else round(seconds / mean) + 1
    return None


def reach(x, limit):
    first = stay = None
    run = 0
    for i, v in enumerate(x):
        if abs(v) < limit:
            run += 1
            if run == 60 and first is None:
                first = i - 59
            if stay is None:
                stay = i
        else:
            run, stay = 0, None
    return first, stay


n = len(off)
wins = [("all", 0, n), ("steady", a.settle, n)]
for w in a.windows.split():
    name, s, e = w.split(":")
    wins.append((name, int(s), int(e)))
scen, impl, seed = a.tag.split()
sent = packets(a.stats, n)
for name, s, e in wins:
    x, f = off[s:e], freq[s:e]
    if not x:
        continue
    rms = math.sqrt(math.fsum(v * v for v in x) / len(x))
    mean = math.fsum(x) / len(x)
    frms = math.sqrt(math.fsum(v * v for v in f) / len(f))
    row = [scen, impl, seed, name, "%.3e" % rms, "%.3e" % max(abs(v) for v in x),
           "%.3e" % mean, "%.3e" % abs(x[-1]), "%.3e" % frms]
    for lim in (1e-3, 1e-4, 1e-5, 1e-6):
        for v in reach(x, lim):
            row.append("-" if v is None else str(v))
    # bound: the error its own log admits to, against the truth at that second
    b = [(t, d) for t, d in bounds if s <= t < e - 1]
    if b:
        d = sorted(v[1] for v in b)
        bad = sum(abs(off[int(t) + 1]) > dist for t, dist in b)
        row += ["%.3e" % d[len(d) // 2], "%.4f" % (bad / len(b))]
    else:
        row += ["-", "-"]
    row.append("-" if sent is None else str(sent))
    print("\t".join(row))
