#!/bin/sh
# What each part of the recipe brings: `sh scripts/cifar10/ablation.sh PART [NETWORK [SEED]]` leaves one of them out (or, with
# `reference`, none; with dist, dampen and freeze-oscillating, adds one). All use the plan of the row `quarter`, and half the epochs.
cd "$(dirname "$0")/../.."
part=${1:-reference}
[ $# -gt 0 ] && shift
. scripts/cifar10/common.sh
plan="--plan $runs/quarter-1/plan.json"
case $part in
  reference) set -- ;;
  no-distillation) set -- --distill none ;;
  no-decomposition) set -- --init draw ;;
  no-reestimation) set -- --reestimate-batches 0 ;;
  ternary-phase) set -- --phases 0,0.5,0.5 ;;
  no-freezing) set -- --phases 0,1,0 ;;
  # takes the energy of the plan, and more bytes
  no-planning) set -- --analysis "$analysis"; plan='--uniform 0.125,0.5' ;;
  dist) set -- --distill dist ;;
  dampen) set -- --phases 0,0.5,0.5 --dampen 0.01 ;;
  freeze-oscillating) set -- --phases 0,0.5,0.5 --freeze-oscillating 0.02 ;;
  *) echo "error E_USAGE: PART: expected one of those in scripts/cifar10/ablation.sh, found '$part'" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086
start "ablation-$part" compress "$original" $plan --ternary zero-skipping $tune --phases 0,0,1 --epochs $(((tuning + 1) / 2)) "$@"
