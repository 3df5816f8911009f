#!/bin/sh
# From the fourth cycle's first seed on without mixup, with the third's and the fourth's network as teachers in turn, each of
# which sees every other of its batches mirrored. No other row starts from it.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
[ "$again" -gt 0 ] || exit 0
fourth=$runs/fourth-cycle-1/model.onnx
# shellcheck disable=SC2086
fine_tune fifth-cycle "$fourth" $taught --epochs "$last" --distill-weight 0.5 --distill-mirror --teacher "$original" --teacher "$fourth"
