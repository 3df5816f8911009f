#!/bin/sh
# The paper's hybrid: half of every layer's filters in full precision, r = 1.25 per ternary filter.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
compress uniform --uniform 0.5,1.25
