#!/bin/sh
# Ternary weight network: every layer ternary, a threshold and a scale per filter.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
out=$runs/twn-$seed
[ -f "$out/result.json" ] && exit 0
# shellcheck disable=SC2086
npx tsx scripts/fine-tune-twn.ts "$original" $data $tune --seed "$seed" --out "$out"
