#!/bin/sh
# The planned hybrid with 8-bit full-precision filters and 8-bit activations.
cd "$(dirname "$0")/../.."
. scripts/cifar10/common.sh
quantize planned-int8 "$runs/planned-$seed/model.onnx"
