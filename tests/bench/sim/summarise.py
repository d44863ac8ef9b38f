#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Median [min .. max] over the seeds, from the lines analyse.py prints.

usage: summarise.py [-m] < results.tsv      (-m: Markdown table rows)
"""
import collections, sys

cols = ("rms max mean end freq first1ms stay1ms first100us stay100us first10us "
        "stay10us first1us stay1us bound viol packets").split()
inf = float("inf")


def unit(v):
    if v == inf:
        return "-"
    for f, u in ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns")):
        if abs(v) >= f:
            return "%.3g %s" % (v / f, u)
    return "%.2g ns" % (v / 1e-9)


def show(c, v):
    if c == "freq":
        return "%.3g ppb" % (v * 1e9)
    if c == "viol":
        return "%.2f%%" % (v * 100)
    if c.startswith(("first", "stay", "packets")):
        return "-" if v == inf else "%d" % v
    return unit(v)


def spread(r, c):
    i = cols.index(c)
    v = sorted(inf if x[i] == "-" else float(x[i]) for x in r)
    m = v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2
    return "%s [%s .. %s]" % (show(c, m), show(c, v[0]), show(c, v[-1]))


def main():
    rows = collections.OrderedDict()
    for line in sys.stdin:
        w = line.rstrip("\n").split("\t")
        if len(w) == len(cols) + 4:
            rows.setdefault((w[0], w[1], w[3]), {})[w[2]] = w[4:]
    md = "-m" in sys.argv
    for (scen, impl, win), d in rows.items():
        r = list(d.values())
        if win == "all":
            want = "first1ms stay1ms first100us stay100us first10us stay10us first1us stay1us".split()
        else:
            want = "rms max mean end freq bound viol packets".split()
            if win not in ("steady",):
                want += ["first1ms", "stay1ms"]
        if md:
            print("| %s | %s | %s | %d | " % (scen, impl, win, len(r)) +
                  " | ".join(spread(r, c) for c in want) + " |")
        else:
            print("%s %s %s n=%d: " % (scen, impl, win, len(r)) +
                  "; ".join(c + " " + spread(r, c) for c in want))


if __name__ == "__main__":
    main()
