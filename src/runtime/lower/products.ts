/** Conv, Gemm and MatMul: products of a constant matrix with the pixels of an image, or with one row of features. */

import { elementCount, type Node, scalar } from '../../ir/index.ts';
import { mapped } from '../../ops/arithmetic/elementwise.ts';
import { misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { transposed } from '../../ops/arithmetic/move.ts';
import { numbersOf } from '../../ops/arithmetic/numbers.ts';
import type { Window } from '../kernels/kernels.ts';
import { constantInput, floatInput, type Lowering, optionalConstant } from './context.ts';
import { binary } from './elementwise.ts';
import type { ConvLayer } from './layers.ts';
import { matrices, pointwise, rowsOf } from './matrices.ts';
import { type Activation, activationOf, type Constant, constantOf, newPlane, type Operand, sizeOf } from './operand.ts';
import { type RowWeights, rowWeights } from './weights.ts';
import { imageSize, outputSize, readWindow } from './windows.ts';

type Inputs = readonly (Operand | undefined)[];

/** Biases as floats, and as the integers of a quantized layer where the file has those. */
function readBiases(node: Node, constant: Constant | undefined, rows: number, factor = 1) {
  if (!constant) return { biases: new Float64Array(rows) };
  const values = numbersOf(constant.tensor(), node.label);
  if (values.length !== rows && values.length !== 1) throw misfit(node, `${rows} biases`, values.length);
  const biases = Float64Array.from({ length: rows }, (_, i) => factor * values[values.length === 1 ? 0 : i]!);
  const integers = constant.quantized?.values;
  const isExact = integers?.dtype === 'int32' && integers.data.length === rows && factor === 1;
  return isExact ? { biases, integerBiases: integers.data as Int32Array } : { biases };
}

export function lowerConv(lowering: Lowering, node: Node, inputs: Inputs): Operand {
  const given = lowering.straighten(node, floatInput(node, inputs, 0));
  const constant = constantInput(node, inputs, 1);
  const { channels, size, rank } = imageSize(node, given.dims);
  const [filters = 0, perGroup = 0, ...kernel] = constant.dims;
  const groups = node.int('group', 1);
  if (constant.dims.length !== rank + 2 || elementCount(constant.dims) === 0) {
    throw misfit(node, `weights of ${rank + 2} dimensions`, printDims(constant.dims));
  }
  if (!(groups >= 1) || perGroup * groups !== channels || filters % groups !== 0) {
    const found = `${channels} and ${filters} in ${groups} groups of ${perGroup} inputs`;
    throw misfit(node, 'channels and filters that are multiples of the groups', found);
  }
  const declared = node.ints('kernel_shape', kernel);
  if (printDims(declared) !== printDims(kernel))
    throw misfit(node, `a kernel ${printDims(kernel)}`, printDims(declared));
  const { x, pads } = takePad(lowering, given);
  const unpadded = readWindow(node, size, rank, kernel);
  const window = { ...unpadded, pads: unpadded.pads.map((pad, i) => pad + pads[i]!) as unknown as Window['pads'] };
  const [height, width] = outputSize(node, sizeOf(x), window);
  const y = newPlane('float32', rank === 1 ? [1, filters, width] : [1, filters, height, width]);
  const dims = rank === 1 ? [1, filters, width] : [1, filters, height, width];
  const layer: ConvLayer = {
    ...{ kind: 'conv', name: node.name, op: node.op, x, y, window, groups },
    ...rowWeights(node, constant, filters),
    ...readBiases(node, optionalConstant(node, inputs, 2), filters),
    ...{ lower: -Infinity, upper: Infinity },
  };
  lowering.add(layer);
  return activationOf(y, dims);
}

/** A border of zeros around the image that nobody else reads belongs to the window. */
function takePad(lowering: Lowering, x: Activation): { x: Activation; pads: Window['pads'] } {
  const layer = x.isOnlyView ? lowering.producers.get(x.plane) : undefined;
  const zero = x.quantization?.zeroPoint ?? 0;
  if (layer?.kind !== 'pad' || layer.value !== zero || layer.channels.some((n) => n > 0))
    return { x, pads: [0, 0, 0, 0] };
  lowering.remove(layer);
  return { x: { ...layer.x, ...(x.quantization && { quantization: x.quantization }) }, pads: layer.pads };
}

/** y = alpha A B + beta C: for one row A and constants a layer, else a product and what follows it. */
export function lowerGemm(lowering: Lowering, node: Node, inputs: Inputs): Operand {
  const [a, b, c] = inputs;
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const isTransposed = node.int('transB', 0) === 0;
  const isRow = a?.kind === 'activation' && node.int('transA', 0) === 0 && rowsOf(a) === 1;
  const hasConstants = b?.kind === 'constant' && b.dims.length === 2 && (!c || c.kind === 'constant');
  if (isRow && hasConstants) {
    return lowerRow(lowering, node, inputs, { isTransposed, alpha, beta, bias: optionalConstant(node, inputs, 2) });
  }
  const operands = [node.int('transA', 0) !== 0, !isTransposed].map((isSwapped, i) =>
    isSwapped ? swapAxes(lowering, node, inputs[i]) : inputs[i],
  );
  const scaled = (x: Operand, factor: number): Operand => {
    if (factor === 1) return x;
    if (x.kind === 'activation') return binary('Mul')(lowering, node, [x, constantOf(scalar(factor))]);
    return constantOf(
      mapped(node, x.tensor(), (value) => value * factor),
      x.isFromShape,
    );
  };
  const y = scaled(matrices(lowering, node, operands), alpha);
  return c && beta !== 0 ? binary('Add')(lowering, node, [y, scaled(c, beta)]) : y;
}

function swapAxes(lowering: Lowering, node: Node, x: Operand | undefined): Operand | undefined {
  if (x?.kind === 'constant') return constantOf(transposed(node, x.tensor(), [1, 0]), x.isFromShape);
  if (x?.dims.length !== 2) throw misfit(node, 'matrices', x ? printDims(x.dims) : 'none');
  lowering.mixesBatch ??= node;
  const [first = 0, second = 1] = x.order ?? [];
  const { order: _, ...rest } = x;
  return first < second ? { ...rest, order: [second, first] } : rest;
}

export function lowerMatMul(lowering: Lowering, node: Node, inputs: Inputs): Operand {
  const [a, b] = inputs;
  const isRow = a?.kind === 'activation' && rowsOf(a) === 1 && b?.kind === 'constant' && b.dims.length === 2;
  if (!isRow) return matrices(lowering, node, inputs);
  return lowerRow(lowering, node, inputs, { isTransposed: true, alpha: 1, beta: 1, bias: undefined });
}

interface RowOptions {
  readonly isTransposed: boolean;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: Constant | undefined;
}

/** An alpha beyond this, infinity too, is taken after the sum: products of single weights by it would overflow. */
const largestAlpha = 2 ** 32;

function lowerRow(lowering: Lowering, node: Node, inputs: Inputs, options: RowOptions): Operand {
  const { isTransposed, alpha, beta, bias } = options;
  const given = lowering.straighten(node, floatInput(node, inputs, 0));
  const constant = constantInput(node, inputs, 1);
  const [first = 0, second = 0] = constant.dims;
  const [rows, columns] = isTransposed ? [second, first] : [first, second];
  if (constant.dims.length !== 2 || rows * columns === 0) throw unsupported(node, 'a matrix', printDims(constant.dims));
  const dims = [...given.dims.slice(0, -1), rows];
  if (elementCount(given.dims.slice(0, -1)) !== 1)
    throw unsupported(node, 'one row of features', printDims(given.dims));
  if (given.dims.at(-1) !== columns) throw misfit(node, `${columns} features`, printDims(given.dims));
  const x = lowering.reshape(node, given, [1, columns]);
  const y = newPlane('float32', [1, rows]);
  const weights: RowWeights = rowWeights(node, constant, rows, isTransposed);
  const isInWeights = Math.abs(alpha) <= largestAlpha;
  const biases = readBiases(node, beta === 0 ? undefined : bias, rows, beta);
  const multipliers = new Float64Array(rows).fill(alpha);
  const bounds = { lower: -Infinity, upper: Infinity };
  lowering.add({
    ...{ kind: 'conv', name: node.name, op: node.op, x, y, window: pointwise, groups: 1 },
    ...weights,
    ...(alpha !== 1 && isInWeights && { multipliers }),
    ...(isInWeights ? biases : { biases: new Float64Array(rows) }),
    ...bounds,
  });
  if (isInWeights) return lowering.reshape(node, activationOf(y, [1, rows]), dims);
  const scaled = newPlane('float32', [1, rows]);
  const product = activationOf(y, [1, rows]);
  const { name, op } = node;
  lowering.add({ kind: 'affine', name, op, x: product, y: scaled, multipliers, biases: biases.biases, ...bounds });
  return lowering.reshape(node, activationOf(scaled, [1, rows]), dims);
}
