# Read by the scripts of the rows (`. common.sh`): networks, schedules, and how a run is started, continued or kept.
#
#   sh scripts/cifar10/ROW.sh [NETWORK [SEED]]        NETWORK: mobilenet-v1-0.5 (default), mobilenet-v2-0.35
#
# CIFAR10_DIR   the folder with CIFAR-10's binary batches (default: data/cifar10)
# SCHEDULE      short (default), or full: 200, 100 and 100 epochs for the original, 30 for each compressed network,
#               60 for the smallest, every seed with an original of its own
# TRITBANK      the program (default: node dist/cli/main.js, after `npm run build`)
#
# A run has its directory under runs/cifar10 (runs/cifar10-full). Finished runs are kept, stopped ones continue.
set -eu
network=${1:-mobilenet-v1-0.5}
seed=${2:-1}
schedule=${SCHEDULE:-short}
program=${TRITBANK:-node dist/cli/main.js}
data="--data cifar10 --data-dir ${CIFAR10_DIR:-data/cifar10}"

# The paper's size; of MobileNet-V2, with ten classes, what a plan could reach when banks were no narrower than half of the filters.
case $network in
  mobilenet-v1-0.5) architecture='--model mobilenet-v1 --width 0.5' epochs=60 again=36 last=30 size=0.49 ;;
  mobilenet-v2-0.35) architecture='--model mobilenet-v2 --width 0.35' epochs=30 again=0 last=0 size=0.6 ;;
  *) echo "error E_USAGE: network: expected mobilenet-v1-0.5 or mobilenet-v2-0.35, found '$network'" >&2; exit 2 ;;
esac
case $schedule in
  short) runs=runs/cifar10/$network cycles=1 tuning=3 longer=6 ;;
  full) runs=runs/cifar10-full/$network cycles=$seed epochs=200 again=$((again > 0 ? 100 : 0)) last=100 tuning=30 longer=60 ;;
  *) echo "error E_USAGE: SCHEDULE: expected short or full, found '$schedule'" >&2; exit 2 ;;
esac
original=$runs/full-precision-1/model.onnx
# A cycle of the original with a teacher: what it was before, unless others are named.
taught="--method fp --batch-size 64 --learning-rate 0.04 --weight-decay 0.0005 --ema 0.9995 --padding reflect --threads 1"
# Zeros skipped: a quarter of the size, 30 % of the energy, twice the throughput, and a little more than that, because the analysis
# predicts zeros to some per cent.
quarter='--max-size 0.25 --max-energy 0.3 --min-throughput 2.06'
tune="--epochs $tuning --batch-size 64 --learning-rate 0.02 --padding reflect --threads 1"

# start NAME COMMAND ARGUMENT...: a run in $runs/NAME-SEED.
start() {
  out=$runs/$1-$seed
  shift
  [ -f "$out/result.json" ] && return 0
  if [ -f "$out/config.json" ]; then set -- "$@" --resume; fi
  mkdir -p "$runs"
  # shellcheck disable=SC2086
  $program "$@" $data --seed "$seed" --out "$out"
}

# What the layers of the original bear: measured once, for every plan.
analysis=$runs/analysis.json
analyze() {
  [ -f "$analysis" ] && return 0
  # shellcheck disable=SC2086
  $program analyze "$original" $data --images 1024 --ratios 0.125,0.25,0.375,0.5,0.75,1,1.25,1.5,2,3 --sparsities 1,4,10 \
    --threads 1 --out "$analysis"
}

# compress NAME ARGUMENT...: the original with filter banks. Their ternary weights stay as they were decomposed: training them
# straight through, as a TWN's have to be, undoes more than it learns in a few epochs.
compress() {
  name=$1
  shift
  analyze
  # shellcheck disable=SC2086
  start "$name" compress "$original" --analysis "$analysis" $tune --phases 0,0,1 "$@"
}

# fine_tune NAME MODEL ARGUMENT...: what filter banks are compared with, made from a model by the same training.
fine_tune() {
  out=$runs/$1-$seed
  shift
  [ -f "$out/result.json" ] && return 0
  # shellcheck disable=SC2086
  npx tsx scripts/fine-tune.ts "$@" $data --seed "$seed" --out "$out"
}

# quantize NAME MODEL: 8-bit weights and activations, calibrated on 512 training images.
quantize() {
  out=$runs/$1-$seed
  [ -f "$out/result.json" ] && return 0
  mkdir -p "$out"
  # shellcheck disable=SC2086
  $program export "$2" --activations int8 --images 512 $data --seed "$seed" --out "$out/model.onnx" --json >"$out/result.json.tmp"
  mv "$out/result.json.tmp" "$out/result.json"
}
