#!/bin/sh
# Beyond the paper, zeros skipped, without sparse terms: a fifth of the size, 30 % of the energy, twice the throughput.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
compress fifth --epochs "$longer" --ternary zero-skipping --sparsities 0 --max-size 0.2 --max-energy 0.3 --min-throughput 2.06
