#!/bin/sh
# All rows, two runs at a time: `sh scripts/cifar10/all.sh [NETWORK...]`. SEEDS: those of the main rows (default: "1 2 3"); JOBS: runs at
# a time. See common.sh for the rest. Afterwards `npm run results` makes the tables and charts.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- mobilenet-v1-0.5 mobilenet-v2-0.35
seeds=${SEEDS:-1 2 3}
side_by_side() { xargs -P "${JOBS:-2}" -L 1 sh; }
rows() { for row in "$@"; do for seed in $seeds; do echo "scripts/cifar10/$row.sh $network $seed"; done; done; }
[ -n "${TRITBANK:-}" ] || npm run --silent build
for network in "$@"; do rows full-precision; done | side_by_side
for network in "$@"; do
  # the first one makes the analysis that the others share
  sh scripts/cifar10/planned.sh "$network" "${seeds%% *}"
  rows planned uniform twn strassen | side_by_side
  rows int8 planned-int8 | side_by_side
  rows third | side_by_side
  # No plan of MobileNet-V2 is smaller.
  [ "$network" = mobilenet-v1-0.5 ] || continue
  rows quarter fifth | side_by_side
  rows quarter-int8 | side_by_side
  rows fourth-cycle | side_by_side
  rows fifth-cycle | side_by_side
  sh scripts/cifar10/ablation.sh reference
  for part in no-distillation no-decomposition no-reestimation no-reflection ternary-phase no-freezing no-sparsity no-planning \
    teachers dist dampen freeze-oscillating no-narrow-banks reference-untrained no-sparsity-untrained \
    no-narrow-banks-untrained; do
    echo "scripts/cifar10/ablation.sh $part"
  done | side_by_side
done
