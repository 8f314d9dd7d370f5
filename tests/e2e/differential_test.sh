#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A small part of tests/differential, always the same: the simulated cluster and a real one, asked
# alike. On a cluster of its own, which no policy of other suites reaches.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export SLUICE_CLUSTER=${SLUICE_CLUSTER:-sluice${SLUICE_KUBERNETES:+-$SLUICE_KUBERNETES}}-differential

code=0
tests/differential/run --seed 1 --api 10 --told 20 --histories 20 --jobs 10 || code=1
tests/cluster/cluster down
echo "$((1 - code)) passed, $code failed"
exit "$code"
