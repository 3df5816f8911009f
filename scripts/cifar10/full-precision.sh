#!/bin/sh
# The original: MobileNet trained from scratch in full precision.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
# shellcheck disable=SC2086
start full-precision train --method fp $architecture --epochs $epochs --batch-size 128 --learning-rate 0.1 --weight-decay 0.0005 --threads 1
