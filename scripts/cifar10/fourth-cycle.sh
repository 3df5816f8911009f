#!/bin/sh
# One cycle more for the original, with a teacher that sees every other batch mirrored. No other row starts from it.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
[ "$again" -gt 0 ] || exit 0
# shellcheck disable=SC2086
fine_tune fourth-cycle "$original" $taught --epochs "$again" --mixup 0.2 --distill-weight 0.7 --distill-mirror
