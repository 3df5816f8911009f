#!/bin/sh
# `sh scripts/cifar10/ablation.sh PART [SEED]`: what a part brings, by leaving it out (or, with dist, dampen and
# freeze-oscillating, by adding it). All are MobileNet-V1 0.5 at a quarter of the size, with two epochs, in two groups:
#
# - parts of the recipe, after the first cycle, all with the plan of `reference`, which has to be there first; on images as the
#   first cycle had them, and with what the planner chose from then: r from half of the filters, dense terms;
# - what the planner may choose from (sparse, narrow, dense), after the second cycle; with -untrained, as decomposed.
cd "$(dirname "$0")/../.."
part=${1:-reference}
set -- mobilenet-v1-0.5 "${2:-1}"
. scripts/cifar10/common.sh
plan="--plan $runs/ablation-reference-1/plan.json"
cycle=first-cycle
tune="--batch-size 128 --learning-rate 0.04 --threads 1"
case $part in
  sparse* | narrow* | dense*)
    cycle=second-cycle plan=
    tune="--batch-size 64 --learning-rate 0.02 --padding reflect --threads 1"
    ;;
esac
original=$runs/$cycle-$cycles/model.onnx
analysis=$runs/$cycle-analysis.json
narrow='--ratios 0.125,0.25,0.375,0.5,0.75,1,1.25,1.5,2,3'
old='--ratios 0.5,0.75,1,1.25,1.5,2'
few='--sparsities 0'
limits='--max-size 0.25 --max-energy 0.3 --min-throughput 2.06'
training='--phases 0,0,1 --epochs 2'
# shellcheck disable=SC2086
case $part in
  reference) set -- $old $few --max-size 0.25 --max-energy 0.29 --min-throughput 2.1 --analysis "$analysis"; plan=; analyze ;;
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
  sparse*) set -- $limits --analysis "$analysis"; analyze ;;
  narrow*) set -- $limits $narrow $few --analysis "$analysis"; analyze ;;
  dense*) set -- $limits $old $few --analysis "$analysis"; analyze ;;
  *) echo "error E_USAGE: PART: expected one of those in scripts/cifar10/ablation.sh, found '$part'" >&2; exit 2 ;;
esac
case $part in *-untrained) tune='--threads 1' training='--no-training --images 1024' ;; esac
# shellcheck disable=SC2086
start "ablation-$part" compress "$original" $plan --ternary zero-skipping $tune $training "$@"
