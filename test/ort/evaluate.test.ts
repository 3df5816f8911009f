/**
 * What is computed of constants against ONNX Runtime: every operator that has a rule, with random shapes (scalars and
 * empty ones too), element types and attributes. Types that ONNX Runtime has no kernel for are left out. One idea, as long
 * as the list of operators.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/engine/index.ts';
import {
  type Attributes,
  type DType,
  elementCodeOf,
  elementCount,
  float,
  Graph,
  i64,
  int,
  ints,
  str,
  type Tensor,
  tensorAttribute,
  toNumbers,
} from '../../src/ir/index.ts';
import { type EvaluatedOp, evaluateConstants } from '../../src/ops/arithmetic/evaluate.ts';
import { fromNumbers } from '../../src/ops/arithmetic/numbers.ts';

interface Case {
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
}

const within = (min: number, max: number) => fc.integer({ min, max });
const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const size = fc.oneof({ weight: 9, arbitrary: within(1, 4) }, { weight: 1, arbitrary: fc.constant(0) });
const dimsOf = (min: number, max: number) => fc.array(size, { minLength: min, maxLength: max });
const anyDims = dimsOf(0, 4);

const floats: readonly DType[] = ['float32', 'float32', 'float64', 'float16'];
const integers: readonly DType[] = ['int32', 'int64', 'int8', 'uint8'];
const numeric = [...floats, ...integers];
const everything: readonly DType[] = [...numeric, 'bool', 'uint16', 'uint64'];

/** Elements of a type; `from` and `to` in quarters, which floats have, and integers truncate. */
function tensor(dtype: DType, dims: readonly number[], from = -20, to = 20): fc.Arbitrary<Tensor> {
  const low = dtype.startsWith('u') || dtype === 'bool' ? Math.max(0, from) : from;
  const count = elementCount(dims);
  const quarters = fc.array(within(low, Math.max(low, to)), { minLength: count, maxLength: count });
  return quarters.map((values) =>
    fromNumbers(
      dtype,
      dims,
      values.map((v) => v / 4),
    ),
  );
}

const anyTensor = (dtypes: readonly DType[], dims = anyDims, from?: number, to?: number): fc.Arbitrary<Tensor> =>
  fc.tuple(oneOf(...dtypes), dims).chain(([dtype, d]) => tensor(dtype, d, from, to));

const alone = (x: fc.Arbitrary<Tensor>, attributes: fc.Arbitrary<Attributes> = fc.constant({})) =>
  fc.record({ inputs: fc.tuple(x), attributes });

const unary = (dtypes = floats, attributes?: fc.Arbitrary<Attributes>) => alone(anyTensor(dtypes), attributes);

/** Dimensions that broadcast to `dims`: some sizes are 1, some leading axes are not there. */
const spreadFrom = (dims: readonly number[]): fc.Arbitrary<number[]> =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: dims.length, maxLength: dims.length }), within(0, dims.length))
    .map(([ones, drop]) => dims.map((d, i) => (ones[i] ? 1 : d)).slice(drop));

function broadcasting(dtypes: readonly DType[], count: fc.Arbitrary<number>, from?: number, to?: number) {
  return fc.tuple(anyDims, oneOf(...dtypes), count).chain(([dims, dtype, n]) => {
    const operands = Array.from({ length: n }, (_, i) =>
      spreadFrom(dims).chain((own) => tensor(dtype, own, i > 0 ? from : undefined, i > 0 ? to : undefined)),
    );
    return fc.record({ inputs: fc.tuple(...operands) });
  });
}

const two = fc.constant(2);
const binary = (dtypes = numeric) => broadcasting(dtypes, two);
const logic = broadcasting(['bool'], two, 0, 4);
const alpha = (name: string) => within(-4, 8).map((v): Attributes => ({ [name]: float(v / 8) }));

/** A tensor of at least one axis and one of its axes, counted from either end. */
const withAxis = (dtypes: readonly DType[], dims = dimsOf(1, 4)) =>
  anyTensor(dtypes, dims).chain((x) => fc.tuple(fc.constant(x), within(-x.dims.length, x.dims.length - 1)));

const wrap = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

const clip = fc.tuple(oneOf(...numeric), anyDims, fc.boolean(), fc.boolean()).chain(([dtype, dims, low, high]) =>
  fc.record({
    inputs: fc.tuple(
      tensor(dtype, dims),
      low ? tensor(dtype, [], -8, 0) : fc.constant(undefined),
      high ? tensor(dtype, [], 0, 8) : fc.constant(undefined),
    ),
  }),
);

/** Values that every type can hold: what others become is undefined. */
const cast = fc
  .tuple(anyTensor(everything, anyDims, 0, 40), oneOf(...everything))
  .map(([x, to]) => ({ inputs: [x], attributes: { to: int(elementCodeOf(to)) } }));

const concat = withAxis(everything).chain(([x, axis]) => {
  const part = size.chain((d) => tensor(x.dtype, x.dims.with(wrap(axis, x.dims.length), d)));
  return fc.array(part, { maxLength: 3 }).map((parts) => ({ inputs: [x, ...parts], attributes: { axis: int(axis) } }));
});

const constantOfShape = fc
  .tuple(anyDims, fc.option(anyTensor(everything, fc.constant([1]))))
  .map(([dims, value]) => ({ inputs: [i64(dims)], attributes: value ? { value: tensorAttribute(value) } : {} }));

const dequantize = fc
  .tuple(oneOf<DType>('int8', 'uint8', 'int32'), dimsOf(1, 3), fc.boolean(), fc.boolean())
  .chain(([dtype, dims, perAxis, hasZero]) =>
    within(-dims.length, dims.length - 1).chain((axis) => {
      const scales = perAxis ? [dims[wrap(axis, dims.length)]!] : [];
      const zero = tensor(dtype, scales, 0, dtype === 'int32' ? 0 : 40);
      return fc.record({
        inputs: fc.tuple(
          tensor(dtype, dims, -400, 400),
          tensor('float32', scales, 1, 9),
          hasZero ? zero : fc.constant(undefined),
        ),
        attributes: fc.constant({ axis: int(axis) }),
      });
    }),
  );

const expand = anyDims.chain((dims) =>
  fc
    .tuple(spreadFrom(dims), spreadFrom(dims), oneOf(...everything))
    .chain(([own, wanted, dtype]) => fc.record({ inputs: fc.tuple(tensor(dtype, own), fc.constant(i64(wanted))) })),
);

const flatten = anyTensor(everything).chain((x) =>
  within(-x.dims.length, x.dims.length).map((axis) => ({ inputs: [x], attributes: { axis: int(axis) } })),
);

const gather = withAxis(everything, fc.array(within(1, 4), { minLength: 1, maxLength: 3 })).chain(([x, axis]) => {
  const count = x.dims[wrap(axis, x.dims.length)]!;
  return fc.tuple(dimsOf(0, 2), oneOf<DType>('int64', 'int32')).chain(([dims, dtype]) =>
    tensor(dtype, dims, -4 * count, 4 * count - 1).map((indices) => ({
      inputs: [
        x,
        fromNumbers(
          dtype,
          dims,
          toNumbers(indices).map((i) => Math.max(-count, Math.min(i, count - 1))),
        ),
      ],
      attributes: { axis: int(axis) },
    })),
  );
});

const range = fc
  .tuple(oneOf<DType>('float32', 'int64', 'int32'), within(-9, 9), within(-9, 9), oneOf(-3, -1, 1, 2))
  .map(([dtype, ...values]) => ({ inputs: values.map((v) => fromNumbers(dtype, [], [v])) }));

/** Neighbouring axes joined or cut, one size perhaps left open, one perhaps copied. */
const reshape = fc
  .tuple(anyTensor(everything, fc.array(within(1, 4), { maxLength: 4 })), fc.nat(), fc.boolean(), fc.boolean())
  .map(([x, at, isOpen, isCopied]) => {
    const cut = x.dims.length === 0 ? 0 : at % x.dims.length;
    const target = [...x.dims.slice(0, cut), elementCount(x.dims.slice(cut))];
    if (isOpen) target[target.length - 1] = -1;
    if (isCopied && cut > 0) target[0] = 0;
    return { inputs: [x, i64(target)] };
  });

const shape = anyTensor(numeric).chain((x) => {
  const edge = fc.option(within(-x.dims.length - 1, x.dims.length + 1));
  return fc.tuple(edge, edge).map(([start, end]) => ({
    inputs: [x],
    attributes: { ...(start !== null && { start: int(start) }), ...(end !== null && { end: int(end) }) },
  }));
});

const slice = anyTensor(everything, dimsOf(1, 3)).chain((x) => {
  const rank = x.dims.length;
  return fc
    .tuple(fc.subarray([...x.dims.keys()], { minLength: 1 }), fc.boolean(), fc.boolean())
    .chain(([axes, negative, far]) => {
      const edge = fc.array(far ? oneOf(-(2 ** 40), 2 ** 40, -1, 0) : within(-5, 5), {
        minLength: axes.length,
        maxLength: axes.length,
      });
      const steps = fc.array(oneOf(-2, -1, 1, 2), { minLength: axes.length, maxLength: axes.length });
      return fc.tuple(edge, edge, steps).map(([starts, ends, by]) => ({
        inputs: [x, i64(starts), i64(ends), i64(axes.map((axis) => (negative ? axis - rank : axis))), i64(by)],
      }));
    });
});

const split = withAxis(everything, fc.array(within(1, 5), { minLength: 1, maxLength: 3 })).chain(([x, axis]) => {
  const count = x.dims[wrap(axis, x.dims.length)]!;
  const even = within(1, count)
    .filter((n) => Math.ceil(count / n) * (n - 1) < count)
    .map((n) => ({ inputs: [x], attributes: { axis: int(axis), num_outputs: int(n) }, outputs: n }));
  const given = within(0, count).map((n) => ({
    inputs: [x, i64([n, count - n])],
    attributes: { axis: int(axis) },
    outputs: 2,
  }));
  return fc.oneof(even, given);
});

const squeeze = anyDims.chain((dims) =>
  fc
    .tuple(oneOf(...everything), within(0, dims.length), fc.boolean(), fc.boolean())
    .chain(([dtype, at, isGiven, negative]) => {
      const full = [...dims.slice(0, at), 1, ...dims.slice(at)];
      const axes = i64([negative ? at - full.length : at]);
      return tensor(dtype, full).map((x) => ({ inputs: isGiven ? [x, axes] : [x] }));
    }),
);

const transpose = anyTensor(everything).chain((x) => {
  const axes = [...x.dims.keys()];
  return fc
    .option(fc.shuffledSubarray(axes, { minLength: axes.length }))
    .map((perm): Case => ({ inputs: [x], attributes: perm ? { perm: ints(perm) } : {} }));
});

const unsqueeze = anyTensor(everything, dimsOf(0, 3)).chain((x) =>
  fc.tuple(within(1, 2), fc.boolean()).chain(([count, negative]) => {
    const rank = x.dims.length + count;
    const axes = fc.shuffledSubarray(
      Array.from({ length: rank }, (_, i) => i),
      { minLength: count, maxLength: count },
    );
    return axes.map((list) => ({ inputs: [x, i64(list.map((axis) => (negative ? axis - rank : axis)))] }));
  }),
);

const where = fc.tuple(anyDims, oneOf(...everything)).chain(([dims, dtype]) => {
  const operand = (type: DType, to?: number) => spreadFrom(dims).chain((own) => tensor(type, own, undefined, to));
  return fc.record({ inputs: fc.tuple(operand('bool', 4), operand(dtype), operand(dtype)) });
});

const pow = fc.tuple(anyDims, oneOf<DType>('float32', 'float64', 'int32', 'int64')).chain(([dims, dtype]) => {
  const exponents = oneOf<DType>('float32', 'int64', 'int32').chain((type) =>
    spreadFrom(dims).chain((own) => tensor(type, own, 0, 12)),
  );
  const bases = spreadFrom(dims).chain((own) => tensor(dtype, own, 4, 20));
  return fc.record({ inputs: fc.tuple(bases, exponents) });
});

const prelu = fc.tuple(anyDims, oneOf<DType>('float32', 'float64', 'float16', 'int32')).chain(([dims, dtype]) =>
  fc.record({
    inputs: fc.tuple(
      tensor(dtype, dims),
      spreadFrom(dims).chain((own) => tensor(dtype, own)),
    ),
  }),
);

/** Integers by integers other than 0, whose remainders have the sign of the divisor; floats as C computes them. */
const remainder: fc.Arbitrary<Case> = fc.tuple(oneOf(-1, 1), fc.boolean()).chain(([sign, isFloat]) => {
  const dtypes = isFloat ? floats : (['int32', 'int64', 'int8'] as const);
  const [low, high] = sign < 0 ? [-20, -4] : [4, 20];
  return fc
    .tuple(oneOf(...dtypes), anyDims)
    .chain(([dtype, dims]) => fc.tuple(tensor(dtype, dims), tensor(dtype, dims, low, high)))
    .map((inputs) => ({ inputs, attributes: { fmod: int(isFloat ? 1 : 0) } }));
});

const blocks = (grows: boolean): fc.Arbitrary<Case> =>
  fc
    .tuple(within(1, 2), within(1, 3), within(1, 2), within(1, 3), within(1, 3), oneOf('DCR', 'CRD'))
    .chain(([n, c, h, w, b, mode]) => {
      const dims = grows ? [n, c * b * b, h, w] : [n, c, h * b, w * b];
      const attributes: Attributes = { blocksize: int(b), ...(grows && { mode: str(mode) }) };
      return tensor('float32', dims).map((x) => ({ inputs: [x], attributes }));
    });

const cases: { readonly [K in EvaluatedOp]: fc.Arbitrary<Case> } = {
  Abs: unary(numeric),
  Add: binary(),
  And: logic,
  Cast: cast,
  Ceil: unary(),
  Celu: unary(floats, alpha('alpha')),
  Clip: clip,
  Concat: concat,
  ConstantOfShape: constantOfShape,
  DepthToSpace: blocks(true),
  DequantizeLinear: dequantize,
  Div: broadcasting(numeric, two, 4, 20), // a division of integers by zero ends the process
  Dropout: anyTensor(floats).map((x) => ({ inputs: [x], outputs: 2 })),
  Elu: unary(floats, alpha('alpha')),
  Equal: binary([...numeric, 'bool']),
  Erf: unary(),
  Exp: unary(),
  Expand: expand,
  Flatten: flatten,
  Floor: unary(),
  Gather: gather,
  Gelu: unary(floats, oneOf<Attributes>({}, { approximate: str('tanh') })),
  Greater: binary(),
  GreaterOrEqual: binary(),
  HardSigmoid: unary(floats, alpha('alpha')),
  HardSwish: unary(),
  Identity: unary(everything),
  LeakyRelu: unary(floats, alpha('alpha')),
  Less: binary(),
  LessOrEqual: binary(),
  Log: unary(),
  Max: broadcasting(numeric, within(1, 4)),
  Min: broadcasting(numeric, within(1, 4)),
  Mish: unary(),
  Mod: remainder,
  Mul: binary(),
  Neg: unary(numeric),
  Not: unary(['bool']),
  Or: logic,
  Pow: pow,
  PRelu: prelu,
  Range: range,
  Reciprocal: unary(),
  Relu: unary([...floats, 'int32', 'int8']),
  Reshape: reshape,
  Round: unary(),
  Selu: unary(floats, alpha('gamma')),
  Shape: shape,
  Sigmoid: unary(),
  Sign: unary(numeric),
  Slice: slice,
  Softplus: unary(),
  Softsign: unary(),
  SpaceToDepth: blocks(false),
  Split: split,
  Sqrt: unary(),
  Squeeze: squeeze,
  Sub: binary(),
  Sum: broadcasting(floats, within(1, 4)),
  Tanh: unary(),
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Where: where,
  Xor: logic,
};

/** Rounding to one unit in the last place of the coarsest types; what is moved has none. */
const tolerance: { readonly [K in DType]?: number } = { float32: 1e-5, float64: 1e-7, float16: 2e-3 };

/** What ONNX Runtime computes; undefined where it has no kernel for the types. */
async function expected(op: string, { inputs, attributes = {}, outputs = 1 }: Case) {
  const graph = new Graph(op, 20);
  const feeds: Record<string, Tensor> = {};
  const values = inputs.map((input, i) => {
    if (!input) return undefined;
    const name = `x${i}`;
    feeds[name] = input;
    return graph.input(name, input.dtype, input.dims);
  });
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const node = graph.add(op, values, attributes, { name: 'n', outputs: names });
  graph.outputs = node.outputs.map((o) => o!);
  try {
    const executable = await compile(graph, { optimize: false, threads: 1 });
    const results = await executable.run(feeds);
    await executable.release();
    return { node, results: names.map((name) => results[name]!) };
  } catch (error) {
    const message = error instanceof Error ? `${error.message} ${String(error.cause)}` : '';
    if (/NOT_IMPLEMENTED|Could not find an implementation|Type Error/.test(message)) {
      return undefined;
    }
    throw error;
  }
}

describe('constants as ONNX Runtime computes them', () => {
  it.each(Object.entries(cases))('%s', async (op, arbitrary) => {
    let compared = 0;
    const property = fc.asyncProperty(arbitrary, async (one) => {
      const wanted = await expected(op, one);
      if (!wanted) return;
      compared++;
      const found = evaluateConstants(wanted.node, one.inputs);
      expect(found.map(({ dtype, dims }) => ({ dtype, dims: [...dims] }))).toEqual(
        wanted.results.map(({ dtype, dims }) => ({ dtype, dims: [...dims] })),
      );
      for (const [i, { dtype }] of found.entries()) {
        const got: number[] = toNumbers(found[i]!);
        for (const [k, w] of toNumbers(wanted.results[i]!).entries()) {
          const near = Math.abs(got[k]! - w) <= (tolerance[dtype] ?? 0) * Math.max(1, Math.abs(w));
          if (!Object.is(got[k]! + 0, w + 0) && !near) expect.fail(`element ${k}: expected ${w}, found ${got[k]}`);
        }
      }
    });
    await fc.assert(property, { numRuns: 40 });
    expect(compared).toBeGreaterThanOrEqual(12);
  });
});
