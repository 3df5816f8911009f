/** Operators on single elements: absorbed by the layer in front where it can, else a layer of their own. */

import { elementCount, type Node, type Tensor } from '../../ir/index.ts';
import { broadcastShapes, broadcastStrides, stridesOf } from '../../ops/arithmetic/dims.ts';
import { misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { functionOf, type UnaryFunction } from '../../ops/arithmetic/functions.ts';
import { expandTo, moveElements } from '../../ops/arithmetic/move.ts';
import { numbersOf } from '../../ops/arithmetic/numbers.ts';
import type { Effect } from './absorb.ts';
import { constantInput, floatInput, floatLike, type Lowering, type LoweringRule, optionalConstant } from './context.ts';
import { dense } from './dense.ts';
import { combination } from './dense-functions.ts';
import type { BinaryOp } from './layers.ts';
import { type Activation, type Constant, fileDims, newPlane, type Operand } from './operand.ts';

const head = ({ name, op }: Node) => ({ name, op });

/** A function of one number: part of the layer in front, where that is one of such functions. */
export function applyFunction(lowering: Lowering, node: Node, x: Activation, f: UnaryFunction): Operand {
  if (f.op === 'Clip' && lowering.absorb(x, { kind: 'clamp', lower: f.lower, upper: f.upper })) return x;
  if (lowering.absorb(x, { kind: 'function', function: f })) return x;
  const y = floatLike(x);
  lowering.add({ kind: 'unary', ...head(node), x, y: y.plane, functions: [f] });
  return y;
}

/** An operator without operands but one. A bound is what a product in front takes in. */
export const unary: LoweringRule = (lowering, node, inputs) => {
  const f = functionOf(node);
  const own: UnaryFunction = f.op === 'Relu' ? { op: 'Clip', lower: 0, upper: Infinity } : f;
  return applyFunction(lowering, node, floatInput(node, inputs, 0), own);
};

/** One number; `none` where the input is left out. */
function scalarOf(node: Node, constant: Constant | undefined, none: number): number {
  if (!constant) return none;
  const values = numbersOf(constant.tensor(), node.label);
  if (values.length === 1) return values[0]!;
  throw misfit(node, 'one bound', values.length);
}

export const clip: LoweringRule = (lowering, node, inputs) => {
  // NaN bounds nothing
  const bound = (index: number, none: number) => {
    const given = scalarOf(node, optionalConstant(node, inputs, index), none);
    return Number.isNaN(given) ? none : given;
  };
  const [lower, upper] = [bound(1, -Infinity), bound(2, Infinity)];
  const x = floatInput(node, inputs, 0);
  return applyFunction(lowering, node, x, { op: 'Clip', lower: Math.min(lower, upper), upper });
};

/**
 * A constant operand of `x`, brought to the order of its planes: one value, one for each channel, or one for each
 * element.
 */
function alignConstant(node: Node, x: Activation, tensor: Tensor): { perChannel?: Float64Array; values: Tensor } {
  const target = fileDims(x);
  const joint = broadcastShapes(target, tensor.dims);
  if (!joint || elementCount(joint) !== elementCount(target)) {
    throw unsupported(node, `a constant that broadcasts to ${printDims(target)}`, printDims(tensor.dims));
  }
  const lead = new Array<number>(target.length).fill(1);
  const dims = [...lead, ...tensor.dims].slice(-target.length);
  if (tensor.dims.length > target.length)
    throw unsupported(node, `${target.length} dimensions`, printDims(tensor.dims));
  const { order } = x;
  const strides = stridesOf(dims);
  const ordered = order
    ? moveElements(
        { ...tensor, dims },
        x.dims.map((_, axis) => dims[order.indexOf(axis)]!),
        x.dims.map((_, axis) => strides[order.indexOf(axis)]!),
        0,
        node,
      )
    : { ...tensor, dims };
  const channelAxis = x.dims[0] === 1 && x.dims.length > 1 ? 1 : 0;
  if (!ordered.dims.every((d, axis) => d === 1 || axis === channelAxis)) return { values: ordered };
  const numbers = numbersOf(ordered, node.label);
  const perChannel = Float64Array.from({ length: x.plane.channels }, (_, c) => numbers[numbers.length === 1 ? 0 : c]!);
  return { perChannel, values: ordered };
}

/** x op c for values c of channels, as an effect of one that can be absorbed. */
function effectOf(op: BinaryOp, isFirst: boolean, c: Float64Array): Effect | undefined {
  const filled = (value: number) => new Float64Array(c.length).fill(value);
  const isOne = c.every((v) => v === c[0]);
  switch (op) {
    case 'Add':
      return { kind: 'affine', multipliers: filled(1), biases: c };
    case 'Sub':
      return isFirst
        ? { kind: 'affine', multipliers: filled(1), biases: c.map((v) => -v) }
        : { kind: 'affine', multipliers: filled(-1), biases: c };
    case 'Mul':
      return { kind: 'affine', multipliers: c, biases: filled(0) };
    case 'Div':
      return isFirst ? { kind: 'affine', multipliers: c.map((v) => 1 / v), biases: filled(0) } : undefined;
    case 'Min':
      return { kind: 'clamp', lower: -Infinity, upper: isOne ? c[0]! : Float32Array.from(c) };
    case 'Max':
      return isOne ? { kind: 'clamp', lower: c[0]!, upper: Infinity } : undefined;
    case 'PRelu':
      return undefined;
  }
}

function withConstant(
  lowering: Lowering,
  node: Node,
  op: BinaryOp,
  x: Activation,
  constant: Constant,
  isFirst: boolean,
): Operand {
  const joint = broadcastShapes(fileDims(x), constant.dims);
  if (!joint) throw misfit(node, 'shapes that broadcast', `${printDims(fileDims(x))} and ${printDims(constant.dims)}`);
  if (constant.dims.length > x.dims.length || elementCount(joint) !== elementCount(x.dims)) {
    // more axes, or longer ones
    const lead = new Array<number>(joint.length - x.dims.length).fill(1);
    const full = lowering.reshape(node, lowering.straighten(node, x), [...lead, ...fileDims(x)]);
    if (joint[0] !== 1 || lead.length > 0) lowering.mixesBatch ??= node;
    return withConstant(lowering, node, op, spread(lowering, node, full, joint), constant, isFirst);
  }
  const { perChannel, values } = alignConstant(node, x, constant.tensor());
  const effect = perChannel && effectOf(op, isFirst, perChannel);
  if (effect && lowering.absorb(x, effect)) return x;
  const y = floatLike(x);
  if (effect) {
    const channels = x.plane.channels;
    const neutral = { multipliers: new Float64Array(channels).fill(1), biases: new Float64Array(channels) };
    const bounds = { lower: -Infinity, upper: Infinity };
    lowering.add({ ...neutral, ...bounds, ...effect, kind: 'affine', ...head(node), x, y: y.plane });
    return y;
  }
  if (!isFirst && (op === 'Sub' || op === 'Div')) {
    // c - x = -(x - c) was an effect above; c / x = c * (1 / x)
    const inverse = applyFunction(lowering, node, x, { op: op === 'Sub' ? 'Neg' : 'Reciprocal' }) as Activation;
    return withConstant(lowering, node, op === 'Sub' ? 'Add' : 'Mul', inverse, constant, true);
  }
  const all = numbersOf(expandTo(values, x.dims, node), node.label);
  const b = { kind: 'values', values: Float32Array.from(all) } as const;
  lowering.add({ kind: 'binary', ...head(node), operator: op, a: x, b, y: y.plane, lower: -Infinity, upper: Infinity });
  return y;
}

const sameOrder = (a: Activation, b: Activation) => (a.order ?? []).join() === (b.order ?? []).join();
const isSymmetric = (op: BinaryOp) => op !== 'Sub' && op !== 'Div' && op !== 'PRelu';

function withActivation(lowering: Lowering, node: Node, op: BinaryOp, a: Activation, b: Activation): Operand {
  if (!sameOrder(a, b)) {
    return withActivation(lowering, node, op, lowering.straighten(node, a), lowering.straighten(node, b));
  }
  const joint = broadcastShapes(a.dims, b.dims);
  if (!joint) throw misfit(node, 'shapes that broadcast', `${printDims(fileDims(a))} and ${printDims(fileDims(b))}`);
  const [large, small] = [a, b].map((t) => elementCount(t.dims) === elementCount(joint));
  const isChannelwise = (of: Activation, one: Activation) =>
    one.plane.channels === of.plane.channels && one.plane.height * one.plane.width === 1;
  if (large && (small || isChannelwise(a, b))) return addBinary(lowering, node, op, a, b);
  if (small && isSymmetric(op) && isChannelwise(b, a)) return addBinary(lowering, node, op, b, a);
  return addBinary(lowering, node, op, spread(lowering, node, a, joint), spread(lowering, node, b, joint));
}

function addBinary(lowering: Lowering, node: Node, operator: BinaryOp, a: Activation, b: Activation): Operand {
  const y = floatLike(a);
  lowering.add({ kind: 'binary', ...head(node), operator, a, b, y: y.plane, lower: -Infinity, upper: Infinity });
  return y;
}

/** An activation repeated along axes where it has size 1. */
export function spread(lowering: Lowering, node: Node, x: Activation, dims: readonly number[]): Activation {
  if (elementCount(x.dims) === elementCount(dims)) return x;
  const y = newPlane(x.plane.type, dims);
  const strides = broadcastStrides(x.dims, dims);
  lowering.add({ kind: 'move', ...head(node), x, y, dims, strides, offset: 0 });
  return { ...x, plane: y, dims, isOnlyView: true };
}

/** Add, Mul and so on of two operands. */
export const binary =
  (op: BinaryOp): LoweringRule =>
  (lowering, node, inputs) => {
    const [a, b] = inputs;
    if (b?.kind === 'constant') return withConstant(lowering, node, op, floatInput(node, inputs, 0), b, true);
    if (a?.kind === 'constant') return withConstant(lowering, node, op, floatInput(node, inputs, 1), a, false);
    return withActivation(lowering, node, op, floatInput(node, inputs, 0), floatInput(node, inputs, 1));
  };

/** A slope for each channel, or each element. */
export const prelu: LoweringRule = (lowering, node, inputs) => {
  const x = floatInput(node, inputs, 0);
  return binary('PRelu')(lowering, node, [x, inputs[1]]);
};

/** A power by one number is a function of one number. */
export const pow: LoweringRule = (lowering, node, inputs) => {
  const [x, exponent] = inputs;
  if (x?.kind !== 'activation' || exponent?.kind !== 'constant' || elementCount(exponent.dims) !== 1) {
    return dense(combination(2, 'Pow'))(lowering, node, inputs);
  }
  const [value = 1] = Array.from(numbersOf(exponent.tensor(), node.label));
  if (exponent.dims.length > x.dims.length) return dense(combination(2, 'Pow'))(lowering, node, inputs);
  return applyFunction(lowering, node, floatInput(node, inputs, 0), { op: 'Pow', exponent: value });
};

/** Max, Min, Sum: one operand after the other. */
export const variadic =
  (op: BinaryOp): LoweringRule =>
  (lowering, node, inputs) => {
    const [first, ...rest] = inputs;
    if (!first) throw misfit(node, 'an input', 'none');
    return rest.reduce<Operand>((sum, input) => binary(op)(lowering, node, [sum, input]), first);
  };

/** y = scale (x - mean) / sqrt(variance + epsilon) + shift. */
export const batchNorm: LoweringRule = (lowering, node, inputs) => {
  const x = floatInput(node, inputs, 0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => {
    const values = numbersOf(constantInput(node, inputs, i).tensor(), node.label);
    if (values.length !== fileDims(x)[1]) throw misfit(node, `${fileDims(x)[1]} values`, values.length);
    return values;
  }) as [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
  const straight = lowering.straighten(node, x);
  if (straight.dims[0] !== 1) throw unsupported(node, 'one image', printDims(straight.dims));
  const epsilon = Math.fround(node.float('epsilon', 1e-5));
  const multipliers = Float64Array.from(scale, (s, i) => s / Math.sqrt(variance[i]! + epsilon));
  const effect: Effect = { kind: 'affine', multipliers, biases: multipliers.map((m, i) => shift[i]! - m * mean[i]!) };
  if (lowering.absorb(straight, effect)) return straight;
  const y = floatLike(straight);
  const bounds = { lower: -Infinity, upper: Infinity };
  lowering.add({ ...effect, kind: 'affine', ...head(node), x: straight, y: y.plane, ...bounds });
  return y;
};
