#!/bin/sh
# SPDX-License-Identifier: MIT
# doctor.sh - what `timebus doctor` says of machines that are built here out of files: each function
# below changes a machine on which all is well, and tests/golden/doctor/NAME.out is the report with
# its exit status.
#
#   UPDATE=1 tests/golden/doctor.sh     writes the .out files anew: read the diff
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(realpath "${B:-build}")
[ -x "$B/bin/timebus" ] || { echo "$B/bin/timebus is not there: run make first"; exit 1; }
export LC_ALL=C
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cases=0 failed=0 now=1790000000
unset TIMEBUS_RUN_DIR

# FILE, content from stdin, below the root
put()
{
	mkdir -p "$root/$(dirname "$1")"
	cat >"$root/$1"
}

# FILE WORD...
word()
{
	file=$1
	shift
	echo "$*" | put "$file"
}

# A program, content from stdin
program()
{
	put "$1"
	chmod +x "$root/$1"
}

# PID NAME UID STARTED(seconds after boot) CAPABILITIES [ARGUMENT...]
process()
{
	dir=proc/$1
	word "$dir/comm" "$2"
	printf 'Name:\t%s\nUid:\t%s\t%s\t%s\t%s\nCapEff:\t%s\n' "$2" "$3" "$3" "$3" "$3" "$5" | put "$dir/status"
	word "$dir/stat" "$1 ($2) S 1 $1 $1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 $(($4 * $(getconf CLK_TCK))) 0 0"
	name=$2
	shift 5
	{ printf '%s\0' "/usr/sbin/$name"; [ $# = 0 ] || printf '%s\0' "$@"; } | put "$dir/cmdline"
}

none=0000000000000000 sys_time=0000000002000000 all=000001ffffffffff

# PID INODE: holds a socket
holds()
{
	mkdir -p "$root/proc/$1/fd"
	ln -s "socket:[$2]" "$root/proc/$1/fd/3"
}

# UNIT LOAD ACTIVE ENABLED RESULT
unit()
{
	printf 'Id=%s\nLoadState=%s\nActiveState=%s\nUnitFileState=%s\nResult=%s\n\n' "$@" >>"$root/test/units"
}

# UNIT: MODE KEY ID OWNER ATTACHED, and AGE of its sample or "none"
segment()
{
	[ -e "$root/proc/sysvipc/shm" ] ||
		echo "       key      shmid perms" | put proc/sysvipc/shm
	echo "$((0x4e545030 + $1)) $((32768 + $1)) $2 96 700 700 $4 $3 $3 $3 $3 0 0 0 4096 0" >>"$root/proc/sysvipc/shm"
	python3 -c 'import struct, sys
age, now = sys.argv[1], int(sys.argv[2])
s = 0 if age == "none" else now - int(age)
sys.stdout.buffer.write(struct.pack("<iiqiiqiiiiiII8ii", 1, 2, s, 0, 0, s, 0, 0, -20, 3, s > 0, 0, 0, *([0] * 9)))' \
		"$5" $now | put "test/shm$1"
}

# PID UNIT RIGHTS
maps()
{
	echo "7f0000000000-7f0000001000 $3 00000000 00:01 $((32768 + $2))        /SYSV4e54503$2 (deleted)" |
		put "proc/$1/maps"
}

accounts()
{
	n=980
	echo 'root:x:0:0:root:/root:/bin/sh' | put etc/passwd
	for d in refclockd ntpexchd selectd disciplined monitord; do
		echo "timebus-$d:x:$n:$n::/var/lib/timebus/$d:/usr/sbin/nologin" >>"$root/etc/passwd"
		n=$((n - 1))
	done
	put etc/group <<-'END'
		root:x:0:
		dialout:x:20:timebus-refclockd
		timebus:x:990:timebus-refclockd,timebus-ntpexchd,timebus-selectd,timebus-disciplined,timebus-monitord
		timebus-refclockd:x:980:
	END
}

# A KVM guest on which the suite runs and all is well.
machine()
{
	root=$work/$1
	mkdir -p "$root/test" "$root/run/systemd/system"
	word test/now $now
	word proc/sys/kernel/osrelease 6.12.0
	echo 'flags		: fpu vme tsc hypervisor lahf_lm' | put proc/cpuinfo
	echo 'btime 1789990000' | put proc/stat
	word sys/class/dmi/id/sys_vendor QEMU
	word sys/class/dmi/id/product_name 'Standard PC (Q35 + ICH9, 2009)'
	word sys/devices/system/clocksource/clocksource0/current_clocksource tsc
	word sys/devices/system/clocksource/clocksource0/available_clocksource 'tsc kvm-clock hpet acpi_pm'
	echo 'ptp_kvm 20480 0 - Live 0x0' | put proc/modules
	echo 'kernel/drivers/ptp/ptp_kvm.ko.xz: kernel/drivers/ptp/ptp.ko.xz' | put lib/modules/6.12.0/modules.dep
	word sys/class/ptp/ptp0/clock_name 'KVM virtual PTP'
	echo '/dev/ptp0 660 0 990 1789990000' | put test/owners
	word test/timex '0000 -12345.0 1500'
	word lib/udev/rules.d/60-timebus.rules '#'
	# expires 100 days from now
	echo "#@ $((now + 100 * 86400 + 2208988800))" | put usr/share/zoneinfo/leap-seconds.list
	accounts
	program usr/bin/systemctl <<-END
		#!/bin/sh
		cat '$root/test/units'
	END
	unit timebus.target loaded active enabled ''
	pid=901
	for d in refclockd ntpexchd selectd disciplined monitord; do
		unit timebus-$d.service loaded active enabled success
		[ $d = disciplined ] && caps=$sys_time || caps=$none
		process $pid $d $((1881 - pid)) 60 $caps
		echo "answers $d" >>"$root/test/bus"
		mkdir -p "$root/usr/sbin"
		ln -s "$B/bin/$d" "$root/usr/sbin/$d"
		word etc/timebus/$d.conf ''
		echo "/etc/timebus/$d.conf 644 0 0 1789990000" >>"$root/test/owners"
		pid=$((pid + 1))
	done
	echo 'clock realtime -12345.0 0' >>"$root/test/bus"
	word etc/timebus/refclockd.conf autophc
	unit chrony.service not-found inactive '' success
}

# A machine to which nobody has brought timebus yet.
bare()
{
	machine "$1"
	rm -r "$root/etc" "$root/test/bus" "$root/usr/sbin" "$root"/proc/90?
	sed -i /etc/d "$root/test/owners"
	: >"$root/test/units"
	word test/timex '2040 0.0 16000000'
}

doctor()
{
	TIMEBUS_TEST_ROOT=$root "$B/bin/timebus" doctor "$@"
}

# NAME [OPTION...]: compares the report with NAME.out
report()
{
	out=tests/golden/doctor/$1.out
	shift
	doctor "$@" >"$work/out" 2>&1
	echo "exit $?" >>"$work/out"
	cases=$((cases + 1))
	if grep -qF "$work" "$work/out"; then
		echo "FAILED $out tells where the test lies"
		failed=$((failed + 1))
	elif [ -n "${UPDATE:-}" ]; then
		cp "$work/out" "$out"
	elif ! diff -u "$out" "$work/out"; then
		echo "FAILED $out"
		failed=$((failed + 1))
	fi
}

# ---- all is well ----
machine fine
report fine
report fine-verbose -v
report fine-json --json -v

# ---- a guest of KVM as it comes ----
bare kvm
rm "$root/proc/modules"
rm -r "$root/sys/class/ptp"
report kvm

bare kvm-host-offers-none
rm -r "$root/sys/class/ptp"
report kvm-host-offers-none

# ---- the devices ----
machine devices
word sys/class/ptp/ptp1/clock_name mlx5_ptp
word sys/class/ptp/ptp2/clock_name hyperv
word sys/class/ptp/ptp3/clock_name ptp_late
cat >>"$root/test/owners" <<-'END'
	/dev/ptp1 600 0 0 1789990000
	/dev/ptp2 660 0 990 1789990000
	/dev/vmclock0 400 0 0 1789990000
END
word test/phc '2 16'
put etc/timebus/refclockd.conf <<-'END'
	refclock PHC /dev/ptp1 poll 0
	refclock PHC /dev/ptp7 poll 0
END
report devices

bare ec2
word sys/class/dmi/id/sys_vendor 'Amazon EC2'
rm -r "$root/sys/class/ptp"
mkdir -p "$root/sys/bus/pci/drivers/ena/0000:00:05.0"
word sys/module/ena/parameters/phc_enable 0
report ec2

# ---- the owner of a GPS receiver: everything that can be wrong with the rights ----
machine gps
program usr/sbin/refclockd.new <<-'END'
	#!/bin/sh
	[ "$1" != --dump-config ] || cat "$3"
END
mv "$root/usr/sbin/refclockd.new" "$root/usr/sbin/refclockd"
put etc/timebus/refclockd.conf <<-'END'
	refclock SHM 0 refid GPS offset 0.120 noselect
	refclock SHM 2 refid GPS noselect
	refclock SHM 3 refid GPS noselect
	refclock PPS /dev/pps0 refid PPS
	refclock PPS /dev/pps1 refid PPS
	refclock SOCK /run/chrony.ttyS0.sock refid SOCK
	refclock SOCK /var/run/chrony.ttyS1.sock refid SOCK
	refclock SOCK /run/chrony.ttyS2.sock refid SOCK
END
word sys/class/pps/pps0/name serial0
word sys/class/pps/pps0/assert "$((now - 1)).000001234#77"
word sys/class/pps/pps2/name ktimer
word sys/class/pps/pps2/assert '0.000000000#0'
cat >>"$root/test/owners" <<-'END'
	/dev/pps0 600 0 0 1789990000
	/dev/pps2 660 0 990 1789990000
	/run/chrony.ttyS0.sock 660 980 990 1789999000
	/run/chrony.ttyS1.sock 660 980 990 1789999000
END
: >"$root/run/chrony.ttyS0.sock"
: >"$root/run/chrony.ttyS1.sock"
put proc/net/unix <<-'END'
	Num       RefCount Protocol Flags    Type St Inode Path
	0000000000000000: 00000002 00000000 00000000 0002 01 40001 /run/chrony.ttyS0.sock
END
holds 901 40001
process 700 gpsd 120 30 $none -N /dev/ttyS0
word proc/net/tcp '  0: 0100007F:0B83 00000000:0000 0A 00000000:00000000 00:00000000 00000000   120        0 40002 1 0000000000000000 100 0 0 10 0'
segment 0 600 0 1 1
segment 1 666 0 0 7200
segment 2 666 0 2 7200
segment 4 666 0 1 none
segment 5 666 0 1 -7200
maps 700 2 rw-s
maps 901 2 rw-s
process 812 chronyd 110 40 $none -x
maps 812 2 rw-s
report gps

# ---- gpsd that nobody wakes; a receiver whose rights came with the unit ----
machine gpsd-asleep
word etc/timebus/refclockd.conf 'refclock SHM 0 refid GPS noselect'
segment 0 660 990 1 3600
unit gpsd.socket loaded active enabled success
sed -i 's/timebus-refclockd,//' "$root/etc/group"
printf 'Uid:\t980\t980\t980\t980\nGid:\t990\t990\t990\t990\nGroups:\t20 980\nCapEff:\t0\n' | put proc/901/status
report gpsd-asleep

# ---- a guest that asks its host, and a host that tells its guests ----
machine guest
put etc/timebus/refclockd.conf <<-'END'
	refclock PHC kvm host tcp://192.168.122.1:9123 hostkey /etc/timebus/host.key.pub ownkey /etc/timebus/guest.key
END
put etc/timebus/monitord.conf <<-'END'
	publish tcp://192.168.123.1:9123 key /etc/timebus/host.key allow /etc/timebus/guests.pub
END
cat >>"$root/test/owners" <<-'END'
	/etc/timebus/host.key.pub 644 0 0 1789990000
	/etc/timebus/guest.key 600 980 980 1789990000
	/etc/timebus/host.key 600 976 976 1789990000
	/etc/timebus/guests.pub 644 0 0 1789990000
END
echo 'host PHC0 heard 3' >>"$root/test/bus"
printf 'tcp://192.168.122.1:9123 0\ntcp://192.168.123.1:9123 0\n' | put test/connect
report guest -v

machine guest-alone
put etc/timebus/refclockd.conf <<-'END'
	refclock PHC kvm host tcp://192.168.122.1:9123 hostkey /etc/timebus/host.key.pub ownkey /etc/timebus/guest.key
	refclock PHC kvm refid KEYS host tcp://192.168.122.2:9123 hostkey /etc/timebus/other.pub ownkey /etc/timebus/open.key
	refclock PHC kvm refid NAME host tcp://nohost.invalid:9123 hostkey /etc/timebus/other.pub
	refclock PHC kvm refid SLOW host tcp://192.168.122.4:9123 hostkey /etc/timebus/other.pub
END
put etc/timebus/monitord.conf <<-'END'
	publish tcp://192.168.123.1:9123 key /etc/timebus/host.key allow /etc/timebus/guests.pub
END
cat >>"$root/test/owners" <<-'END'
	/etc/timebus/other.pub 600 0 0 1789990000
	/etc/timebus/open.key 644 980 980 1789990000
	/etc/timebus/host.key 600 0 0 1789990000
END
cat >>"$root/test/bus" <<-'END'
	host PHC0 silent 400
	host KEYS denied 0
	host NAME strange 0
	host SLOW unsynchronised 2
END
printf 'tcp://192.168.122.1:9123 111\ntcp://nohost.invalid:9123 -2\ntcp://192.168.122.4:9123 110\n' | put test/connect
report guest-alone

machine host-deaf
put etc/timebus/monitord.conf <<-'END'
	publish tcp://192.168.123.1:9123 key /etc/timebus/host.key allow any
END
echo '/etc/timebus/host.key 600 976 976 1789990000' >>"$root/test/owners"
echo 'tcp://192.168.123.1:9123 111' | put test/connect
report host-deaf

# ---- several hands on one clock ----
machine steerers
process 812 chronyd 110 40 $sys_time -F 1
process 820 phc2sys 0 50 $all -a -rr
process 821 phc2sys 0 50 $all -E ntpshm -s /dev/ptp0 -O 0
process 822 qemu-ga 0 50 $all
process 902 ntpexchd 979 60 $sys_time
put proc/net/udp <<-'END'
	   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
	  100: 00000000:007B 00000000:0000 07 00000000:00000000 00:00000000 00000000   110        0 50001 2 0000000000000000 0
	  101: 0100007F:0143 00000000:0000 07 00000000:00000000 00:00000000 00000000   110        0 50002 2 0000000000000000 0
END
put proc/net/udp6 <<-'END'
	  100: 00000000000000000000000001000000:007B 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   110        0 50003 2 0000000000000000 0
END
holds 812 50001
: >"$root/test/units"
unit timebus.target loaded active enabled ''
unit timebus-disciplined.service loaded active enabled success
unit timebus-ntpexchd-ntp.socket loaded failed enabled resources
unit chrony.service loaded active enabled success
word test/timex '2001 80000.0 1500'
sed -i 's/clock realtime.*/clock realtime -12345.0 3/' "$root/test/bus"
report steerers
report steerers-json --json

bare timesyncd
process 300 systemd-timesyn 100 20 $sys_time
unit systemd-timesyncd.service loaded active enabled success
report timesyncd

# ---- an installation that is broken ----
machine broken
sed -i '/timebus-selectd/d' "$root/etc/passwd"
sed -i 's/timebus-monitord$//; s/,$//' "$root/etc/group"
: >"$root/test/units"
unit timebus.target loaded active enabled ''
unit timebus-selectd.service loaded failed enabled exit-code
unit timebus-disciplined.service loaded active enabled success
rm -r "$root/proc/903" "$root/proc/904"
sed -i '/selectd/d; /disciplined/d; /monitord/d; /clock/d' "$root/test/bus"
process 905 monitord 976 60 $none -r /tmp/other
process 901 refclockd 980 60 $none -r /run/timebus
: | put run/timebus/refclockd.pub
sed -i '/refclockd/d' "$root/test/bus"
word etc/timebus/ntpexchd.conf 'server ntp.example.net iburts'
sed -i 's|^/etc/timebus/ntpexchd.conf 644|/etc/timebus/ntpexchd.conf 600|' "$root/test/owners"
word sys/devices/system/clocksource/clocksource0/current_clocksource hpet
rm "$root/usr/share/zoneinfo/leap-seconds.list"
report broken

# ---- what hangs is left, what is hostile is shown harmless ----
machine hostile
program usr/bin/systemctl <<-'END'
	#!/bin/sh
	sleep 60
END
printf 'KVM\033[2J virtual\n' | put sys/class/ptp/ptp0/clock_name
mkfifo "$root/sys/class/ptp/ptp0/pipe"
rm "$root/proc/modules" "$root/proc/stat"
mkfifo "$root/proc/modules" "$root/proc/stat"
head -c 100000 /dev/zero | tr '\0' 7 | put proc/sysvipc/shm
echo "#@ 99999999999999999999999" | put usr/share/zoneinfo/leap-seconds.list
word proc/net/udp '1: zz:007B'
word proc/901/status 'CapEff: x'
report hostile -v

# ---- wrong words are no problem of the machine ----
machine words
doctor --frobnicate >"$work/out" 2>&1
status=$?
cases=$((cases + 1))
if [ $status != 3 ] || ! grep -q 'unknown option --frobnicate' "$work/out"; then
	echo "FAILED wrong words: status $status"
	failed=$((failed + 1))
fi
echo "$cases cases, $failed differ"
[ $failed = 0 ] && [ $cases -ge 15 ]
