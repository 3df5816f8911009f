#!/bin/sh
# The original with 8-bit weights and activations, calibrated, not trained.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
quantize int8 "$original"
