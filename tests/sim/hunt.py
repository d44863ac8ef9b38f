#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hunt.py [-k] FIRST [SEEDS] - random scenarios, judged by rules that need no tuning.

Each seed draws a world (tests/sim/README.md): sources, laws of delay, loss, polls, oscillator,
faults, restarts. It is run once, and once for each single right source with each of the plain
estimators. The rules:

  bound     nobody's bound is broken; falsetickers are a minority of those that answer, always,
            and far outside of what the others say (inside it nobody can tell: no bound holds
            then that is not as wide as theirs)
  weight    none of them ever has weight once the majority has answered (and some polls have passed
            where it turned false later)
  steps     one at the start if the offset asks for it, one after each suspend, jump of the raw
            clock and reboot
  converge  below 1 ms within a few polls, where noise and wander allow that
  usable    after an outage the clock is usable again
  alone     where paths are symmetric and polls fixed: RMS of the error at most 1.2 of what a single
            source has with the better of the plain estimators on the same noise; of the median
            source, since nobody can know which of them is symmetric (the best of asymmetric
            paths is luck, and so is that none of them is)

Failing scenarios stay in $B/hunt/, with a line that runs them again. -k keeps all of them.
"""

import os
import random
import re
import subprocess
import sys

B = os.environ.get("B", "build")
OUT = os.path.join(B, "hunt")
UNITS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}
ALONE_MOST = 1.2
ALONE_SOURCES = 3
PLAIN = ("regression", "classic")
TIMEOUT_S = 300


def log_uniform(r, low, high):
    return low * (high / low) ** r.random()


def path_of(r, symmetric):
    law = r.choice(["exponential", "exponential", "gaussian", "gamma", "lognormal", "pareto", "uniform"])
    base = log_uniform(r, 20, 50000)
    jitter = min(log_uniform(r, 0.3, 3000), 0.5 * base)
    shape = {"gamma": r.uniform(1, 4), "lognormal": r.uniform(0.3, 1.5), "pareto": r.uniform(2.2, 5)}
    words = f"law {law} jitter_us {jitter:.3g}"
    if law in shape:
        words += f" shape {shape[law]:.2f}"
    if r.random() < 0.25:
        words += (f" burst_us {jitter * r.uniform(3, 20):.3g} burst_on_s {log_uniform(r, 30, 1800):.0f}"
                  f" burst_off_s {log_uniform(r, 600, 14400):.0f}")
    if r.random() < 0.3:
        words += f" loss {r.choice([0.02, 0.1, 0.3, 0.5])}"
    if r.random() < 0.1:
        words += " duplicate 0.05"
    if r.random() < 0.1:
        words += f" reorder 0.02 reorder_us {3 * jitter:.0f}"
    skew = 0 if symmetric else r.uniform(-0.4, 0.4)
    return base, jitter, (f"base_us {base * (1 + skew):.4g} {words}", f"base_us {base * (1 - skew):.4g} {words}")


class World:
    """What a seed draws: lines of the world, of each source, and the rules that apply."""

    def __init__(self, seed):
        r = self.r = random.Random(seed)
        self.seed = seed
        self.symmetric = r.random() < 0.6
        self.head, self.faults, self.names, self.lines = [], [], [], {}
        self.false = set()
        self.count = r.choice([0, 1, 1, 2, 3, 3, 4, 5, 7])
        self.adaptive = r.random() < 0.3
        self.poll = r.choice([-4, -2, 0, 2, 4, 6, 6, 6, 8, 10, 12])
        self.interval = 2.0 ** self.poll
        self.duration = min(max(250 * self.interval, 1200 if self.poll < 0 else 7200), 4 * 86400)
        self.excuses = 0
        self.voids = False
        self.largest = 0.0
        self.make_sources()
        self.make_oscillator()
        self.make_faults()

    def make_sources(self):
        r = self.r
        poll = f"minpoll {self.poll} maxpoll {self.poll}"
        if self.adaptive:
            low = min(max(self.poll, -4), 10)
            poll = f"minpoll {low} maxpoll {min(low + r.randint(1, 4), 12)}"
            self.interval = 2.0 ** min(low + 4, 12)
        for i in range(self.count):
            name = "abcdefg"[i]
            base, jitter, ways = path_of(r, self.symmetric)
            extra = " xleave" if r.random() < 0.15 else ""
            self.lines[name] = [
                f"config server {name} {poll} iburst{extra}",
                f"node {name} stratum {r.choice([1, 2, 3])} dispersion_us {max(base * 0.01, 1):.3g}"
                f" process_us {r.choice([5, 20, 200])}",
                f"path {name} there {ways[0]}", f"path {name} back {ways[1]}"]
            self.names.append(name)
            self.largest = max(self.largest, base)
            self.jitter = max(getattr(self, "jitter", 0), jitter)
        if self.count == 0 or r.random() < 0.25:
            self.make_reference()

    def make_reference(self):
        r = self.r
        slow = 4 if self.count > 0 and self.duration > 4 * 3600 else 0  # a day of four readings a second is slow
        law, noise = r.choice(["gaussian", "exponential"]), log_uniform(r, 20, 2000)
        if r.random() < 0.5:
            name, width = "PHC0", r.choice([500, 1500, 20000])
            noise = min(noise, width / 2 if law == "exponential" else width / 10)
            self.lines[name] = [f"config refclock PHC /dev/ptp0 poll {slow + r.choice([0, 2, 4])}"
                                f" dpoll {slow + r.choice([-2, 0])}",
                                f"ref PHC0 law {law} noise_ns {noise:.3g} width_ns {width}"]
        else:
            name = "PPS"
            law = "gaussian"
            self.lines[name] = [f"config refclock SHM 0 poll {slow + r.choice([0, 2, 4])} dpoll {slow} refid PPS"
                                f" delay {max(20 * noise * 1e-9, 1e-6):.3g}",
                                f"ref PPS law {law} noise_ns {noise:.3g}"]
        self.names.append(name)
        if self.count == 0:
            self.duration, self.interval, self.jitter, self.largest = 7200, 4, noise * 1e-3, 1
            self.adaptive = False

    def make_oscillator(self):
        r = self.r
        self.wander = log_uniform(r, 1e-11, 1e-6 if self.interval <= 64 else 1e-8)
        words = f"osc freq_ppm {r.uniform(-60, 60):.2f} wander {self.wander:.2e}"
        if r.random() < 0.3:
            words += f" temp_ppb {log_uniform(r, 5, 200):.0f} temp_period_s {r.choice([3600, 86400])}"
        self.offset_ms = r.choice([0.1, 20, 300, -5000, 3.6e6])
        self.head = [f"duration {self.duration:.0f}", f"settle {self.settle():.0f}", words,
                     f"clock offset_ms {self.offset_ms}", "config makestep 1 3"]
        if r.random() < 0.2:
            self.head.append("config leapsecmode slew")

    def settle(self):
        return min(self.duration / 4, max(300, 60 * self.interval))

    def when(self):
        return self.r.uniform(1.2 * self.settle(), 0.85 * self.duration)

    def make_faults(self):
        r = self.r
        servers = [n for n in self.names if n not in ("PHC0", "PPS")]
        most = (len(self.names) - 1) // 2
        self.true_names = list(self.names)
        if most > 0 and r.random() < 0.5:
            for name in r.sample(servers, min(r.randint(1, most), len(servers))):
                self.make_false(name)
        for _ in range(r.choice([0, 0, 1, 1, 2, 3])):
            self.make_fault(servers)

    def make_false(self, name):
        r = self.r
        kind = r.choice(["start", "later", "drift"])
        # what is told must not cover the lie: far beyond the widest interval
        lie = r.choice([-1, 1]) * (self.largest * 4 + 2000) * r.choice([1, 5, 100])
        t = 0 if kind == "start" else self.when()
        self.false.add(name)
        self.true_names.remove(name)
        if kind == "drift":
            # within the others' intervals nobody can call it false: not judged by its weight
            self.lines[name] += [f"at {t + i * 0.01 * self.duration:.0f} false {name} {lie * (i + 1) / 15:.0f}"
                                 for i in range(15)]
            self.drift = True
        else:
            self.lines[name].append(f"at {t:.0f} false {name} {lie:.0f}")
        if kind == "later":
            self.later = True

    def make_fault(self, servers):
        r = self.r
        t = self.when()
        kind = r.choice(["outage", "outage", "suspend", "rawjump", "jump", "route", "route", "restart", "reboot"])
        long = min(log_uniform(r, 120, 86400), 0.5 * (self.duration - t))
        if kind == "outage":
            name = "all"
            if not self.false and len(self.names) > 1 and r.random() < 0.5:
                name = r.choice(self.names)
                self.lines[name].append(f"at {t:.0f} outage {name} {long:.0f}")
            else:
                self.faults.append(f"at {t:.0f} outage all {long:.0f}")
                self.voids = True  # how a clock runs free is luck
        elif kind == "suspend":
            self.faults.append(f"at {t:.0f} suspend {min(long, 7200):.0f} {r.choice([0, 3, -400, 2500])}")
            self.excuses += 1
            self.voids = True
        elif kind == "rawjump":
            self.faults.append(f"at {t:.0f} rawjump {r.choice([30, 700, 3000, -800, -20000])}")
            self.excuses += 1
            self.voids = True
        elif kind == "jump":  # no more than maxclockerror, which bounds count on
            self.faults.append(f"at {t:.0f} jump {r.choice([-1, 1]) * log_uniform(r, 10, 1000):.0f}")
        elif kind == "route" and servers:
            name, ways = r.choice(servers), ["both"] if self.symmetric else ["there", "back", "both"]
            self.lines[name].append(f"at {t:.0f} route {name} {r.choice(ways)} {log_uniform(r, 30, 5000):.0f}")
        elif kind == "restart":
            stage = r.choice(["ntpexchd", "refclockd", "selectd", "disciplined"])
            self.faults.append(f"at {t:.0f} {r.choice(['restart', 'kill'])} {stage} {r.choice([0.5, 5, 300])}")
        elif kind == "reboot":
            self.faults.append(f"at {t:.0f} reboot {r.choice([60, 600])} {r.choice([0, 40, -3000])}")
            self.excuses += 1
            self.voids = True

    def text(self, names, more=()):
        grace = 10 * self.interval + 300
        out = ["# SPDX-License-Identifier: MIT", f"title Hunted, seed {self.seed}"] + self.head
        out += [f"false_grace_s {grace:.0f}", f"raw_grace_s {grace:.0f}"]
        for name in names:
            out += self.lines[name]
        out += self.faults + list(more)
        return "\n".join(out) + "\n"

    def rules(self):
        out = [f"limit steps {self.excuses + (abs(self.offset_ms) > 1000)}"]
        if getattr(self, "drift", False):
            out += ["limit false_weight 1e9", "limit violations 1e9"]
        noise_us = 0.5 * self.wander * self.interval ** 1.5 * 1e6 + 3 * self.jitter
        start_false = any("at 0 " in line for name in self.names for line in self.lines[name])
        if noise_us < 200 and self.symmetric and self.largest < 20000 and not start_false:
            out.append(f"limit first_1ms_s {60 * round((120 + 10 * self.interval + self.slew_s()) / 60):.0f}")
        return out

    def slew_s(self):
        return abs(self.offset_ms) / 20 if abs(self.offset_ms) <= 1000 else 0


def number(text, unit):
    return float(text) * UNITS[unit]


def run(world, text, name, seed):
    """(RMS in us, limits that failed) of a run; RMS None if it could not be run."""
    file = os.path.join(OUT, name + ".sim")
    with open(file, "w") as f:
        f.write(text)
    try:
        got = subprocess.run([os.path.join(B, "bin", "sim"), "-q", "-s", str(seed), file],
                             capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return None, "it does not end"
    m = re.search(r"^\S+ +\d+ +(\S+)(?: (ns|us|ms|s))? ", got.stdout)
    if not m:
        return None, f"cannot be run: {got.stderr.strip()[-200:]} status {got.returncode}"
    fail = re.search(r"FAIL: (.*)", got.stdout)
    first = got.stdout.splitlines()[1].strip() if fail and len(got.stdout.splitlines()) > 2 else ""
    rms = float("inf") if m.group(1) == "never" else number(m.group(1), m.group(2))
    return rms, fail.group(1) + (" | " + first if first else "") if fail else ""


def alone(world, rms):
    best = []
    for name in world.true_names[:ALONE_SOURCES]:
        got = [run(world, world.text([name], [f"config estimator {plain}", "limit violations 1e9",
                                              "limit false_weight 1e9"]), "alone", world.seed)[0]
               for plain in PLAIN]
        got = [g for g in got if g is not None]
        best += [min(got)] if got else []
    middle = sorted(best)[len(best) // 2] if best else rms
    if rms > ALONE_MOST * middle:
        return f"RMS {rms:.3g} us, {rms / middle:.2f} of {middle:.3g} us of sources alone, {best}"
    return ""


def hunt(seed, keep):
    world = World(seed)
    rms, failed = run(world, world.text(world.names, world.rules()), f"hunt-{seed}", seed)
    said = [failed] if failed else []
    if rms is not None and world.symmetric and not world.adaptive and not world.voids:
        word = alone(world, rms)
        said += [word] if word else []
    if not said and not keep:
        os.remove(os.path.join(OUT, f"hunt-{seed}.sim"))
    print(f"{seed} poll {world.poll}{'+' if world.adaptive else ''} {len(world.names)} sources "
          f"{len(world.false)} false w {world.wander:.0e} rms {rms if rms is None else round(rms, 3)} "
          f"{'FAIL: ' + '; '.join(said) if said else 'ok'}", flush=True)
    return not said


def main():
    words = sys.argv[1:]
    keep = "-k" in words
    words = [w for w in words if w != "-k"]
    first, seeds = int(words[0]) if words else 1, int(words[1]) if len(words) > 1 else 20
    os.makedirs(OUT, exist_ok=True)
    good = sum(hunt(seed, keep) for seed in range(first, first + seeds))
    print(f"{good} of {seeds} keep the rules")
    return 0 if good == seeds else 1


if __name__ == "__main__":
    sys.exit(main())
