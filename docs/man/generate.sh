#!/bin/sh
# SPDX-License-Identifier: MIT
# generate.sh - makes the pages of docs/man whose directives and options come from the programs.
#
#   docs/man/generate.sh [OUTDIR]     default: docs/man; programs are those of $B (build)
#
# docs/man/src/PAGE.in becomes OUTDIR/PAGE. A line of the form @FILE@ becomes docs/man/src/FILE.inc,
# @DIRECTIVES@ the output of the daemon's --manual; NAME is the daemon's name in what is included.
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}
out=${1:-docs/man}

for page in docs/man/src/*.in; do
	name=${page##*/}
	name=${name%.in}
	daemon=${name%%.*}
	"$B/bin/$daemon" --manual >"$out/$name.directives"
	awk -v daemon="$daemon" -v directives="$out/$name.directives" '
		function copy(file, change,    line, some) {
			while ((some = (getline line < file)) > 0) {
				if (change)
					gsub(/NAME/, daemon, line)
				print line
			}
			if (some < 0) {
				print FILENAME ": " file " is not there" > "/dev/stderr"
				exit 1
			}
			close(file)
		}
		/^@DIRECTIVES@$/ { copy(directives, 0); next }
		/^@[a-z]+@$/ { copy("docs/man/src/" substr($0, 2, length($0) - 2) ".inc", 1); next }
		{ print }' "$page" >"$out/$name.new"
	rm "$out/$name.directives"
	mv "$out/$name.new" "$out/$name"
done
