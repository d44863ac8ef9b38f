#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""timebus beside chronyd, from the lines of analyse.py: one row a scenario and
window, over the seeds that both ran.

Each figure is the median and, in brackets, smallest and largest; the ratio is
that of each seed, on the very same noise. client.timebus+X.conf is compared
with client.chrony+X.conf of the same scenario.

usage: compare.py < results.tsv
"""
import collections, statistics, sys
from summarise import cols, unit

rows = collections.defaultdict(dict)
order = []
for line in sys.stdin:
    w = line.rstrip("\n").split("\t")
    if len(w) != len(cols) + 4:
        continue
    kind, _, variant = w[1].partition("+")
    cell = (w[0], variant, w[3])
    if cell not in order:
        order.append(cell)
    rows[cell][kind, w[2]] = dict(zip(cols, w[4:]))


def number(row, name):
    return float("inf") if row[name] == "-" else float(row[name])


def spread(values, form):
    return "%s (%s .. %s)" % tuple(
        form(v) for v in (statistics.median(values), min(values), max(values)))


def both(pairs, name, form):
    out = []
    for i in (0, 1):
        v = [number(p[i], name) for p in pairs]
        out.append("-" if all(x == float("inf") for x in v) else spread(v, form))
    return out


def ratio(pairs, name):
    v = [number(t, name) / number(c, name) for t, c in pairs
         if 0 < number(c, name) < float("inf") and number(t, name) < float("inf")]
    return spread(v, lambda x: "%.2f" % x) if v else "-"


def seconds(v):
    return "never" if v == float("inf") else "%d s" % v


def report(cell):
    scenario, variant, window = cell
    seeds = sorted({s for k, s in rows[cell] if k == "timebus"} &
                   {s for k, s in rows[cell] if k == "chrony"}, key=int)
    pairs = [(rows[cell]["timebus", s], rows[cell]["chrony", s]) for s in seeds]
    if not pairs:
        return
    title = scenario + ("+" + variant if variant else "")
    print("%s, %s, %d seeds (%s to %s)" % (title, window, len(seeds), seeds[0], seeds[-1]))
    lines = [("RMS error", "rms", unit), ("largest error", "max", unit), ("mean error", "mean", unit),
             ("RMS frequency", "freq", lambda v: "%.3g ppb" % (v * 1e9)),
             ("packets", "packets", lambda v: "%d" % v), ("bound", "bound", unit),
             ("bound violated", "viol", lambda v: "%.2f%%" % (v * 100))]
    if window == "all":
        lines = [("first below " + n, "first" + n.replace(" ", ""), seconds)
                 for n in ("1 ms", "100 us", "10 us", "1 us")]
    for label, name, form in lines:
        t, c = both(pairs, name, form)
        if (t, c) != ("-", "-"):
            print("  %-20s timebus %-34s chronyd %-34s ratio %s" % (label, t, c, ratio(pairs, name)))


for cell in order:
    report(cell)
