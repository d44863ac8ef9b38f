#!/bin/bash
# SPDX-License-Identifier: MIT
# A guest whose PTP clock is its host's, and which hears from the host's timebus how good that is: two
# suites in network namespaces of their own. The host follows a chronyd on its shadow clock; the
# guest's clock device is a double (tests/shim/ptp.h) that shows this machine's time. What the
# guest makes of the host's root delay, dispersion, stratum and bound is compared with what the host
# says; then the host is killed, comes back, and does not let strangers in.
. "$(dirname "$0")/lib.sh"
need_root "a guest that follows its host's own error over the network"
tool=$B/bin/tools/refclock_tool

namespace srv; namespace host; namespace guest
veth srv host 1; veth host guest 2
start_chronyd srv chronyd

for who in host guest stranger; do timebus keygen "$tmp/$who.key" $who >/dev/null 2>&1 || fail "keygen $who"; done
[ "$(stat -c %a "$tmp/host.key")" = 600 ] || fail "mode of a private key: $(stat -c %a "$tmp/host.key")"
timebus keygen "$tmp/host.key" 2>/dev/null && fail "keygen writes over a key"
at=tcp://10.99.2.1:9123
conf monitord "publish $at key $tmp/host.key allow $tmp/guest.key.pub"
conf ntpexchd "server 10.99.1.1 iburst minpoll 0 maxpoll 0" "port 0"
conf disciplined "clock shadow" "makestep 0.1 3"

# ---- the guest ----
grun=$tmp/guest
mkdir -p "$grun"
export PTPSHIM=/dev/ptp0 PTPSHIM_DELAY=exp:100 TIMEBUS_TEST_SYSFS=$tmp/sys TIMEBUS_TEST_HOST_SHADOW=1
PTPSHIM_EPOCH=$("$tool" epoch)
export PTPSHIM_EPOCH
mkdir -p "$tmp/sys/class/ptp/ptp0"
echo "KVM virtual PTP" >"$tmp/sys/class/ptp/ptp0/clock_name"

# guest_of NAME HOSTKEY OWNKEY: a refclockd in $tmp/NAME, what it publishes in $tmp/NAME.bus
guest_of() {
	mkdir -p "$tmp/$1"
	background "$1-refclockd" inns guest env LD_PRELOAD="$B/lib/ptpshim.so" "$B/bin/refclockd" -f /dev/null \
		-r "$tmp/$1" -s "$tmp/$1" -l debug \
		"refclock PHC kvm poll 0 dpoll -2 host $at hostkey $2 ownkey $3 hostdrift 1000"
	watch_bus "$1"
}

# newest NAME FIELD: of the last good sample
newest() {
	grep '^sample.PHC0 ' "$tmp/$1.bus" | grep -v ' reject=' | tail -n 1 |
		tr ' ' '\n' | sed -n "s/^$2=//p"
}

# reason: what `timebus sources` of the guest says of PHC0
reason() {
	timebus -r "$grun" sources | awk '$2 == "PHC0" { for (i = 11; i <= NF; i++) printf "%s ", $i; print "" }'
}

guest_of guest "$tmp/host.key.pub" "$tmp/guest.key"
for d in selectd disciplined monitord; do
	extra=()
	[ $d = disciplined ] && extra=("clock shadow" "makestep 0.1 3")
	background "guest-$d" inns guest "$B/bin/$d" -f /dev/null -r "$grun" -s "$grun" -l debug "${extra[@]}"
done
sees guest 5 '^source.PHC0 .*host=waiting'
sees guest 5 '^sample.PHC0 .*root_dispersion_ns=1[0-9]{9} '
say "before the host was heard: an error of 1 s"

# ---- a host that is not synchronised ----
for d in monitord disciplined; do start_daemon $d host; done
sees guest 10 '^source.PHC0 .*host=unsynchronised'
sees guest 5 '^sample.PHC0 .*stratum=16 leap=unsync'
sees guest 2 '^event.host_unsynchronised .*source=PHC0'
timebus -r "$grun" sources
say "a host that is not synchronised"

# ---- one that is ----
serving 10.99.1.1 host
for d in ntpexchd selectd; do start_daemon $d host; done
sees guest 10 '^event.host_heard .*source=PHC0'
sees guest 5 '^sample.PHC0 .*stratum=2 leap=none'

# follows: the guest's newest sample holds what the host said last before it (the host publishes
# several a second, so both are looked at again until they fit)
follows() {
	timeout 2 timebus -r "$run" tap clock --json -n 1 >"$tmp/host.json" 2>/dev/null || return 1
	grep '^sample.PHC0 ' "$tmp/guest.bus" | grep -v ' reject=' | tail -n 8 | python3 -c '
import json, sys
c = json.loads([t for t in open(sys.argv[1]) if "bound_ns" in t][-1])
for line in sys.stdin:
    s = dict(w.split("=", 1) for w in line.split()[1:] if "=" in w)
    grown = int(s["root_dispersion_ns"]) - c["root_dispersion_ns"]
    bound = int(s.get("bound_ns", 0)) - c["bound_ns"]
    # the line adds 1 ns of root delay; growth is a few ppm of some seconds at most
    if (int(s["root_delay_ns"]) == c["root_delay_ns"] + 1 and int(s["stratum"]) == c["stratum"]
            and 0 <= grown < 100000 and grown == bound):
        print("    host: stratum %d, root delay %d ns, root dispersion %d ns, bound %d ns; the guest adds %d ns"
              % (c["stratum"], c["root_delay_ns"], c["root_dispersion_ns"], c["bound_ns"], grown))
        sys.exit(0)
sys.exit(1)' "$tmp/host.json"
}
for i in $(seq 20); do follows && break; [ "$i" = 20 ] && fail "the guest's samples are not the host's"; done
said=$(timebus -r "$grun" sources)
echo "$said"
echo "$said" | grep -q '^#\* PHC0  *2 .* ok$' || fail "PHC0 is not selected"
timebus -r "$grun" status >"$tmp/status"
grep -q '^Stratum  *: 3$' "$tmp/status" || fail "the guest's stratum is not the host's and one: $(cat "$tmp/status")"
grep -q '^Host  *: of PHC0, heard, last word [0-8] s ago, stratum 2$' "$tmp/status" || fail "status: $(cat "$tmp/status")"
timebus -r "$grun" doctor -v >"$tmp/doctor"
grep -q "^ok  *host: PHC0: the host's last word is [0-9]* s old$" "$tmp/doctor" || fail "doctor: $(grep host: "$tmp/doctor")"
say "the guest follows the host"

# bound: of the guest's newest sample, and what the guest's own clock is bounded by
bounds() {
	echo "$(newest guest bound_ns) $(timebus -r "$grun" now --json | sed -n 's/.*"bound_ns": *\([0-9]*\).*/\1/p')"
}
e=$(timebus -r "$grun" now --json --against-realtime | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["error_ns"], d["bound_ns"])')
say "the guest's clock: error and bound $e ns"
[ "$(abs "${e%% *}")" -le "${e##* }" ] || fail "the guest's bound is broken: $e"

# ---- a host that dies ----
read -r before own <<<"$(bounds)"
kill -9 "${daemon_pid[monitord]}"
unset 'daemon_pid[monitord]'
sees guest 10 '^event.host_silent .*source=PHC0'
timebus -r "$grun" sources | grep -q '^#. PHC0 .*(host silent)$' || fail "sources do not tell that the host is silent"
read -r one _ <<<"$(bounds)"
sleep 2
read -r two late <<<"$(bounds)"
say "bounds, sample (guest's clock): $before ($own), silent: $one, 2 s later: $two ($late) ns"
# 1000 ppm are configured: 1 ms a second, less a poll
[ $((two - one)) -gt 1400000 ] && [ $((two - one)) -lt 4000000 ] || fail "the bound grows by $((two - one)) ns in 2 s"
[ "$late" -gt $((own + 1400000)) ] || fail "the bound of the guest's clock does not grow"

# ---- and comes back ----
start_daemon monitord host
for i in $(seq 100); do
	read -r now _ <<<"$(bounds)"
	[ "$now" -lt "$one" ] && break
	sleep 0.1
done
[ "$now" -lt "$one" ] || fail "the bound does not come back: $now"
timebus -r "$grun" sources --json | grep -q '"host": *"heard"' || fail "sources --json: the host is not heard"
say "the host is back: $now ns"

# ---- a reload lets nobody go ----
links() { grep -c 'connection to tcp' "$tmp/guest-refclockd.log"; }
n=$(links)
timebus -r "$run" reload monitord || fail "reload"
sleep 1
[ "$(links)" = "$n" ] || fail "a reload lets the guest's connection go"
timebus -r "$run" events | grep 'config_error' && fail "a reload cannot listen again"

# ---- strangers ----
guest_of denied "$tmp/host.key.pub" "$tmp/stranger.key"
guest_of strange "$tmp/stranger.key.pub" "$tmp/guest.key"
guest_of keyless "$tmp/nothing.pub" "$tmp/guest.key"
sees denied 5 '^event.host_refused .*does not take our key'
sees strange 5 '^event.host_refused .*is not the one of hostkey'
sees keyless 5 '^event.host_refused .*nothing.pub is not there'
sees denied 2 '^source.PHC0 .*host=denied'
grep -h '^sample.PHC0 .*stratum=2' "$tmp/denied.bus" "$tmp/strange.bus" && fail "strangers hear the clock"
timebus -r "$run" events | grep guest_refused | grep -F -- "$(cut -d' ' -f2 "$tmp/stranger.key.pub")" ||
	fail "the host does not tell of the stranger"

# ---- who is allowed later, and not any more ----
n=$(links)
cp "$tmp/guest.key.pub" "$tmp/before.pub"
cat "$tmp/stranger.key.pub" >>"$tmp/guest.key.pub"
timebus -r "$run" reload monitord || fail "reload"
sees denied 20 '^source.PHC0 .*host=heard'
[ "$(links)" = "$n" ] || fail "another guest's key costs this one its connection"
cp "$tmp/before.pub" "$tmp/guest.key.pub"
lines=$(wc -l <"$tmp/denied.bus")
timebus -r "$run" reload monitord || fail "reload"
for i in $(seq 200); do
	tail -n "+$lines" "$tmp/denied.bus" | grep '^source.PHC0 .*host=denied' >/dev/null && break
	[ "$i" = 200 ] && fail "a key that is not allowed any more is still heard"
	sleep 0.1
done
for i in $(seq 100); do
	reason | grep -q '^ok' && break
	[ "$i" = 100 ] && fail "the allowed guest does not come back: $(reason)"
	sleep 0.1
done
say "a key more: in, and nobody is let go; a key less: out"
# only the clock leaves: an allowed guest that asks for all hears nothing else (remote_test.c)
alive
say done
