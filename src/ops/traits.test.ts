/** What the traits claim, on the reference semantics: one node for each operator that has any. */

import { describe, expect, it } from 'vitest';
import {
  type Attributes,
  f32,
  Graph,
  i64,
  int,
  ints,
  type Node,
  Random,
  scalar,
  type Tensor,
  toNumbers,
} from '../ir/index.ts';
import { type OpType, opTypes } from './names.ts';
import { evaluateNode } from './reference.ts';
import { type Traits, traitsOf } from './traits.ts';

const dims = [2, 3, 4, 2];
const channelOf = (i: number) => Math.floor(i / 8) % 3;
const random = new Random(18, 'traits');

/** Numbers from -2 to 2 that differ, or from 0 to 2. */
function noise(shape: readonly number[], isPositive = false): Tensor {
  const count = shape.reduce((n, d) => n * d, 1);
  const value = () => (isPositive ? 2 * random.float() : 4 * random.float() - 2);
  return f32(shape, Array.from({ length: count }, value));
}

const bools = (): Tensor => ({ dtype: 'bool', dims, data: Uint8Array.from({ length: 48 }, () => random.int(2)) });

interface Sample {
  /** The inputs behind the first, drawn anew each time. */
  readonly others?: (isPositive: boolean) => (Tensor | undefined)[];
  readonly first?: (isPositive: boolean) => Tensor;
  readonly attributes?: Attributes;
  readonly outputs?: number;
}

const pair: Sample = { others: (isPositive) => [noise([3, 1, 1], isPositive)] };
const logic: Sample = { first: bools, others: () => [bools()] };
const axes: Sample = { others: () => [i64([1, -1])] };
const weights: Sample = { others: (isPositive) => [noise([4, 3, 1, 1], isPositive)] };
const statistics: Sample = { others: () => [noise([3]), noise([3]), noise([3]), noise([3], true)] };
const indices: Tensor = { dtype: 'int64', dims: [2, 1, 1, 2], data: BigInt64Array.of(0n, -1n, 1n, 0n) };
const quantization: Sample = { others: () => [scalar(0.25), { dtype: 'int8', dims: [], data: Int8Array.of(3) }] };
const int8 = (): Tensor => ({ dtype: 'int8', dims, data: Int8Array.from({ length: 48 }, () => random.int(256) - 128) });

/** Operators whose node is not one of a single input of floats and no attributes. */
const samples: { readonly [K in OpType]?: Sample } = {
  Add: pair,
  And: logic,
  AveragePool: { attributes: { kernel_shape: ints([2, 2]), pads: ints([1, 0, 1, 1]) } },
  BatchNormalization: statistics,
  Cast: { attributes: { to: int(10) } },
  Clip: { others: () => [scalar(-1), scalar(0.5)] },
  Concat: { others: (isPositive) => [noise(dims, isPositive)], attributes: { axis: int(1) } },
  Conv: weights,
  DepthToSpace: { first: (isPositive) => noise([2, 4, 2, 3], isPositive), attributes: { blocksize: int(2) } },
  InstanceNormalization: { others: () => [noise([3]), noise([3])] },
  LRN: { attributes: { size: int(3) } },
  SpaceToDepth: { first: (isPositive) => noise([2, 1, 4, 6], isPositive), attributes: { blocksize: int(2) } },
  ConvTranspose: { others: () => [noise([3, 4, 1, 1])] },
  DequantizeLinear: { ...quantization, first: int8 },
  Div: pair,
  Mod: pair,
  Equal: logic,
  Expand: { others: () => [i64([2, 1, 1, 1, 1])] },
  Flatten: { attributes: { axis: int(2) } },
  Gather: { others: () => [i64([2, 0, -1])], attributes: { axis: int(1) } },
  GatherElements: { others: () => [indices], attributes: { axis: int(3) } },
  Gemm: { first: (isPositive) => noise([2, 3], isPositive), others: () => [noise([3, 2])] },
  Greater: pair,
  GreaterOrEqual: pair,
  LayerNormalization: { others: () => [noise([2])] },
  Less: pair,
  LessOrEqual: pair,
  MatMul: { first: (isPositive) => noise([2, 3], isPositive), others: (isPositive) => [noise([3, 2], isPositive)] },
  Max: pair,
  MaxPool: { attributes: { kernel_shape: ints([2, 2]), pads: ints([1, 0, 1, 1]) } },
  Min: pair,
  Mul: pair,
  Not: { first: bools },
  Or: logic,
  Pow: { first: () => noise(dims, true), others: (isPositive) => [noise([3, 1, 1], isPositive)] },
  PRelu: pair,
  QuantizeLinear: quantization,
  ReduceL2: axes,
  ReduceMax: axes,
  ReduceMean: axes,
  ReduceMin: axes,
  ReduceProd: axes,
  ReduceSum: axes,
  ReduceSumSquare: axes,
  Reshape: { others: () => [i64([4, -1])] },
  Slice: { others: () => [i64([0, -1]), i64([2, -9]), i64([1, 2]), i64([1, -2])] },
  Split: { attributes: { axis: int(1) }, outputs: 3 },
  Squeeze: { first: (isPositive) => noise([2, 1, 3], isPositive), others: () => [i64([1])] },
  Sub: pair,
  Sum: pair,
  Tile: { others: () => [i64([1, 2, 1, 1])] },
  Transpose: { attributes: { perm: ints([0, 2, 3, 1]) } },
  Unsqueeze: { others: () => [i64([0])] },
  Where: { first: bools, others: (isPositive) => [noise([3, 1, 1], isPositive), noise(dims, isPositive)] },
  Xor: logic,
};

function nodeOf(op: OpType, inputs: readonly (Tensor | undefined)[]): Node {
  const { attributes = {}, outputs = 1 } = samples[op] ?? {};
  const graph = new Graph();
  const values = inputs.map((t) => t && graph.initializer('x', t));
  return graph.add(op, values, attributes, { outputs });
}

const draw = (op: OpType, isPositive = false): [Tensor, ...(Tensor | undefined)[]] => {
  const { first = (p: boolean) => noise(dims, p), others = () => [] } = samples[op] ?? {};
  return [first(isPositive), ...others(isPositive)];
};

const run = (op: OpType, inputs: readonly (Tensor | undefined)[]): Tensor =>
  evaluateNode(nodeOf(op, inputs), inputs)[0]!;

const mapped = (x: Tensor, f: (value: number, i: number) => number): Tensor => ({
  ...x,
  data: x.data instanceof Uint8Array ? Uint8Array.from(x.data, f) : Float32Array.from(x.data as Float32Array, f),
});

const known = Object.fromEntries(opTypes.map((op) => [op, traitsOf(new Graph().add(op, [], {}))]));
const having = (test: (traits: Traits) => unknown) => opTypes.filter((op) => test(known[op]!));

it.each(having((t) => t.elementwise))('%s: element by element', (op) => {
  const [x, ...rest] = draw(op);
  const before = toNumbers(run(op, [x, ...rest]));
  expect(before).toHaveLength(x.data.length);
  let changes = 0;
  for (let i = 0; i < before.length; i++) {
    const other = mapped(x, (v, k) => (k !== i ? v : x.dtype === 'bool' ? 1 - v : v + 0.7));
    const after = toNumbers(run(op, [other, ...rest]));
    for (const [k, v] of after.entries()) if (!Object.is(v, before[k])) expect(k).toBe(i);
    if (!Object.is(after[i], before[i])) changes++;
  }
  expect(changes).toBeGreaterThan(0);
});

/** Reverses the order of numbers, so that nothing that depends on values survives it. */
const code = (v: number) => Math.fround(7 - 3 * v);

it.each(having((t) => t.moves))('%s: elements by their places', (op) => {
  const inputs = draw(op);
  const coded = inputs.map((t, i) => (t && (i === 0 || known[op]!.moves === 'all') ? mapped(t, code) : t));
  const found = toNumbers(run(op, inputs));
  expect(toNumbers(run(op, coded))).toEqual(found.map(code));
  const given = new Set((known[op]!.moves === 'all' ? inputs : [inputs[0]]).flatMap((t) => toNumbers(t!)));
  expect(found.every((v) => given.has(v))).toBe(true);
});

it.each(having((t) => t.keepsOrder))('%s: all elements in order', (op) => {
  const inputs = draw(op);
  expect(toNumbers(run(op, inputs))).toEqual(toNumbers(inputs[0]));
});

describe('other element types', () => {
  const x = noise(dims);
  it('Cast: rounded', () => {
    for (const [i, v] of toNumbers(run('Cast', [x])).entries()) expect(v).toBeCloseTo(toNumbers(x)[i]!, 2);
  });

  it('QuantizeLinear, DequantizeLinear: half a step off at most', () => {
    const [scale, zero] = quantization.others!(false);
    const back = toNumbers(run('DequantizeLinear', [run('QuantizeLinear', [x, scale, zero]), scale, zero]));
    for (const [i, v] of back.entries()) expect(Math.abs(v - toNumbers(x)[i]!)).toBeLessThanOrEqual(0.125);
  });

  it('no other operator', () =>
    expect(having((t) => t.converts)).toEqual(['Cast', 'DequantizeLinear', 'QuantizeLinear']));
});

it.each(having((t) => t.homogeneous))('%s: f(s x) = s f(x), channel by channel', (op) => {
  const [x, ...rest] = draw(op);
  const factors = [0.5, 0, 8];
  const y = run(op, [x, ...rest]);
  const scaled = toNumbers(run(op, [mapped(x, (v, i) => factors[channelOf(i)]! * v), ...rest]));
  const pixels = y.data.length / 6;
  for (const [i, v] of toNumbers(y).entries()) {
    expect(scaled[i]).toBeCloseTo(factors[Math.floor(i / pixels) % 3]! * v, 4);
  }
});

describe('not below zero', () => {
  const isBelow = (y: Tensor) => toNumbers(y).some((v) => v < 0);

  it.each(having((t) => t.nonNegative === 'always'))('%s: never', (op) => {
    for (let i = 0; i < 20; i++) expect(isBelow(run(op, draw(op)))).toBe(false);
  });

  it.each(having((t) => t.nonNegative === 'kept'))('%s: not unless an input is', (op) => {
    for (let i = 0; i < 20; i++) expect(isBelow(run(op, draw(op, true)))).toBe(false);
  });
});

it.each(having((t) => t.pools))('%s: mean or maximum in each channel', (op) => {
  const [x] = draw(op);
  const before = run(op, [x]);
  expect(known[op]!.pools === 'global').toBe(before.data.length === 6);
  const after = toNumbers(run(op, [mapped(x, (v, i) => (channelOf(i) === 1 ? v + 1 : v))]));
  const pixels = before.data.length / 6;
  for (const [i, v] of toNumbers(before).entries()) {
    expect(after[i]).toBeCloseTo(v + Number(Math.floor(i / pixels) % 3 === 1), 5);
  }
});

it.each(having((t) => t.windowed))('%s: pads around the pixels', (op) => {
  const inputs = draw(op);
  const node = nodeOf(op, inputs);
  const outputOf = (pads: number[]) => {
    node.attributes = { ...node.attributes, pads: ints(pads) };
    return evaluateNode(node, inputs)[0]!.dims;
  };
  const [, , height, width] = outputOf([0, 0, 0, 0]);
  expect(outputOf([1, 0, 0, 0]).slice(2)).toEqual([height! + 1, width]);
  expect(outputOf([0, 1, 0, 1]).slice(2)).toEqual([height, width! + 2]);
});

it.each(having((t) => t.reduces))('%s: groups in any order', (op) => {
  const [x] = draw(op);
  const reversed = run('Slice', [x, i64([-1]), i64([-99]), i64([1]), i64([-1])]);
  const [before, after] = [x, reversed].map((t) => run(op, [t, i64([1])]));
  expect(before!.dims).toEqual([2, 1, 4, 2]);
  for (const [i, v] of toNumbers(before!).entries()) expect(toNumbers(after!)[i]).toBeCloseTo(v, 5);
  expect(run(op, [x]).data).toHaveLength(1);
});

it.each(having((t) => t.softmax))('%s: shares of one', (op) => {
  const y = toNumbers(run(op, draw(op)));
  const [even, odd] = [0, 1].map((k) => y.filter((_, i) => i % 2 === k)) as [number[], number[]];
  const share = op === 'LogSoftmax' ? Math.exp : (v: number) => v;
  for (const [i, v] of even.entries()) expect(share(v) + share(odd[i]!)).toBeCloseTo(1, 6);
});

it.each(having((t) => t.variadic))('%s: one alone is itself', (op) => {
  const [x] = draw(op);
  expect(run(op, [x])).toEqual(x);
});

it('hasWeights: operators that take constants behind their input', () => {
  for (const op of having((t) => t.hasWeights)) expect(draw(op).length).toBeGreaterThan(1);
});

it('knows nothing of other domains', () => {
  expect(traitsOf(new Graph().add('Relu', [], {}, { domain: 'com.example' }))).toEqual({});
});
