#!/bin/sh
# The original: MobileNet trained from scratch in full precision and, where the schedule has more cycles, on from there: with
# mixup, then with reflected borders and itself as teacher (Loshchilov & Hutter, arXiv 1608.03983; Furlanello et al., arXiv
# 1805.04770). In the short schedule seeds part in the last cycle.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
part=$seed
first=full-precision
if [ "$again" -gt 0 ]; then
  first=first-cycle
  seed=$cycles
fi
# shellcheck disable=SC2086
start "$first" train --method fp $architecture --epochs "$epochs" --batch-size 128 --learning-rate 0.1 --weight-decay 0.0005 --threads 1
[ "$again" -gt 0 ] || exit 0
fine_tune second-cycle "$runs/first-cycle-$seed/model.onnx" --method fp --epochs "$again" --batch-size 128 --learning-rate 0.05 \
  --weight-decay 0.0005 --ema 0.999 --mixup 0.2 --threads 1
second=$runs/second-cycle-$seed/model.onnx
seed=$part
# shellcheck disable=SC2086
fine_tune full-precision "$second" $taught --epochs "$again" --mixup 0.2 --distill-weight 0.7
