#!/bin/sh
# The quarter of the size with 8-bit full-precision filters and 8-bit activations.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
quantize quarter-int8 "$runs/quarter-$seed/model.onnx"
