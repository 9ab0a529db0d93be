#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/spec/coverage.md is what tests/spec/coverage.sh says today, and no
# test cites a requirement that there is not.
exec "$(dirname "$0")/../spec/coverage.sh" --check
