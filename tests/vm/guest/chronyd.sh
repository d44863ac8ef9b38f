#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs in the guest. Each scenario twice, with the same wander of the reference: chronyd steers the
# kernel's clock, then timebus does. After ten minutes the error is measured for an hour, against
# the exact cross timestamp of the mock PHC. A part of each error is common to both and no steering
# can know it (what reading takes on this slow processor, the mean of a pulse's jitter): the mean.
bad=0
fail() { echo "FAILED: $*"; bad=1; }
param() { echo "$2" >/sys/module/ntptest/parameters/$1; }
conf() { # DAEMON LINE...
	d=$1; shift
	printf '%s\n' "$@" >/etc/timebus/$d.conf
}

cp -a stage/. / && systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload || fail install
modprobe ntptest start_offset_ns=1000000 ppb=20000 || fail "no mock PHC"
chmod 666 /dev/ptp0 /dev/pps0

# A random walk of 1 ppb a square root of a second, a new value every four seconds; seed for seed
# the same for both.
wander() { # SEED
	awk -v seed="$1" 'BEGIN {
		srand(seed)
		for (f = 20000; ; system("sleep 4")) {
			g = -6
			for (i = 0; i < 12; i++)
				g += rand()
			f += 2 * g
			printf "%d\n", f >"/sys/module/ntptest/parameters/ppb"
			close("/sys/module/ntptest/parameters/ppb")
		}
	}' &
	wander=$!
}

start_chronyd() { # LINE...
	printf '%s\n' 'makestep 0.1 3' 'rtcsync' 'cmdport 0' 'pidfile /run/chronyd-test.pid' "$@" >/tmp/chrony.conf
	chronyd -d -u root -f /tmp/chrony.conf >/tmp/chronyd.log 2>&1 &
	steerer=$!
}
stop_chronyd() { kill "$steerer"; wait "$steerer" 2>/dev/null; }
start_timebus() { # LINE...
	conf refclockd; conf ntpexchd 'port 0'
	conf disciplined 'clock realtime' 'makestep 0.1 3' 'rtcsync'
	for line in "$@"; do
		case $line in
		refclock*) echo "$line" >>/etc/timebus/refclockd.conf ;;
		*) echo "$line" >>/etc/timebus/ntpexchd.conf ;;
		esac
	done
	systemctl start timebus.target
}
stop_timebus() {
	systemctl stop timebus.target
	for d in refclockd ntpexchd selectd disciplined monitord; do systemctl stop timebus-$d.service; done
	systemctl reset-failed
	: >/run/timebus/shadow
}

# measure WHO NAME SEED LINE...: prints what is left, sets rms and sd
measure() {
	who=$1 name=$2 seed=$3
	shift 3
	adjtimex -f 0 -t 10000 >/dev/null
	wander "$seed"
	[ -n "${RECORD:-}" ] && [ "$who" = timebus ] && ./bin/path_record /run/timebus $((HOUR + 610)) \
		"/mnt/job/$name-$seed.rec" /dev/ptp0 1000 &
	start_$who "$@"
	sleep 600
	./phcerr /dev/ptp0 "$HOUR" run >/tmp/out || fail phcerr
	[ -n "${RECORD:-}" ] && cp /tmp/out "/mnt/job/$name-$seed-$who.txt"
	stop_$who
	kill "$wander"
	param ppb 20000
	value() { sed -n "s/^run_$1_ns //p" /tmp/out; }
	rms=$(value rms) sd=$(value sd)
	printf '%-4s %-8s rms %7d ns = mean %7d and sd %7d  worst %7d\n' "$name" "$who" "$rms" \
		"$(value mean)" "$(value sd)" "$(value worst)"
}

# No further off than chronyd but for a twentieth, and steadier, TIMES what it is: 1.33 for NTP, of which
# an hour holds only some independent draws of what delays do.
both() { # TIMES NAME SEED LINE...
	times=$1
	shift
	measure chronyd "$@"
	their_rms=$rms their_sd=$sd
	measure timebus "$@"
	awk -v n="$1" -v t="$times" -v a="$rms" -v b="$their_rms" -v c="$sd" -v d="$their_sd" 'BEGIN {
		printf "%-4s ratio rms %.2f, sd %.2f\n", n, a / b, c / d
		exit !(a > 0 && b > 0 && a <= 1.05 * t * b && c <= t * d)
	}' || fail "$1: timebus is further off than chronyd"
}

part_phc() {
	param read_noise_ns 300
	both 1 phc 1 'refclock PHC /dev/ptp0:nocrossts poll 2 dpoll 0'
	param read_noise_ns 0
}

part_pps() {
	param pps_jitter_ns 1000
	both 1 pps 2 'refclock PHC /dev/ptp0 refid PHC noselect' 'refclock PPS /dev/pps0 lock PHC refid PPS poll 2'
	param pps_jitter_ns 0
}

# server - delay - this namespace; the server's clock is a software one that follows the PHC. On this
# processor an answer leaves 50 us after its server has stamped it: half of it is an error that both
# have in common.
link() { # NS1 ADDRESS1 NS2 ADDRESS2
	ip -n "$1" link add "to-$3" type veth peer name "to-$1" netns "$3" || fail "veth"
	ip -n "$1" addr add "$2/24" dev "to-$3"; ip -n "$3" addr add "$4/24" dev "to-$1"
	ip -n "$1" link set "to-$3" up; ip -n "$3" link set "to-$1" up
}
part_ntp() {
	for n in srv mid; do ip netns add $n; ip -n $n link set lo up; done
	link srv 10.99.1.1 mid 10.99.1.2
	ip link add to-mid type veth peer name to-cli netns mid
	ip addr add 10.99.2.1/24 dev to-mid; ip link set to-mid up
	ip -n mid addr add 10.99.2.2/24 dev to-cli; ip -n mid link set to-cli up
	ip netns exec mid sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	ip -n srv route add default via 10.99.1.2
	ip route add 10.99.1.0/24 via 10.99.2.2
	for i in to-cli to-srv; do
		ip netns exec mid tc qdisc add dev $i root netem delay 300us 100us || fail "netem"
	done
	mkdir -p /run/srv /tmp/srv
	ip netns exec srv ./bin/timebus-solo --shadow -r /run/srv -s /tmp/srv 'refclock PHC /dev/ptp0 poll 0 dpoll -2' \
		'allow 10.99.0.0/16' >/tmp/srv.log 2>&1 &
	sleep 20
	for seed in ${SEEDS:-3}; do
		both 1.33 ntp "$seed" 'server 10.99.1.1 iburst minpoll 4 maxpoll 4'
	done
}

for part in ${PART:-phc pps ntp}; do
	part_$part
done

[ $bad = 0 ] || { tail -n 20 /tmp/srv.log /tmp/chronyd.log; journalctl --no-pager -n 40 -u 'timebus-*'; }
[ $bad = 0 ] && echo "all good"
exit $bad
