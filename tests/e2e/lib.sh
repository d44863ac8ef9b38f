# SPDX-License-Identifier: MIT
# lib.sh - sourced by the end-to-end tests: namespaces, peers, a suite, and what they must not do.
#
# No test may set or slew this machine's clock: the first thing is to give up CAP_SYS_TIME for this
# shell and all it starts. Truth is this machine's CLOCK_REALTIME, which every peer serves and
# nobody steers; the suite steers a shadow clock.

B=$(cd "${B:-build}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
peers=$B/peers
PATH=$B/bin:$PATH
export TIMEBUS_TEST=1 TIMEBUS_TEST_NO_REALTIME=1
export LD_LIBRARY_PATH="$peers/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

if [ -z "${TB_DROPPED:-}" ]; then
	export TB_DROPPED=1
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --bounding-set=-sys_time --inh-caps=-sys_time --ambient-caps=-sys_time \
			bash "$0" "$@"
	fi
fi

# skip REASON: what this test would have shown
skip() {
	echo "skipped: $*"
	exit 77
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root for network namespaces; would have shown $*"
	ip netns add "tb$$-probe" 2>/dev/null || skip "cannot make network namespaces here; would have shown $*"
	ip netns del "tb$$-probe"
}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/tbtest.XXXXXX")
chmod 755 "$tmp"
pids=()
namespaces=()

cleanup() {
	local p n
	trap - EXIT
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null; done
	for p in "${pids[@]}"; do
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			kill -0 "$p" 2>/dev/null || break
			sleep 0.1
		done
		kill -9 "$p" 2>/dev/null
	done
	wait 2>/dev/null
	for n in "${namespaces[@]}"; do ip netns del "$n" 2>/dev/null; done
	[ -n "${KEEP:-}" ] && echo "kept: $tmp" || rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 143' TERM INT

fail() {
	echo "FAILED: $*" >&2
	for f in "$tmp"/*.log; do
		[ -s "$f" ] && { echo "--- $f"; tail -n 15 "$f"; } >&2
	done
	exit 1
}

say() {
	echo "[$SECONDS s] $*"
}

# background LOG COMMAND...: start, remember the pid for the clean-up (it is in $! too). COMMAND may
# start with "inns NS"; exec, so that the pid is the program's and not a shell's
background() {
	local log=$1 real
	shift
	if [ "$1" = inns ]; then
		eval "real=\$ns_$2"
		shift 2
		set -- ip netns exec "$real" "$@"
	fi
	"$@" >"$tmp/$log.log" 2>&1 &
	pids+=($!)
}

# namespace NAME: make one with loopback up; $ns_NAME is its real name
namespace() {
	local real="tb$$-$1"
	ip netns add "$real" || fail "ip netns add $real"
	namespaces+=("$real")
	ip -n "$real" link set lo up
	eval "ns_$1=$real"
}

# veth NS1 NS2 N: join two namespaces by 10.99.N.1/24 - 10.99.N.2/24 and fd99:N::1 - ::2
veth() {
	local a b
	eval "a=\$ns_$1 b=\$ns_$2"
	ip -n "$a" link add "v$3a" type veth peer name "v$3b" netns "$b" || fail "veth $1 $2"
	ip -n "$a" addr add "10.99.$3.1/24" dev "v$3a"
	ip -n "$b" addr add "10.99.$3.2/24" dev "v$3b"
	ip -n "$a" addr add "fd99:$3::1/64" dev "v$3a" nodad
	ip -n "$b" addr add "fd99:$3::2/64" dev "v$3b" nodad
	ip -n "$a" link set "v$3a" up
	ip -n "$b" link set "v$3b" up
}

inns() {
	local real
	eval "real=\$ns_$1"
	shift
	ip netns exec "$real" "$@"
}

# start_chronyd NS NAME [LINE...]: Debian's chronyd -x, serving this machine's time as stratum 1
start_chronyd() {
	local ns=$1 name=$2 line
	shift 2
	{
		echo "local stratum 1"
		echo "allow all"
		echo "cmdport 0"
		echo "bindcmdaddress /"
		echo "pidfile $tmp/$name.pid"
		for line in "$@"; do echo "$line"; done
	} >"$tmp/$name.conf"
	background "$name" inns "$ns" "$peers/usr/sbin/chronyd" -x -d -u root -f "$tmp/$name.conf"
}

# start_ntpd NS NAME: ntpsec's ntpd serving this machine's time as stratum 2, without the right to
# set it
start_ntpd() {
	cat >"$tmp/$2.conf" <<-EOF
		refclock local stratum 1 minpoll 0 maxpoll 4 prefer
		restrict default
		disable kernel
	EOF
	background "$2" inns "$1" "$peers/usr/sbin/ntpd" -n -N -c "$tmp/$2.conf"
}

# serving ADDRESS NS: wait until the server there says that it is synchronised
serving() {
	local i
	for i in $(seq 60); do
		inns "$2" python3 "$here/../e2e/ntpquery.py" "$1" && return 0
		sleep 0.25
	done
	fail "the peer at $1 does not serve"
}

# A suite in $run: conf DAEMON LINE..., then start_suite [NS] or start_daemon DAEMON [NS]
run=$tmp/run
mkdir -p "$run" "$tmp/state"
conf() {
	local d=$1 line
	shift
	for line in "$@"; do echo "$line"; done >>"$tmp/$d.conf"
}

declare -A daemon_pid
start_daemon() {
	local d=$1 ns=${2:-} pre=()
	[ -n "$ns" ] && { eval "ns=\$ns_$ns"; pre=(ip netns exec "$ns"); }
	touch "$tmp/$d.conf"
	"${pre[@]}" "$B/bin/$d" -r "$run" -s "$tmp/state" -f "$tmp/$d.conf" -l debug >>"$tmp/$d.log" 2>&1 &
	daemon_pid[$d]=$!
	pids+=($!)
}

# end_daemon DAEMON [SIGNAL]: and it is gone, its lock too, however long a busy machine takes for that
end_daemon() {
	kill -s "${2:-TERM}" "${daemon_pid[$1]}"
	wait "${daemon_pid[$1]}" 2>/dev/null
}

start_suite() {
	local d
	for d in refclockd ntpexchd selectd disciplined monitord; do start_daemon "$d" "${1:-}"; done
}

# clock_error_ns: the shadow clock minus CLOCK_REALTIME, and the bound: two integers
clock_error_ns() {
	timebus -r "$run" now --json --against-realtime 2>/dev/null |
		python3 -c 'import json,sys
try: d = json.load(sys.stdin)
except Exception: sys.exit(1)
print(d["error_ns"], d["bound_ns"])'
}

abs() {
	echo "${1#-}"
}

# within LIMIT_NS SECONDS: wait until the error is within the limit; prints when
within() {
	local end=$((SECONDS + $2)) e=none
	while [ $SECONDS -lt $end ]; do
		if e=$(clock_error_ns) && [ "$(abs "${e%% *}")" -le "$1" ]; then
			say "error ${e%% *} ns, within $1 ns"
			return 0
		fi
		sleep 0.25
	done
	say "error ${e%% *} ns, not within $1 ns in $2 s"
	return 1
}

alive() {
	local d
	for d in "${!daemon_pid[@]}"; do
		kill -0 "${daemon_pid[$d]}" 2>/dev/null || fail "$d ended by itself"
	done
}

# The bent raw clock: every daemon and every `timebus` of this test sees the same
oscillator() {
	local raw
	raw=$(python3 -c 'import time; print(time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW))')
	export TIMEBUS_TEST_OSCILLATOR="epoch=$raw,$1"
}

# A namespace for System V shared memory of its own, for the whole script: call it first, with the
# script's arguments. need_ipc WHAT ARGUMENTS... (name spaces beside --ipc: $ipc_more)
need_ipc() {
	local what=$1
	shift
	[ "$(id -u)" = 0 ] || skip "needs root for a name space of its own for SHM; would have shown $what"
	if [ -z "${TB_IPC:-}" ]; then
		rm -rf "$tmp"
		TB_IPC=1 exec unshare --ipc ${ipc_more:-} --kill-child bash "$0" "$@"
	fi
}

# reader NAME DIRECTIVE...: a refclockd of its own in $tmp/NAME; what it publishes goes to
# $tmp/NAME.bus. $pre (an array) stands before the command.
pre=()
reader() {
	local name=$1
	shift
	mkdir -p "$tmp/$name"
	background "$name" "${pre[@]}" "$B/bin/refclockd" -f /dev/null -r "$tmp/$name" -s "$tmp/$name" \
		-l debug "$@"
	daemon_pid[$name]=$!
	watch_bus "$name"
}

# watch_bus NAME: what the daemons in $tmp/NAME publish goes to $tmp/NAME.bus
watch_bus() {
	"$B/bin/tools/refclock_tool" samples "$tmp/$1" 600 >"$tmp/$1.bus" 2>"$tmp/$1.tool.log" &
	pids+=($!)
}

# end_reader NAME
end_reader() {
	end_daemon "$1"
	unset "daemon_pid[$1]"
}

# sees NAME SECONDS REGEX: is that on the bus, now or soon?
sees() {
	local i
	for i in $(seq $(($2 * 10))); do
		grep -Eq -- "$3" "$tmp/$1.bus" && return 0
		sleep 0.1
	done
	grep -v '^hello' "$tmp/$1.bus" | tail -n 12 >&2
	fail "$1: nothing on the bus that fits: $3"
}
