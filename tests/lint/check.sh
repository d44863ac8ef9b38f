#!/bin/sh
# SPDX-License-Identifier: MIT
# The wall between cores and shells, and that the checks of it can fail.
set -e
tests/lint/wall.sh "${B:-build}"
tests/lint/selftest.sh
