#!/bin/sh
# Measures the four methods on Fashion-MNIST with MobileNet-V1 0.25 and five epochs each, the compressed ones with the
# uncompressed one as teacher, and writes results/fashion-mnist. Finished runs are kept, stopped ones continue.
# One thread a run, so that the figures do not depend on the number of cores; two runs at a time.
set -eu
cd "$(dirname "$0")/.."
runs=runs/fashion-mnist
common="--width 0.25 --data fashion-mnist --epochs 5 --threads 1 --quiet --json"
teacher="--teacher $runs/full-precision/model.onnx --temperature 2"

run() {
  name=$1
  shift
  [ -f "$runs/$name/result.json" ] && return
  if [ -f "$runs/$name/checkpoint.safetensors" ]; then set -- --resume "$@"; fi
  node dist/cli/main.js train $common "$@" --out "$runs/$name" >/dev/null
  echo "$name: done"
}

npm run --silent build
run full-precision --method fp
{ run hybrid --method hybrid --alpha 0.5 --width-ratio 1.25 $teacher; run twn --method twn --granularity filter $teacher; } &
first=$!
run hybrid-quarter --method hybrid --alpha 0.25 --width-ratio 1 $teacher
run strassen --method strassen --width-ratio 2 $teacher
wait $first
npx tsx scripts/collect-results.ts 'Fashion-MNIST, MobileNet-V1 0.25, five epochs' results/fashion-mnist \
  $runs/full-precision $runs/twn $runs/strassen $runs/hybrid $runs/hybrid-quarter
