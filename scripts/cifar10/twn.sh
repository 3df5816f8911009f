#!/bin/sh
# Ternary weight network: every layer ternary, a threshold and a scale per filter.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
# shellcheck disable=SC2086
fine_tune twn "$original" --method twn $tune
