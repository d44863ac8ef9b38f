# SPDX-License-Identifier: MIT
# sourced by compare-sim.sh: $1 is the configuration, $2 the node number
: "${TIMEBUS_SOLO:?set TIMEBUS_SOLO}"
if [ "$2" = "$CLIENT" ]; then
	printf 'logdir data\nlog tracking\nlogbanner 0\n' >> "$1"
fi
ARGV=("$TIMEBUS_SOLO" -d -f "$1")
