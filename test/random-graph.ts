/**
 * Small random classifiers for property tests of rewrites: what exporters write and what training leaves, in any order, with
 * layers that read each other in any way. A graph is a list of moves, each of which adds a few nodes behind values that are
 * there, so that failures shrink to few moves. The same moves give the same graph.
 */

import fc from 'fast-check';
import { type Attributes, f32, float, Graph, i64, int, ints, str, type Value, verify } from '../src/ir/index.ts';
import { Builder } from '../src/ops/index.ts';
import { normal, ternary } from './evaluate.ts';

/** Everything that varies about a step of the construction. */
export interface Move {
  readonly kind: MoveKind;
  /** Which value it reads, counted from the last one. */
  readonly back: number;
  /** Which other one, for those that read two; and small choices. */
  readonly other: number;
  readonly seed: number;
}

/** A value behind `x` `[N, C, H, W]`, of the same rank; undefined where the move does not fit. */
type Rule = (x: Value, move: Move, tools: Tools) => Value | undefined;

interface Tools {
  readonly b: Builder;
  /** All values so far. */
  readonly pool: readonly Value[];
  random(dims: readonly number[]): Value;
  /** In 0.5 to 1.5 and more, away from 0. */
  positive(dims: readonly number[]): Value;
  ternary(dims: readonly number[]): Value;
}

const dimsOf = (x: Value) => x.shape as readonly [number, number, number, number];
const same = { pads: ints([1, 1, 1, 1]) };

const conv =
  (kernel: number, attributes: Attributes = {}, weights: 'random' | 'ternary' = 'random'): Rule =>
  (x, { other }, t) => {
    const filters = 2 + (other % 4);
    const weight = t[weights]([filters, dimsOf(x)[1], kernel, kernel]);
    return t.b.op('Conv', other % 2 ? [x, weight, t.random([filters])] : [x, weight], attributes);
  };

const depthwise: Rule = (x, { other }, t) => {
  const channels = dimsOf(x)[1];
  const filters = channels * (1 + (other % 2));
  const inputs = [x, t.random([filters, 1, 3, 3]), ...(other % 3 ? [t.random([filters])] : [])];
  return t.b.op('Conv', inputs, { ...same, group: int(channels) });
};

const grouped: Rule = (x, _, t) => {
  const channels = dimsOf(x)[1];
  if (channels % 2) return undefined;
  return t.b.op('Conv', [x, t.random([4, channels / 2, 1, 1])], { group: int(2) });
};

/** Dimensions of a constant that has one value, or one per channel, as exporters write them. */
const vectorDims = (x: Value, { other }: Move) => {
  const channels = dimsOf(x)[1];
  return [[channels, 1, 1], [1, channels, 1, 1], [], [1]][other % 4]!;
};

const withConstant =
  (op: 'Mul' | 'Add' | 'Sub' | 'Div', side: 'left' | 'right'): Rule =>
  (x, move, t) => {
    const constant = op === 'Div' ? t.positive(vectorDims(x, move)) : t.random(vectorDims(x, move));
    if (op === 'Div' && side === 'left') return undefined;
    return t.b.op(op, side === 'left' ? [constant, x] : [x, constant]);
  };

const batchNorm: Rule = (x, _, t) => {
  const channels = [dimsOf(x)[1]];
  const vectors = [t.random(channels), t.random(channels), t.random(channels), t.positive(channels)];
  return t.b.op('BatchNormalization', [x, ...vectors], { epsilon: float(1e-3) });
};

const pool =
  (op: string, attributes: Attributes): Rule =>
  (x, _, { b }) => {
    if (
      dimsOf(x)
        .slice(2)
        .some((d) => d < 3)
    )
      return undefined;
    return b.op(op, [x], { kernel_shape: ints([2, 2]), ...attributes });
  };

/** Another value of the same shape. */
const partner = (x: Value, { other }: Move, values: readonly Value[]) => {
  const fitting = values.filter((value) => value !== x && value.shape.join() === x.shape.join());
  return fitting.length > 0 ? fitting[other % fitting.length] : undefined;
};

const withOther =
  (op: 'Mul' | 'Add' | 'Max'): Rule =>
  (x, move, { b, pool }) => {
    const y = partner(x, move, pool);
    return y && b.op(op, [x, y]);
  };

const concat: Rule = (x, { other }, { b, pool }) => {
  const fitting = pool.filter((value) => value.shape.slice(2).join() === x.shape.slice(2).join());
  const y = fitting[other % fitting.length]!;
  return dimsOf(x)[1] + dimsOf(y)[1] > 12 ? undefined : b.concat(other % 2 ? [x, y] : [y, x], 1);
};

const split: Rule = (x, _, { b }) => {
  const channels = dimsOf(x)[1];
  if (channels < 2) return undefined;
  const sizes = b.i64([1, channels - 1]);
  const parts = b.node('Split', [x, sizes], { axis: int(1) }, 2);
  return b.concat([b.relu(parts.output(1)), parts.output(0)], 1);
};

const shuffle: Rule = (x, _, { b }) => {
  const [batch, channels, height, width] = dimsOf(x);
  if (channels % 2) return undefined;
  const pairs = b.reshape(x, [batch, 2, channels / 2, height, width]);
  return b.reshape(b.transpose(pairs, [0, 2, 1, 3, 4]), [batch, channels, height, width]);
};

/** x * sigmoid(fc2(relu(fc1(pool x)))), squeezed by a pool or a mean. */
const gate: Rule = (x, { other }, t) => {
  const channels = dimsOf(x)[1];
  const squeezed = other % 2 ? t.b.reduceMean(x, [2, 3], true) : t.b.op('GlobalAveragePool', [x]);
  const inner = t.b.relu(t.b.op('Conv', [squeezed, t.random([2, channels, 1, 1]), t.random([2])]));
  return t.b.mul(x, t.b.op('Sigmoid', [t.b.op('Conv', [inner, t.random([channels, 2, 1, 1])])]));
};

const channelsLast =
  (rest: (y: Value, move: Move, tools: Tools) => Value): Rule =>
  (x, move, t) =>
    t.b.transpose(rest(t.b.transpose(x, [0, 2, 3, 1]), move, t), [0, 3, 1, 2]);

const linear = channelsLast((y, { other }, t) => {
  const filters = 2 + (other % 3);
  return t.b.add(t.b.matmul(y, t.random([y.shape[3] as number, filters])), t.random([filters]));
});

const layerNorm = channelsLast((y, _, t) => {
  const channels = [y.shape[3] as number];
  return t.b.op('LayerNormalization', [y, t.positive(channels), t.random(channels)], { epsilon: float(1e-3) });
});

/** What training leaves behind a ternary layer. */
const scaledTernary: Rule = (x, { other }, t) => {
  const filters = 3 + (other % 2);
  const y = t.b.op('Conv', [x, t.ternary([filters, dimsOf(x)[1], 1, 1])]);
  return t.b.add(t.b.mul(y, t.random([filters, 1, 1])), t.random([filters, 1, 1]));
};

const rules = {
  conv1: conv(1),
  conv3: conv(3, same),
  convStride: conv(3, { auto_pad: str('SAME_UPPER'), strides: ints([2, 2]) }),
  ternary1: conv(1, {}, 'ternary'),
  scaledTernary,
  depthwise,
  grouped,
  batchNorm,
  relu: (x, _, { b }) => b.relu(x),
  relu6: (x, _, { b }) => b.op('Clip', [x, b.scalar(0), b.scalar(6)]),
  minMax: (x, _, { b }) => b.min(b.max(x, -0.5), 1),
  leaky: (x, _, { b }) => b.op('LeakyRelu', [x], { alpha: float(0.2) }),
  swish: (x, _, { b }) => b.mul(x, b.div(b.op('Clip', [b.add(x, 3), b.scalar(0), b.scalar(6)]), 6)),
  mulConstant: withConstant('Mul', 'right'),
  addConstant: withConstant('Add', 'left'),
  subConstant: withConstant('Sub', 'right'),
  constantSub: withConstant('Sub', 'left'),
  divConstant: withConstant('Div', 'right'),
  addOther: withOther('Add'),
  mulOther: withOther('Mul'),
  maxOther: withOther('Max'),
  concat,
  split,
  shuffle,
  gate,
  maxPool: pool('MaxPool', {}),
  averagePool: pool('AveragePool', { pads: ints([1, 1, 0, 0]) }),
  pad: (x, _, { b }) => b.op('Pad', [x, b.i64([0, 0, 1, 0, 0, 0, 0, 1])]),
  linear,
  layerNorm,
  reluLast: channelsLast((y, _, { b }) => b.relu(y)),
  identity: (x, _, { b }) => b.op('Dropout', [b.op('Identity', [x])]),
  pick: (x, _, { b }) => b.op('Gather', [x, b.constant('picks', i64([dimsOf(x)[1] - 1, 0, 0]))], { axis: int(1) }),
} as const satisfies Readonly<Record<string, Rule>>;

export type MoveKind = keyof typeof rules;

/** How images become scores: each exporter's way to pool and flatten. */
const heads: readonly ((x: Value, b: Builder, weights: (dims: readonly number[]) => Value) => Value)[] = [
  (x, b, w) => b.gemm(b.op('Flatten', [b.op('GlobalAveragePool', [x])]), w([dimsOf(x)[1], 3]), { c: w([3]) }),
  (x, b, w) => b.add(b.matmul(b.reduceMean(x, [2, 3]), w([dimsOf(x)[1], 3])), w([3])),
  (x, b, w) =>
    b.gemm(
      b.reshape(x, [dimsOf(x)[0], -1]),
      w([
        3,
        dimsOf(x)
          .slice(1)
          .reduce((n, d) => n * d, 1),
      ]),
      { transB: true },
    ),
  (x, b, w) => b.op('Flatten', [b.op('GlobalAveragePool', [b.op('Conv', [x, w([3, dimsOf(x)[1], 1, 1])])])]),
];

export interface Recipe {
  readonly moves: readonly Move[];
  readonly head: number;
  /** The graph returns the value before the head too. */
  readonly returnsFeatures: boolean;
}

/** Recipes of up to `most` moves of these kinds (default: all). */
export function recipes(most = 8, kinds: readonly MoveKind[] = Object.keys(rules) as MoveKind[]): fc.Arbitrary<Recipe> {
  const move = fc.record({
    kind: fc.constantFrom(...kinds),
    // mostly the last value, so that chains arise
    back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
    other: fc.nat(11),
    seed: fc.nat(1000),
  });
  return fc.record({
    moves: fc.array(move, { minLength: 1, maxLength: most }),
    head: fc.nat(heads.length - 1),
    returnsFeatures: fc.boolean(),
  });
}

/** The graph of a recipe, which reads `x` `[batch, 4, 6, 6]`. */
export function buildRandom({ moves, head, returnsFeatures }: Recipe, batch = 2): Graph {
  const graph = new Graph('random', 20);
  const b = new Builder(graph);
  const pool = [graph.input('x', 'float32', [batch, 4, 6, 6])];
  let seed = 0;
  const random = (dims: readonly number[]) => b.constant('w', normal(seed, dims, `${graph.nodes.length}`));
  for (const move of moves) {
    seed = move.seed;
    const tools: Tools = {
      b,
      pool,
      random,
      positive: (dims) => {
        const { data } = normal(seed, dims, 'positive');
        return b.constant(
          'p',
          f32(
            dims,
            data.map((v) => 0.5 + v * v),
          ),
        );
      },
      ternary: (dims) => b.constant('t', ternary(seed, dims)),
    };
    const x = pool[Math.max(0, pool.length - 1 - move.back)]!;
    const rule: Rule = rules[move.kind];
    const y = rule(x, move, tools);
    if (y) pool.push(y);
  }
  const last = pool.at(-1)!;
  const scores = heads[head]!(last, b, random);
  graph.outputs = returnsFeatures && last.producer ? [scores, last] : [scores];
  return verify(graph);
}

export const randomFeeds = feedsOf(2);

/** Random images. */
export function feedsOf(batch: number) {
  return { x: normal(77, [batch, 4, 6, 6]) };
}
