#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py [SCENARIO...] - runs scenarios and writes build/sim-report/: index.html and table.md with
a row a run, and for each scenario an SVG of time error, bound and frequency over time, and of the
errors' distribution (share of seconds with a larger error, log-log). Only the standard library.

Environment: B (build), SEEDS (3), FIRST (1)."""
import csv
import glob
import html
import math
import os
import subprocess
import sys
import textwrap

BUILD = os.environ.get("B") or "build"
SEEDS = int(os.environ.get("SEEDS") or 3)
FIRST = int(os.environ.get("FIRST") or 1)
OUT = os.path.join(BUILD, "sim-report")
SIM = os.path.join(BUILD, "bin", "sim")
COLOURS = ["#1b6ca8", "#c1440e", "#3a7d44", "#7b4b94"]
WIDTH, PANEL, LEFT, RIGHT, GAP = 860, 170, 82, 28, 40
TAIL = 300  # height of the distribution, which has decades on both axes
TITLE = 110  # characters of a line of the title
TOP = 62
POINTS = 900


def si(value, unit):
    """A number with its prefix: 1.2e-6, 's' is '1.2 us'."""
    if value == 0:
        return "0"
    for scale, prefix in ((1, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p")):
        if abs(value) >= scale:
            return f"{value / scale:.3g} {prefix}{unit}"
    return f"{value:.2g} {unit}"


class Panel:
    """One set of axes at a height of the drawing."""

    def __init__(self, top, x, y, logx=False, logy=False, height=PANEL):
        self.top, self.x, self.y, self.logx, self.logy, self.height = top, x, y, logx, logy, height
        self.parts = []

    def place(self, value, span, log):
        low, high = span
        if log:
            value, low, high = (math.log10(max(v, 1e-300)) for v in (value, low, high))
        return (value - low) / (high - low) if high > low else 0.5

    def at(self, x, y):
        px = LEFT + (WIDTH - LEFT - RIGHT) * min(max(self.place(x, self.x, self.logx), 0), 1)
        py = self.top + self.height * (1 - min(max(self.place(y, self.y, self.logy), -0.01), 1.01))
        return f"{px:.1f},{py:.1f}"

    def ticks(self, span, log):
        low, high = span
        if log:
            first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
            step = max(1, (last - first) // 6)
            return [10.0 ** e for e in range(first, last + 1, step)]
        raw = (high - low) / 5
        step = 10 ** math.floor(math.log10(raw))
        step *= next(m for m in (1, 2, 5, 10) if m * step >= raw)
        return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]

    def axes(self, label, xlabel, yformat, xformat):
        x0, x1 = LEFT, WIDTH - RIGHT
        self.parts.append(f'<rect x="{x0}" y="{self.top}" width="{x1 - x0}" height="{self.height}" '
                          'fill="none" stroke="#888"/>')
        self.parts.append(f'<text x="{x0}" y="{self.top - 6}" font-weight="bold">{label}</text>')
        for v in self.ticks(self.y, self.logy):
            y = self.at(self.x[0], v).split(",")[1]
            self.parts.append(f'<line x1="{x0}" x2="{x1}" y1="{y}" y2="{y}" stroke="#ddd"/>'
                              f'<text x="{x0 - 6}" y="{float(y) + 4}" text-anchor="end">{yformat(v)}</text>')
        for v in self.ticks(self.x, self.logx):
            x = self.at(v, self.y[0]).split(",")[0]
            self.parts.append(f'<line x1="{x}" x2="{x}" y1="{self.top}" y2="{self.top + self.height}" stroke="#eee"/>'
                              f'<text x="{x}" y="{self.top + self.height + 14}" text-anchor="middle">{xformat(v)}</text>')
        self.parts.append(f'<text x="{x1}" y="{self.top - 6}" text-anchor="end" fill="#555">{xlabel}</text>')

    def line(self, points, colour, width=1, hole=math.inf):
        """hole: points further apart in x are not joined, as nothing was seen between them."""
        part = []
        for p in [p for p in points if math.isfinite(p[1])] + [None]:
            if part and (p is None or p[0] - part[-1][0] > hole):
                text = " ".join(self.at(x, y) for x, y in part)
                self.parts.append(
                    f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
                part = []
            part.append(p)

    def legend(self, words):
        for i, (word, colour) in enumerate(words):
            self.parts.append(f'<text x="{LEFT + 250 + 70 * i}" y="{self.top - 6}" fill="{colour}">{word}</text>')


def thin(points):
    """Smallest and largest of each of POINTS stretches: no peak is lost."""
    size = max(1, len(points) // POINTS)
    out = []
    for i in range(0, len(points), size):
        part = [p for p in points[i:i + size] if math.isfinite(p[1])]
        if part:
            out += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
    return out


def span(values, share=0.999):
    """Symmetric about 0, wide enough for that share of the values."""
    sizes = sorted(abs(v) for v in values if math.isfinite(v))
    most = sizes[min(len(sizes) - 1, int(share * len(sizes)))] if sizes else 0
    most = most * 1.15 or 1e-9
    return -most, most


def tail(errors):
    """(error, share of seconds with a larger one)."""
    sizes = sorted(abs(e) for e in errors)
    n = len(sizes)
    ranks = sorted({min(n - 1, int(n * (1 - 10 ** (-k / 40)))) for k in range(0, int(40 * math.log10(n)) + 1)})
    return [(max(sizes[i], 1e-9), 1 - i / n) for i in ranks]


def document(panels, height, title):
    body = "\n".join(p for panel in panels for p in panel.parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
            + "".join(f'<text x="{LEFT}" y="{16 + 16 * i}" font-size="13">{html.escape(line)}</text>'
                      for i, line in enumerate(textwrap.wrap(title, TITLE)[:2])) + f"\n{body}\n</svg>\n")


def rate(v):
    """A rate error; v is a fraction."""
    return f"{v * 1e9:.3g} ppb" if abs(v) < 1e-6 else f"{v * 1e6:.3g} ppm"


def share(v):
    return f"{100 * v:.3g} %"


def hours(v):
    return f"{v:.3g}"


def plot_time(name, title, trace):
    with open(trace, newline="") as f:
        rows = [{k: r[k] for k in ("t_s", "error_ns", "bound_ns", "freq_ppb")} for r in csv.DictReader(f)]
    t = [float(r["t_s"]) / 3600 for r in rows]
    error = [float(r["error_ns"]) * 1e-9 for r in rows]
    bound = [float(r["bound_ns"]) * 1e-9 for r in rows]
    freq = [float(r["freq_ppb"]) * 1e-9 for r in rows]
    late = max(1, len(t) // 20)
    x = (0, t[-1])
    hole = 3 * (t[-1] - t[0]) / min(len(t), POINTS)
    first = Panel(TOP, x, span(error[late:]))
    first.axes("clock minus true time", "hours", lambda v: si(v, "s"), hours)
    first.line(thin(list(zip(t, error))), COLOURS[0], hole=hole)
    sizes = [abs(e) for e in error[late:] if e] + [b for b in bound[late:] if math.isfinite(b) and b > 0]
    sizes.sort()
    y = (10 ** math.floor(math.log10(sizes[len(sizes) // 100])), 10 ** math.ceil(math.log10(sizes[-1])))
    second = Panel(TOP + PANEL + GAP, x, y, logy=True)
    second.axes("|error| and claimed bound", "hours", lambda v: si(v, "s"), hours)
    second.legend([("|error|", COLOURS[0]), ("bound", COLOURS[1])])
    second.line(thin([(a, abs(e)) for a, e in zip(t, error) if e]), COLOURS[0], hole=hole)
    second.line(thin(list(zip(t, bound))), COLOURS[1], 1.5, hole)
    third = Panel(TOP + 2 * (PANEL + GAP), x, span(freq[late:], 0.995))
    third.axes("rate error of the clock", "hours", rate, hours)
    third.line(thin(list(zip(t, freq))), COLOURS[2], hole=hole)
    with open(os.path.join(OUT, name + ".svg"), "w") as f:
        f.write(document([first, second, third], TOP + 3 * (PANEL + GAP), f"{name}: {title}"))


def plot_tail(name, title, runs):
    tails = [tail(e) for e in runs if e]
    x = (10 ** math.floor(math.log10(min(p[0] for t in tails for p in t[1:2] or t))),
         10 ** math.ceil(math.log10(max(p[0] for t in tails for p in t))))
    panel = Panel(TOP, x, (min(p[1] for t in tails for p in t), 1), logx=True, logy=True, height=TAIL)
    panel.axes("share of seconds with a larger error", "|error|", share, lambda v: si(v, "s"))
    panel.legend([(f"seed {FIRST + i}", COLOURS[i % len(COLOURS)]) for i in range(len(tails))])
    for i, t in enumerate(tails):
        panel.line(t, COLOURS[i % len(COLOURS)], 1.3)
    with open(os.path.join(OUT, name + "-cdf.svg"), "w") as f:
        f.write(document([panel], TOP + TAIL + GAP, f"{name}: distribution of errors"))


def title_of(path):
    with open(path) as f:
        for line in f:
            if line.startswith("title "):
                return line[6:].strip()
    return ""


def cells(row):
    """A row of the program's table: columns have fixed places."""
    ends = [18, 23, 33, 43, 53, 61, 69, 79, 85, 91, 99, 108]
    starts = [0] + ends[:-1]
    return [row[a:b].strip() for a, b in zip(starts, ends)] + [row[108:].strip()]


def run(path):
    """All seeds of one scenario: rows of the table."""
    name = os.path.splitext(os.path.basename(path))[0]
    trace, errors = os.path.join(OUT, name + ".csv"), os.path.join(OUT, name + "-errors.txt")
    rows, runs = [], []
    for seed in range(FIRST, FIRST + SEEDS):
        words = [SIM, "-q", "-s", str(seed), "--errors", errors]
        if seed == FIRST:
            words += ["--trace", trace]
        out = subprocess.run(words + [path], capture_output=True, text=True, check=False)
        if out.returncode > 1:
            sys.exit(out.stderr)
        rows.append(cells(out.stdout.splitlines()[0]))
        with open(errors) as f:
            runs.append([float(e) * 1e-9 for e in f])
    os.unlink(errors)
    plot_time(name, title_of(path), trace)
    plot_tail(name, title_of(path), runs)
    return name, rows


HEAD = ["scenario", "seed", "rms", "mean", "max", "1 ms first/s", "10 us first/s", "bound (median)", "violations",
        "steps", "packets", "rate error/ppb", "result"]


def write(results):
    with open(os.path.join(OUT, "table.md"), "w") as f:
        f.write("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD) + "\n")
        for _, rows, _ in results:
            for row in rows:
                f.write("| " + " | ".join(row) + " |\n")
    with open(os.path.join(OUT, "index.html"), "w") as f:
        f.write('<!doctype html><meta charset="utf-8"><title>timebus in virtual time</title><style>'
                "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}"
                "td,th{border:1px solid #ccc;padding:2px 8px;text-align:right}"
                "td:first-child,td:last-child{text-align:left}.bad{background:#fdd}</style>"
                "<h1>timebus in virtual time</h1><table><tr>")
        f.write("".join(f"<th>{html.escape(h)}</th>" for h in HEAD) + "</tr>\n")
        for name, rows, _ in results:
            for row in rows:
                bad = "" if row[-1] == "PASS" else ' class="bad"'
                link = f'<td><a href="#{name}">{name}</a></td>'
                f.write(f"<tr{bad}>{link}" + "".join(f"<td>{html.escape(c)}</td>" for c in row[1:]) + "</tr>\n")
        f.write("</table>\n")
        for name, _, title in results:
            f.write(f'<h2 id="{name}">{name}</h2><p>{html.escape(title)}</p>'
                    f'<img src="{name}.svg"><br><img src="{name}-cdf.svg">\n')


def main():
    os.makedirs(OUT, exist_ok=True)
    paths = sys.argv[1:] or sorted(glob.glob("tests/sim/scenarios/*.sim"))
    results = []
    for path in paths:
        name, rows = run(path)
        results.append((name, rows, title_of(path)))
    write(results)
    print(f"{OUT}/index.html: {len(results)} scenarios, {SEEDS} seeds")


main()
