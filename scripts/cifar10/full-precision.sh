#!/bin/sh
# The original: MobileNet trained from scratch in full precision and, where the schedule has a second cycle, on from there with
# mixup (Loshchilov & Hutter 2017).
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
first=full-precision
[ "$restart" -eq 0 ] || first=first-cycle
# shellcheck disable=SC2086
start "$first" train --method fp $architecture --epochs "$epochs" --batch-size 128 --learning-rate 0.1 --weight-decay 0.0005 --threads 1
[ "$restart" -eq 0 ] ||
  fine_tune full-precision "$runs/first-cycle-$seed/model.onnx" --method fp --epochs "$restart" --batch-size 128 \
    --learning-rate 0.05 --weight-decay 0.0005 --ema 0.999 --mixup 0.2 --threads 1
