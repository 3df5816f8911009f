#!/bin/sh
# What each part of the recipe brings: `sh scripts/cifar10/ablation.sh PART [SEED]` leaves one of them out (or, with `reference`,
# none; with dist, dampen and freeze-oscillating, adds one). All start from MobileNet-V1 0.5 after its first cycle, have the plan of
# the row `quarter` for it, and two epochs. The reference has to be there first.
cd "$(dirname "$0")/../.."
part=${1:-reference}
set -- mobilenet-v1-0.5 "${2:-1}"
. scripts/cifar10/common.sh
original=$runs/first-cycle-1/model.onnx
analysis=$runs/first-cycle-analysis.json
plan="--plan $runs/ablation-reference-1/plan.json"
case $part in
  reference) set -- --max-size 0.25 --max-energy 0.29 --min-throughput 2.1 --analysis "$analysis"; plan=; analyze ;;
  no-distillation) set -- --distill none ;;
  no-decomposition) set -- --init draw --phases 0,0.5,0.5 ;;
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
start "ablation-$part" compress "$original" $plan --ternary zero-skipping $tune --phases 0,0,1 --epochs 2 "$@"
