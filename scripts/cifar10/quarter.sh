#!/bin/sh
# Beyond the paper, zeros skipped: a quarter of the size, 30 % of the energy, twice the throughput.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
# A little better than that: the analysis predicts zeros to some per cent.
compress quarter --epochs "$longer" --ternary zero-skipping --max-size 0.25 --max-energy 0.3 --min-throughput 2.06
