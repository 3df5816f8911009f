#!/bin/sh
# StrassenNets: no full-precision filters, r = 2 hidden units per filter.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
compress strassen --uniform 0,2
