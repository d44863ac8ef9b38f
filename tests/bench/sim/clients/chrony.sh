# SPDX-License-Identifier: MIT
# sourced by compare-sim.sh: $1 is the configuration, $2 the node number
cat >> "$1" <<-EOF
	pidfile pid.$2
	cmdport 0
	bindcmdaddress /
	allow
EOF
if [ "$2" = "$CLIENT" ]; then
	printf 'logdir data\nlog tracking\nlogbanner 0\n' >> "$1"
fi
ARGV=("$CHRONYD" -d -f "$1")
