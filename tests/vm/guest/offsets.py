# SPDX-License-Identifier: MIT
"""offsets.py FILE SOURCE:LIMIT_NS[:EXPECTED_NS]... - good samples of a tap's text, as offsets from the
line between the neighbouring ones of source TRUE; their median must be EXPECTED (0) within LIMIT.
offsets.py FILE same:LIMIT_NS SOURCE... - their medians lie within LIMIT of each other.
offsets.py FILE rate SOURCE - does the clock of a source run at the rate of TRUE, to 1 %?"""
import bisect
import sys


def samples(path, source):
    out = []
    for text in open(path):
        if not text.startswith("sample." + source + " ") or " reject=" in text or "snapshot=yes" in text:
            continue
        f = dict(w.split("=", 1) for w in text.split()[1:] if "=" in w)
        out.append((int(f["raw_ns"]), int(f["utc_ns"])))
    return sorted(set(out))


def errors_of(path, source):
    """Sorted; pulses without a number by their fraction of a second."""
    out = []
    for raw, utc in samples(path, source):
        i = bisect.bisect(true, (raw, 0))
        if 0 < i < len(true):
            (r0, u0), (r1, u1) = true[i - 1], true[i]
            e = utc - u0 - round((u1 - u0) * (raw - r0) / (r1 - r0))
            out.append((e + 500000000) % 1000000000 - 500000000 if source in pulses else e)
    return sorted(out)


def show(path, source):
    """The median; None where there are too few."""
    errors = errors_of(path, source)
    if len(errors) < LEAST:
        print("FAILED: %s has %d samples" % (source, len(errors)))
        return None
    middle = errors[len(errors) // 2]
    print("%-5s %4d samples, lowest %9d, median %9d, highest %9d" % (
        source, len(errors), errors[0], middle, errors[-1]))
    return middle


LEAST = 20
path, what = sys.argv[1:3]
pulses = set(t.split()[0][7:] for t in open(path) if t.startswith("sample.") and " pulse=yes" in t)
true = samples(path, "TRUE")
bad = 0
if what == "rate":
    s = samples(path, sys.argv[3])
    rate = (s[-1][1] - s[0][1]) / (s[-1][0] - s[0][0])
    print("%s runs at %.6f of the raw clock, over %.0f s" % (sys.argv[3], rate, (s[-1][0] - s[0][0]) * 1e-9))
    bad = abs(rate - 1) > 0.01
elif what.startswith("same:"):
    middles = [show(path, s) for s in sys.argv[3:]]
    bad = None in middles or max(middles) - min(middles) > int(what[5:])
    if bad:
        print("FAILED: %s do not agree within %s ns" % (", ".join(sys.argv[3:]), what[5:]))
else:
    for word in sys.argv[2:]:
        name, limit, expected = (word.split(":") + ["0"])[:3]
        middle = show(path, name)
        if middle is None or abs(middle - int(expected)) > int(limit):
            print("FAILED: %s: %s, expected %s, allowed %s" % (name, middle, expected, limit))
            bad = 1
sys.exit(bad)
