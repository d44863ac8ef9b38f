#!/bin/bash
# SPDX-License-Identifier: MIT
# The timebus command against real daemons: exit codes, what it says when nobody is there, JSON that
# parses, a stream that ends with its reader, logs in chrony's format. The reference is a SOCK
# clock that tells this machine's own time.
. "$(dirname "$0")/lib.sh"

# expect STATUS COMMAND...: stdout in $tmp/out, stderr in $tmp/err
expect() {
	local want=$1 rc=0
	shift
	timebus -r "$run" "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
	[ $rc = "$want" ] || fail "timebus $*: exit $rc, not $want: $(cat "$tmp/err")"
}

says() {
	grep -q -- "$1" "$tmp/$2" || fail "no '$1' in: $(cat "$tmp/$2")"
}

json() {
	python3 -c "import json, sys
d = json.load(open('$tmp/out'))
assert $1, d" || fail "not so: $1"
}

# ---- nobody there ----
for c in status sources sourcestats events; do
	expect 1 $c
	says "no daemon of the suite answers" err
done
expect 1 now
says "is disciplined running" err
expect 1 control selectd ping
says "not running" err
expect 1 wait --timeout 0.6
says "disciplined is not running" err
SECONDS=0
expect 1 wait 2 0 0 0.2
[ "$(grep -c '^try: ' "$tmp/out")" = 2 ] || fail "two tries: $(cat "$tmp/out")"
[ $SECONDS -le 2 ] || fail "two tries took $SECONDS s"

# ---- wrong words ----
for c in "status x" "sources --jsn" "tap -n 0" "tap -n" "wait a" "wait --bound -1" "wait 1 2 3 4 5" \
	"watch -i 0" "control" "control selectd" "control nobody ping" "reload nobody" "makestep now" "frobnicate" \
	"now later" "help frobnicate"; do
	expect 2 $c
	[ -s "$tmp/err" ] || fail "timebus $c says nothing"
done
timebus 2>/dev/null; [ $? = 2 ] || fail "no command"
timebus -r 2>/dev/null; [ $? = 2 ] || fail "-r without a value"
expect 0 help
expect 0 help tap
expect 0 version
for c in version help; do
	timebus $c >/dev/full 2>"$tmp/err"; [ $? = 3 ] || fail "$c into a full disk: $(cat "$tmp/err")"
	says "No space left" err
done

# ---- a suite ----
conf refclockd "refclock SOCK $tmp/ref.sock refid TST poll 0 precision 1e-6 delay 1e-6"
conf ntpexchd "port 0"
conf disciplined "clock shadow" "shadowoffset 0.3" "makestep 0.1 3"
conf monitord "logdir $tmp/logs" "log tracking statistics" "log refclocks selection"
start_suite
cat >"$tmp/sock.py" <<-'PY'
	import socket, struct, sys, time
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	while True:
	    t = time.clock_gettime_ns(time.CLOCK_REALTIME)
	    p = struct.pack("qqdiiii", t // 10**9, t % 10**9 // 1000, -(t % 1000) * 1e-9, 0, 0, 0, 0x534f434b)
	    try:
	        s.sendto(p, sys.argv[1])
	    except OSError:
	        pass
	    time.sleep(0.25)
PY
for i in $(seq 50); do timebus -r "$run" now >"$tmp/out" 2>/dev/null && break; sleep 0.2; done
says " UTC, error not bounded, unsynchronised (shadow, from the \(page\|message\))$" out
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/timebus" -r "$run" "$@" >"$tmp/out" 2>"$tmp/err"; }
if [ "$(id -u)" = 0 ]; then
	install -m 755 "$B/bin/timebus" "$tmp/timebus"
	chmod 755 "$tmp"
	chmod 700 "$run"
	nobody status && fail "nobody sees into a private directory"
	says "Permission denied; is it another user's private suite?" err
	chmod 755 "$run"
	nobody control selectd ping && fail "nobody may ask"
	says "may ask" err
fi
background sock python3 "$tmp/sock.py" "$tmp/ref.sock"
expect 0 wait --timeout 20 --bound 0.01
says '^try: [0-9]*, refid: 54535400, correction: ' out
expect 0 wait 5 0.001 0 0.5
sleep 3
expect 1 wait --timeout 0.5 --bound 1e-9
says "the error bound is" err

for c in status sources sourcestats events now; do
	expect 0 $c
	[ -s "$tmp/out" ] || fail "$c prints nothing"
	expect 0 $c --json
	json 'True'
done
expect 0 status --json
json 'd["status"] == "synchronised" and d["clock"]["mode"] == "shadow" and d["reference_id"] == "54535400"'
json 'isinstance(d["clock"]["bound_now_ns"], int) and 0 < d["clock"]["bound_now_ns"] < 10**7'
json 'all(x["running"] for x in d["daemons"]) and len(d["daemons"]) == 5'
json 'isinstance(d["last_offset_ns"], int)'
expect 0 status
says '^Leap status     : Normal$' out
says '^Not running     : none$' out
expect 0 sources -v
says '^#\* ' out
expect 0 now --json --against-realtime
json 'abs(d["error_ns"]) <= d["bound_ns"] and d["from"] == "page" and d["mode"] == "shadow"'
expect 0 watch -n 2 -i 0.2
says "^clock shadow: synchronised to" out
grep -q "$(printf '\033')" "$tmp/out" && fail "watch writes escape sequences into a file"

# ---- the stream ----
expect 0 tap -n 5
[ "$(grep -vc '^#' "$tmp/out")" = 5 ] || fail "five lines: $(cat "$tmp/out")"
expect 0 tap --json --no-snapshot -n 8
python3 -c "import json
for l in open('$tmp/out'):
    d = json.loads(l)
    assert 'tap' in d or ('snap' not in d and 'topic' in d and 'seq' in d), d" || fail "tap --json"
expect 0 tap clock -n 2
[ "$(grep -vc '^clock \|^# there ' "$tmp/out")" = 0 ] || fail "tap clock shows others: $(cat "$tmp/out")"
timebus -r "$run" tap 2>"$tmp/err" | head -n 2 >/dev/null
[ "${PIPESTATUS[0]}" = 0 ] || fail "tap does not end quietly with its reader: $(cat "$tmp/err")"
timebus -r "$run" tap >"$tmp/tap.txt" 2>"$tmp/tap.log" &
tap=$!
pids+=("$tap")
sleep 1
end_daemon monitord KILL
sleep 0.3
expect 0 sources
start_daemon monitord
sleep 3
kill -INT "$tap"
wait "$tap" || fail "tap does not end with 0 on SIGINT"
grep -q '^# restart monitord$' "$tmp/tap.txt" || fail "tap does not see the restart of monitord"
grep -q '^# gone monitord$' "$tmp/tap.txt" || fail "tap does not see monitord go"

# ---- a daemon is slow to answer: it is waited for, and told from one that is not there ----
kill -STOP "${daemon_pid[selectd]}"
(sleep 1; kill -CONT "${daemon_pid[selectd]}") &
pids+=($!)
expect 0 sources
[ -s "$tmp/err" ] && fail "a slow selectd is complained of: $(cat "$tmp/err")"
kill -STOP "${daemon_pid[selectd]}"
expect 0 sources
says "selectd does not answer" err
expect 0 status
says "selectd does not answer" err
kill -CONT "${daemon_pid[selectd]}"

# ---- control ----
expect 0 control selectd ping
says pong out
expect 1 control selectd frobnicate
says frobnicate err
expect 0 control monitord status json
json 'd["clock"]["mode"] == "shadow"'
expect 1 control monitord sources loudly
says "allowed: json, verbose" err
expect 0 reload
[ "$(grep -c reloaded "$tmp/out")" = 5 ] || fail "five reloads: $(cat "$tmp/out")"
expect 0 reload selectd disciplined

# ---- a daemon is missing ----
end_daemon selectd
sleep 0.5
expect 0 status
says '^Not running     : selectd$' out
expect 0 sources
says "selectd is not running" err
expect 0 status --json
json '[x["name"] for x in d["daemons"] if not x["running"]] == ["selectd"]'
start_daemon selectd

# ---- logs ----
for f in tracking statistics refclocks selection; do
	[ "$(grep -vc '^=\|^   Date' "$tmp/logs/$f.log")" -ge 3 ] || fail "$f.log: $(cat "$tmp/logs/$f.log")"
done
[ -e "$tmp/logs/measurements.log" ] && fail "measurements.log was not asked for"
mv "$tmp/logs/tracking.log" "$tmp/logs/tracking.1"
expect 0 control monitord cyclelogs
for i in $(seq 50); do [ -s "$tmp/logs/tracking.log" ] && break; sleep 0.2; done
head -n 1 "$tmp/logs/tracking.log" | grep -q '^====' || fail "no new tracking.log"
python3 - "$tmp/logs/tracking.1" <<-'PY' || fail "tracking.log"
	import sys
	rows = [l.split() for l in open(sys.argv[1]) if l[0] not in "= "]
	assert all(len(r) == 14 for r in rows), rows
	last = rows[-1]
	assert last[2] == "TST" and last[7] == "N" and 0 < float(last[13]) < 0.01, last
	assert any(abs(float(r[10]) + 0.3) < 0.01 for r in rows), "the step"
PY
# a directory that cannot be written is an event, not an end
end_daemon monitord
sed -i "s|^logdir.*|logdir $tmp/sock.py/logs|" "$tmp/monitord.conf"
start_daemon monitord
for i in $(seq 50); do
	grep -q 'log_failed: .*tracking.log: Not a directory' "$tmp/monitord.log" && break
	sleep 0.2
done
grep -q 'log_failed: .*tracking.log: Not a directory' "$tmp/monitord.log" || fail "no event on the log directory"
expect 0 control monitord ping
say done
