#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# kill - tests/fault/kill.sh with 20 kills of each process.
KILLS=${KILLS:-20} exec "$(dirname "$0")/../fault/kill.sh"
