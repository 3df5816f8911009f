#!/bin/sh
# `sh scripts/cifar10/ablation.sh PART [SEED]`: what a part of the recipe brings, by leaving it out (or, with teachers, dist, dampen
# and freeze-oscillating, by adding it). All are MobileNet-V1 0.5 as in quarter.sh, with two epochs, and have the plan of
# `reference`, which has to be there first, but those with which the planner has less to choose from (no-sparsity, no-narrow-banks,
# no-planning). With -untrained: as decomposed.
cd "$(dirname "$0")/../.."
part=${1:-reference}
set -- mobilenet-v1-0.5 "${2:-1}"
. scripts/cifar10/common.sh
plan="--plan $runs/ablation-reference-1/plan.json"
planned="--analysis $analysis $quarter"
wide='--ratios 0.5,0.75,1,1.25,1.5,2'
later="$runs/fourth-cycle-1/model.onnx,$runs/fifth-cycle-1/model.onnx"
training='--phases 0,0,1 --epochs 2'
case $part in *-untrained) tune='--threads 1' training='--no-training --images 1024' ;; esac
# shellcheck disable=SC2086
case $part in
  reference | reference-untrained) set -- $planned; plan= ;;
  no-sparsity | no-sparsity-untrained) set -- $planned --sparsities 0; plan= ;;
  no-narrow-banks | no-narrow-banks-untrained) set -- $planned --sparsities 0 $wide; plan= ;;
  # takes the energy of the plan, and more bytes
  no-planning) set -- --analysis "$analysis"; plan='--uniform 0.125,0.5' ;;
  no-distillation) set -- --distill none ;;
  no-decomposition) set -- --init draw --phases 0,0.5,0.5 ;;
  no-reestimation) set -- --reestimate-batches 0 ;;
  no-reflection) set -- --padding zero ;;
  ternary-phase) set -- --phases 0,0.5,0.5 ;;
  no-freezing) set -- --phases 0,1,0 ;;
  teachers) set -- --distill-mirror --teacher "$original,$later" ;;
  dist) set -- --distill dist ;;
  dampen) set -- --phases 0,0.5,0.5 --dampen 0.01 ;;
  freeze-oscillating) set -- --phases 0,0.5,0.5 --freeze-oscillating 0.02 ;;
  *) echo "error E_USAGE: PART: expected one of those in scripts/cifar10/ablation.sh, found '$part'" >&2; exit 2 ;;
esac
analyze
# shellcheck disable=SC2086
start "ablation-$part" compress "$original" $plan --ternary zero-skipping $tune $training "$@"
