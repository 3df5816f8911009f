/**
 * QuantizeLinear and DequantizeLinear. The second one gives a view of the integers; the first one makes the layer in
 * front of it an integer one where that reads such views, so that DequantizeLinear -> Conv -> QuantizeLinear is one
 * layer.
 */

import type { Node } from '../../ir/index.ts';
import { codeToDtype } from '../../onnx/types.ts';
import { misfit, unsupported } from '../../ops/arithmetic/errors.ts';
import { dequantize } from '../../ops/arithmetic/evaluate.ts';
import { numbersOf } from '../../ops/arithmetic/numbers.ts';
import { activationInput, constantInput, floatInput, type LoweringRule, optionalConstant } from './context.ts';
import { dense } from './dense.ts';
import { combination } from './dense-functions.ts';
import {
  type Activation,
  activationOf,
  type Constant,
  newPlane,
  type Operand,
  type Quantization,
  sameQuantization,
} from './operand.ts';

function readScale(
  node: Node,
  inputs: readonly (Operand | undefined)[],
): { scale: number; zero: Constant | undefined } {
  const scales = numbersOf(constantInput(node, inputs, 1).tensor(), node.label);
  if (scales.length !== 1) throw unsupported(node, 'one scale for an activation', scales.length);
  const scale = scales[0]!;
  if (!(scale > 0 && scale < Infinity)) throw misfit(node, 'a scale above 0', scale);
  return { scale, zero: optionalConstant(node, inputs, 2) };
}

/** The quantization as the kernels see it: of int8. */
function readQuantization(node: Node, inputs: readonly (Operand | undefined)[], fallback: string): Quantization {
  const { scale, zero } = readScale(node, inputs);
  const tensor = zero?.tensor();
  const dtype = tensor?.dtype ?? fallback;
  if (dtype !== 'int8' && dtype !== 'uint8') throw unsupported(node, 'int8 or uint8 activations', dtype);
  const value = tensor ? numbersOf(tensor, node.label) : [0];
  if (value.length !== 1) throw unsupported(node, 'one zero point for an activation', value.length);
  return { scale, zeroPoint: value[0]! - (dtype === 'uint8' ? 128 : 0), dtype };
}

export const quantizeLinear: LoweringRule = (lowering, node, inputs) => {
  const x = floatInput(node, inputs, 0);
  const declared = node.int('output_dtype', 0);
  const fallback = declared === 0 ? 'uint8' : codeToDtype(declared, node.label);
  const quantization = readQuantization(node, inputs, fallback);
  const raw = { dtype: quantization.dtype } as const;
  if (x.quantization) {
    const { quantization: own, ...rest } = x;
    if (sameQuantization(own, quantization)) return { ...rest, ...raw };
    const y = newPlane('int8', x.dims);
    lowering.add({ kind: 'unary', name: node.name, op: node.op, x, y, functions: [], quantization });
    return { ...rest, ...raw, plane: y, isOnlyView: true };
  }
  if (lowering.absorb(x, { kind: 'quantize', quantization })) return { ...x, ...raw };
  const y = newPlane('int8', x.dims);
  lowering.add({ kind: 'quantize', name: node.name, op: node.op, x, y, quantization });
  return { ...x, ...raw, plane: y, isOnlyView: true };
};

export const dequantizeLinear: LoweringRule = (_, node, inputs) => {
  const [first] = inputs;
  if (first?.kind === 'constant') return dequantizeConstant(node, inputs);
  const x = activationInput(node, inputs, 0);
  if (x.dtype === 'float32') throw misfit(node, 'int8 or uint8', x.dtype);
  const quantization = readQuantization(node, inputs, x.dtype);
  if (quantization.dtype !== x.dtype) throw misfit(node, `a zero point of ${x.dtype}`, quantization.dtype);
  return { ...x, dtype: 'float32', quantization };
};

function dequantizeConstant(node: Node, inputs: readonly (Operand | undefined)[]): Constant {
  const constants = inputs.map((_, i) => optionalConstant(node, inputs, i)?.tensor());
  const [values, scales, zeros] = constants;
  if (!values || !scales) throw misfit(node, 'values and scales', 'none');
  const rank = values.dims.length;
  const axis = node.int('axis', 1);
  let tensor: ReturnType<typeof dequantize> | undefined;
  return {
    kind: 'constant',
    dims: values.dims,
    isFromShape: false,
    quantized: {
      values,
      scales: numbersOf(scales, node.label),
      zeroPoints: zeros && numbersOf(zeros, node.label),
      axis: axis < 0 ? axis + rank : axis,
    },
    tensor: () => {
      tensor ??= dequantize(node, constants);
      return tensor;
    },
  };
}

/**
 * A cast of 8-bit integers to float32 is a view with scale 1. Other integers and truth values are floats in memory:
 * such a cast keeps them, or cuts them off.
 */
export const cast: LoweringRule = (lowering, node, inputs) => {
  const x = activationInput(node, inputs, 0);
  const to = codeToDtype(node.int('to'), node.label);
  if (to === x.dtype) return x;
  const isKnown = to === 'float32' || to === 'bool' || to === 'int32' || to === 'int64';
  if (!isKnown) throw unsupported(node, 'a cast to float32, int32, int64 or bool', `one of ${x.dtype} to ${to}`);
  if (x.dtype === 'uint8' || x.dtype === 'int8') {
    const zeroPoint = x.dtype === 'uint8' ? -128 : 0;
    const floats: Activation = { ...x, dtype: 'float32', quantization: { scale: 1, zeroPoint, dtype: x.dtype } };
    return to === 'float32' ? floats : cast(lowering, node, [floats]);
  }
  if (to === 'bool') return dense(combination(1, 'Truth', 'bool'))(lowering, node, inputs);
  if (to === 'float32' || x.dtype !== 'float32') return { ...x, dtype: to };
  const whole = dense(combination(1, 'Trunc'))(lowering, node, inputs);
  return { ...(whole as Activation), dtype: to };
};

/** Planes for an input of the graph. */
export function inputActivation(dims: readonly number[], dtype: Activation['dtype']): Activation {
  return activationOf(newPlane(dtype === 'int8' || dtype === 'uint8' ? 'int8' : 'float32', dims), dims, dtype);
}
