/** Operators of the runtime without a kernel of planes, with random shapes and attributes: ONNX Runtime's answer is ours. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attributes,
  f32,
  float,
  Graph,
  i64,
  int,
  ints,
  str,
  type Tensor,
  type Value,
} from '../../src/ir/index.ts';
import { normal } from '../evaluate.ts';
import { runBoth, worstError } from './runtime-compare.ts';

type Operand = Tensor | undefined;

interface Case {
  readonly op: string;
  /** Of x, float32. */
  readonly dims: readonly number[];
  readonly others?: readonly Operand[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** Puts x at another place among the inputs. */
  readonly slot?: number;
}

const within = (min: number, max: number) => fc.integer({ min, max });
const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const tail = (min: number, max: number) => fc.array(within(1, 4), { minLength: min, maxLength: max });
/** One image, or one sequence, of rank `min` + 1 to `max` + 1. */
const image = (min = 1, max = 3) => tail(min, max).map((dims) => [1, ...dims]);
const axisOf = (dims: readonly number[], from = 0) =>
  within(from - dims.length, dims.length - 1).filter((a) => a >= from || a < 0);
const noise = (dims: readonly number[], seed = 1) => normal(seed, dims);
const positive = (dims: readonly number[]) =>
  f32(
    dims,
    Array.from(noise(dims, 9).data as Float32Array, (v) => Math.abs(v) + 0.1),
  );

/** A shape that broadcasts with `dims`, and may be longer or shorter. */
const partner = (dims: readonly number[]) =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: dims.length, maxLength: dims.length }), within(0, dims.length))
    .map(([ones, from]) => dims.map((d, i) => (ones[i] ? 1 : d)).slice(from));

const binary = (op: string, second: (dims: readonly number[]) => Tensor = (dims) => noise(dims, 2)) =>
  image().chain((dims) => partner(dims).map((own): Case => ({ op, dims, others: [second(own)] })));

const unary = (op: string, attributes: Attributes = {}) => image().map((dims): Case => ({ op, dims, attributes }));

const reduction = (op: string) =>
  image().chain((dims) =>
    fc.tuple(fc.uniqueArray(within(0, dims.length - 1), { minLength: 1 }), within(0, 1), fc.boolean()).map(
      ([axes, keepdims, isAll]): Case => ({
        op,
        dims,
        others: isAll ? [] : [i64(axes.map((a, i) => (i % 2 ? a - dims.length : a)))],
        attributes: { keepdims: int(keepdims) },
      }),
    ),
  );

const pad = fc.tuple(image(2, 3), oneOf('constant', 'edge', 'reflect')).chain(([dims, mode]) =>
  fc.array(within(0, 2), { minLength: 2 * dims.length, maxLength: 2 * dims.length }).map((pads): Case => {
    const most = (i: number) => (mode === 'reflect' ? dims[i % dims.length]! - 1 : 2);
    const amounts = pads.map((p, i) => Math.min(p, most(i)));
    const value = mode === 'constant' ? [f32([], [0.5])] : [];
    return { op: 'Pad', dims, others: [i64(amounts), ...value], attributes: { mode: str(mode) } };
  }),
);

const gather = image().chain((dims) =>
  axisOf(dims).chain((axis) =>
    fc
      .tuple(fc.array(within(0, dims.at(axis)! - 1), { minLength: 1, maxLength: 4 }), oneOf(0, 1, 2))
      .map(([rows, rank]): Case => {
        const [first = 0] = rows;
        const indices =
          rank === 0 ? i64([first], []) : rank === 1 ? i64(rows) : i64([...rows, ...rows], [2, rows.length]);
        return { op: 'Gather', dims, others: [indices], attributes: { axis: int(axis) } };
      }),
  ),
);

const concat = image().chain((dims) =>
  fc.tuple(axisOf(dims), within(1, 3), fc.boolean()).map(([axis, size, isFirst]): Case => {
    const other = noise(dims.with(axis, size), 3);
    return { op: 'Concat', dims, others: [other], attributes: { axis: int(axis) }, slot: isFirst ? 0 : 1 };
  }),
);

const split = image().chain((dims) =>
  axisOf(dims).map((axis): Case => {
    const size = dims.at(axis)!;
    const parts = size > 1 ? [1, size - 1] : [1];
    return { op: 'Split', dims, others: [i64(parts)], attributes: { axis: int(axis) }, outputs: parts.length };
  }),
);

const product = fc
  .tuple(fc.array(within(1, 3), { maxLength: 2 }), within(1, 5), within(1, 5), within(1, 5), fc.boolean(), fc.boolean())
  .map(([lead, m, k, n, isBatched, isSecond]): Case => {
    const [a, b] = [[...lead, m, k], isBatched ? [...lead.map((d, i) => (i === 0 ? 1 : d)), k, n] : [k, n]];
    const [dims, other] = isSecond ? [b, a] : [a, b];
    return { op: 'MatMul', dims, others: [noise(other, 4)], slot: isSecond ? 1 : 0 };
  });

const gemm = fc.tuple(within(1, 4), within(1, 4), within(1, 4), within(0, 1), within(0, 1), oneOf(0, 1, 2)).map(
  ([m, k, n, transA, transB, rank]): Case => ({
    op: 'Gemm',
    dims: transA ? [k, m] : [m, k],
    others: [noise(transB ? [n, k] : [k, n], 5), noise([[], [n], [m, 1]][rank]!, 6)],
    attributes: { transA: int(transA), transB: int(transB), alpha: float(0.7), beta: float(1.3) },
  }),
);

const resize = fc
  .tuple(
    tail(2, 2),
    within(1, 7),
    within(1, 7),
    oneOf('nearest', 'linear', 'cubic'),
    oneOf('half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'),
    fc.boolean(),
  )
  .map(([space, height, width, mode, coordinates, hasScales]): Case => {
    const [h, w] = space.map((d) => d + 1) as [number, number];
    const to = hasScales ? [f32([4], [1, 1, height / h, width / w])] : [undefined, i64([1, 2, height, width])];
    const attributes = { mode: str(mode), coordinate_transformation_mode: str(coordinates) };
    return { op: 'Resize', dims: [1, 2, h, w], others: [undefined, ...to], attributes };
  })
  .filter(({ others }) => {
    const scales = others?.[1];
    return !scales || Array.from(scales.data as Float32Array).every((s, i) => Math.floor([1, 2, 3, 3][i]! * s) >= 1);
  });

const transposed = fc
  .tuple(within(1, 2), within(1, 2), within(1, 3), within(1, 3), within(1, 2), within(0, 1), fc.boolean())
  .map(
    ([groups, perGroup, kernel, stride, dilation, padding, hasBias]): Case => ({
      op: 'ConvTranspose',
      dims: [1, 2 * groups, 4, 5],
      others: [
        noise([2 * groups, perGroup, kernel, kernel + 1], 7),
        hasBias ? noise([perGroup * groups], 8) : undefined,
      ],
      attributes: {
        group: int(groups),
        strides: ints([stride, 1]),
        dilations: ints([1, dilation]),
        pads: ints([0, padding, padding, 0]),
      },
    }),
  );

const blocks = (op: string) =>
  fc.tuple(within(1, 3), within(1, 3), within(1, 3), within(1, 2), oneOf('DCR', 'CRD')).map(
    ([c, h, w, b, mode]): Case => ({
      op,
      dims: op === 'DepthToSpace' ? [1, c * b * b, h, w] : [1, c, h * b, w * b],
      attributes: { blocksize: int(b), ...(op === 'DepthToSpace' && { mode: str(mode) }) },
    }),
  );

const cases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  ArgMax: image().chain((dims) =>
    fc.tuple(axisOf(dims), within(0, 1)).map(
      ([axis, keepdims]): Case => ({
        op: 'ArgMax',
        dims,
        attributes: { axis: int(axis), keepdims: int(keepdims) },
      }),
    ),
  ),
  Celu: unary('Celu', { alpha: float(0.6) }),
  Concat: concat,
  ConvTranspose: transposed,
  DepthToSpace: blocks('DepthToSpace'),
  Elu: unary('Elu', { alpha: float(0.6) }),
  Equal: binary('Equal'),
  Erf: unary('Erf'),
  Expand: image().chain((dims) =>
    partner(dims).map((own): Case => ({ op: 'Expand', dims: [1, ...own], others: [i64([1, ...own.map((d) => d)])] })),
  ),
  Gather: gather,
  Gelu: unary('Gelu'),
  Gemm: gemm,
  Greater: binary('Greater'),
  HardSwish: unary('HardSwish'),
  InstanceNormalization: image(2, 3).map(
    (dims): Case => ({
      op: 'InstanceNormalization',
      dims: [...dims, 3],
      others: [noise([dims[1]!], 2), noise([dims[1]!], 3)],
    }),
  ),
  LayerNormalization: image(1, 3).chain((dims) =>
    within(0, dims.length - 1).map(
      (axis): Case => ({
        op: 'LayerNormalization',
        dims,
        others: [noise(dims.slice(axis), 2), noise(dims.slice(axis), 3)],
        attributes: { axis: int(axis) },
      }),
    ),
  ),
  Less: binary('Less'),
  LRN: tail(2, 2).chain((dims) =>
    oneOf(1, 3, 5).map(
      (size): Case => ({ op: 'LRN', dims: [1, 5, ...dims], attributes: { size: int(size), alpha: float(0.5) } }),
    ),
  ),
  MatMul: product,
  Mish: unary('Mish'),
  Mod: binary('Mod', positive).map((one): Case => ({ ...one, attributes: { fmod: int(1) } })),
  Pad: pad,
  Pow: binary('Pow', (dims) =>
    f32(
      dims,
      Array.from(noise(dims, 2).data as Float32Array, (v) => Math.round(v)),
    ),
  ),
  PRelu: image(2, 3).map(
    (dims): Case => ({ op: 'PRelu', dims, others: [noise([dims[1]!, ...dims.slice(2).map(() => 1)], 2)] }),
  ),
  ReduceL2: reduction('ReduceL2'),
  ReduceMax: reduction('ReduceMax'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMin: reduction('ReduceMin'),
  ReduceProd: reduction('ReduceProd'),
  ReduceSum: reduction('ReduceSum'),
  ReduceSumSquare: reduction('ReduceSumSquare'),
  Resize: resize,
  Selu: unary('Selu'),
  Slice: image().chain((dims) =>
    within(0, dims.length - 1).map(
      (axis): Case => ({
        op: 'Slice',
        dims,
        others: [i64([-1]), i64([-100]), i64([axis]), i64([-2])],
      }),
    ),
  ),
  Softmax: image().chain((dims) =>
    axisOf(dims).map((axis): Case => ({ op: 'Softmax', dims, attributes: { axis: int(axis) } })),
  ),
  SpaceToDepth: blocks('SpaceToDepth'),
  Split: split,
  Tile: image().chain((dims) =>
    fc
      .array(within(1, 2), { minLength: dims.length, maxLength: dims.length })
      .map((repeats): Case => ({ op: 'Tile', dims, others: [i64(repeats)] })),
  ),
};

/** The node between two transpositions, where those are asked for: axes of planes are then not those of the file. */
function graphOf({ op, dims, others = [], attributes = {}, outputs = 1, slot = 0 }: Case, isTurned: boolean): Graph {
  const graph = new Graph(op, 20);
  const rank = dims.length;
  const perm = [0, ...Array.from({ length: rank - 1 }, (_, i) => rank - 1 - i)];
  let x: Value = graph.input('x', 'float32', isTurned ? perm.map((axis) => dims[axis]!) : dims);
  if (isTurned) x = graph.add('Transpose', [x], { perm: ints(perm) }).output();
  const constants = others.map((tensor, i) => tensor && graph.initializer(`c${i}`, tensor));
  const inputs = constants.toSpliced(slot, 0, x);
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  graph.outputs = graph.add(op, inputs, attributes, { outputs: names }).outputs.map((output) => output!);
  return graph;
}

describe('an operator, straight and behind a transposition', () => {
  it.each(Object.entries(cases))('%s', async (_, arbitrary) => {
    const property = fc.asyncProperty(arbitrary, fc.boolean(), async (one, isTurned) => {
      const graph = graphOf(one, isTurned && one.dims.length > 1);
      const x = normal(11, graph.inputs[0]!.type!.shape as number[]);
      const { expected, found, session } = await runBoth(graph, { x });
      const asNumbers = Object.fromEntries(
        Object.entries(expected).map(([name, { dims, data }]) => [name, { dims, data: Array.from(data, Number) }]),
      );
      expect(worstError({ expected: asNumbers, found })).toBeLessThan(2e-5);
      await session.release();
    });
    await fc.assert(property, { numRuns: 25 });
  });
});

describe('two computed operands', () => {
  const attention = (graph: Graph, x: Value): Value => {
    const weight = (name: string, seed: number) => graph.initializer(name, noise([6, 6], seed));
    const heads = graph.initializer('heads', i64([1, 5, 2, 3]));
    const part = (name: string, seed: number, perm: readonly number[]) => {
      const rows = graph.add('MatMul', [x, weight(name, seed)]).output();
      return graph.add('Transpose', [graph.add('Reshape', [rows, heads]).output()], { perm: ints(perm) }).output();
    };
    const [q, k, v] = [part('q', 1, [0, 2, 1, 3]), part('k', 2, [0, 2, 3, 1]), part('v', 3, [0, 2, 1, 3])];
    const scores = graph.add('Softmax', [graph.add('MatMul', [q, k]).output()], { axis: int(-1) }).output();
    const mixed = graph.add('Transpose', [graph.add('MatMul', [scores, v]).output()], { perm: ints([0, 2, 1, 3]) });
    const rows = graph.add('Reshape', [mixed.output(), graph.initializer('rows', i64([1, 5, 6]))]).output();
    const y = graph.add('Add', [x, graph.add('MatMul', [rows, weight('o', 4)]).output()]).output();
    const norm = [graph.initializer('s', noise([6], 5)), graph.initializer('b', noise([6], 6))];
    return graph.add('LayerNormalization', [y, ...norm], { axis: int(-1) }).output();
  };

  it('an attention with its norm', async () => {
    const graph = new Graph('attention', 20);
    graph.outputs = [attention(graph, graph.input('x', 'float32', [1, 5, 6]))];
    const results = await runBoth(graph, { x: normal(3, [1, 5, 6]) });
    expect(worstError(results)).toBeLessThan(1e-5);
  });

  it('a choice between two by a comparison, and its cast', async () => {
    const graph = new Graph('choice', 20);
    const x = graph.input('x', 'float32', [1, 3, 4, 4]);
    const mean = graph.add('ReduceMean', [x, graph.initializer('a', i64([1]))]).output();
    const isLarge = graph.add('Greater', [x, mean]).output();
    const chosen = graph.add('Where', [isLarge, x, graph.add('Neg', [mean]).output()]).output();
    const ones = graph.add('Cast', [graph.add('Not', [isLarge]).output()], { to: int(1) }).output();
    graph.outputs = [graph.add('Add', [chosen, ones]).output()];
    expect(worstError(await runBoth(graph, { x: normal(3, [1, 3, 4, 4]) }))).toBeLessThan(1e-6);
  });

  it('arithmetic of sizes that only a first image tells needs no rule', async () => {
    const graph = new Graph('sizes', 20);
    const x = graph.input('x', 'float32', [1, 2, 'H', 'W']);
    const shape = graph.add('Shape', [x]).output();
    const count = graph.add('ReduceProd', [shape], { keepdims: int(1) }).output();
    const range = graph.add('Range', [
      graph.initializer('0', i64([0], [])),
      graph.add('Squeeze', [count]).output(),
      graph.initializer('1', i64([1], [])),
    ]);
    const floats = graph.add('Cast', [range.output()], { to: int(1) }).output();
    graph.outputs = [graph.add('Add', [x, graph.add('Reshape', [floats, shape]).output()]).output()];
    expect(worstError(await runBoth(graph, { x: normal(3, [1, 2, 3, 5]) }))).toBeLessThan(1e-6);
  });
});
