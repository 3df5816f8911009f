/** Filters in another order compute the same: one idea, told for all neighbours that a layer can have. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, normal, relativeError } from '../../../test/evaluate.ts';
import {
  type Attributes,
  f32,
  float,
  Graph,
  i64,
  int,
  ints,
  printGraph,
  str,
  type Value,
  verify,
} from '../../ir/index.ts';
import { writeModel } from '../../onnx/index.ts';
import { Builder, canonicalOpset } from '../../ops/index.ts';
import { inferShapes } from '../infer-shapes.ts';
import { permuteFilters } from './permute-filters.ts';

const feeds = { x: normal(1, [2, 3, 6, 6]) };
const order = [2, 0, 3, 1];
const padded = { pads: ints([1, 1, 1, 1]) };

let seed = 10;
const random = (b: Builder, name: string, dims: readonly number[]) => b.constant(name, normal(seed++, dims));
const positive = (b: Builder, name: string, dims: readonly number[]) => {
  const { data } = normal(seed++, dims);
  return b.constant(name, f32(dims, data.map(Math.abs)));
};
const conv = (b: Builder, x: Value, filters: number, attributes: Attributes = {}, name = 'next', kernel = 1) => {
  const group = attributes.group?.kind === 'int' ? attributes.group.value : 1;
  const dims = [filters, (x.shape[1] as number) / group, kernel, kernel];
  return b.op('Conv', [x, random(b, `${name}_w`, dims), random(b, `${name}_b`, [filters])], attributes, name);
};

/** A convolution to four channels, and what `rest` makes of it. */
function network(rest: (b: Builder, y: Value) => Value | Value[]): Graph {
  seed = 10;
  const graph = new Graph('net', canonicalOpset);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 6, 6]);
  graph.outputs = [rest(b, conv(b, x, 4, padded, 'layer', 3))].flat();
  return verify(graph);
}

const layerOf = (graph: Graph, name = 'layer') => graph.nodes.find((n) => n.name === name)!;
const gathersOf = (graph: Graph) => graph.nodes.filter((n) => n.op === 'Gather').length;

/** All outputs, one after the other. */
function results(graph: Graph): number[] {
  return graph.outputs.flatMap(({ name }) => {
    const copy = graph.clone();
    copy.outputs = [copy.value(name)];
    return evaluate(copy, feeds);
  });
}

/** The names of nodes, and those of initializers, that the pass has to keep. */
const namesOf = (graph: Graph) => [
  ...graph.nodes.filter((n) => n.op !== 'Gather').map((n) => n.name),
  ...graph.initializers.map((v) => v.name).filter((name) => !name.endsWith('_places')),
];

/** Checks that `graph` computes the same after the filters of `layer` have changed places; tells what became of them. */
function permuted(graph: Graph, layer = 'layer', places: readonly number[] = order) {
  const expected = results(graph);
  const [names, outputs] = [namesOf(graph), graph.outputs.map((o) => o.name)];
  const before = layerOf(graph, layer).input(1).constant!;
  const { absorbed, moved } = permuteFilters(graph, layerOf(graph, layer), places);
  expect(relativeError(results(verify(graph)), expected)).toBeLessThan(1e-5);
  const types = graph.nodes.map((n) => n.output().type);
  expect(inferShapes(graph).nodes.map((n) => n.output().type)).toEqual(types);
  expect(graph.outputs.map((o) => o.name)).toEqual(outputs);
  expect(namesOf(graph)).toEqual(expect.arrayContaining(names));
  expect(layerOf(graph, layer).input(1).constant).not.toEqual(before);
  return { graph, absorbed, moved: Object.fromEntries(moved), gathers: gathersOf(graph) };
}

it('puts filter order[i] at place i, and the columns behind it likewise', () => {
  const graph = new Graph('net', canonicalOpset);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 1, 1, 1]);
  const y = b.op('Conv', [x, b.constant('w', f32([3, 1, 1, 1], [1, 2, 3])), b.constant('c', f32([3], [4, 5, 6]))]);
  graph.outputs = [b.op('Conv', [b.relu(y), b.constant('v', f32([2, 3, 1, 1], [10, 20, 30, 40, 50, 60]))])];
  const before = graph.value('v').constant!;
  expect(permuteFilters(graph, graph.nodes[0]!, [2, 0, 1])).toEqual({ absorbed: true, moved: new Map() });
  const data = (name: string) => [...(graph.value(name).constant!.data as Float32Array)];
  expect([data('w'), data('c'), data('v')]).toEqual([
    [3, 1, 2],
    [6, 4, 5],
    [30, 10, 20, 60, 40, 50],
  ]);
  expect([...(before.data as Float32Array)]).toEqual([10, 20, 30, 40, 50, 60]); // clones of the graph share it
  expect(graph.nodes.map((n) => n.op)).toEqual(['Conv', 'Relu', 'Conv']);
});

const norm = (b: Builder, y: Value) => {
  const vectors = ['gamma', 'beta', 'mean'].map((name) => random(b, name, [4]));
  return b.op('BatchNormalization', [y, ...vectors, positive(b, 'variance', [4])], { epsilon: float(1e-3) });
};
const flat = (b: Builder, y: Value) => b.op('Flatten', [y]);
const pooled = (b: Builder, y: Value) => b.op('GlobalAveragePool', [y]);
const window = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };

it.each<[string, (b: Builder, y: Value) => Value, Record<string, readonly number[]>?]>([
  ['a 3x3 convolution', (b, y) => conv(b, y, 5, padded, 'next', 3)],
  ['two convolutions', (b, y) => b.add(conv(b, y, 5), conv(b, b.relu(y), 5, {}, 'other'))],
  ['a batch norm', (b, y) => conv(b, b.relu(norm(b, y)), 5)],
  [
    'a batch norm that reads one vector twice',
    (b, y) => {
      const [vector, variance] = [random(b, 'vector', [4]), positive(b, 'variance', [4])];
      return conv(b, b.op('BatchNormalization', [y, vector, vector, vector, variance]), 5);
    },
  ],
  [
    'a batch norm that computes its statistics',
    (b, y) => {
      norm(b, y);
      const last = b.graph.nodes.at(-1)!;
      last.attributes = { ...last.attributes, training_mode: int(1) };
      return conv(b, last.output(), 5);
    },
  ],
  [
    'activations',
    (b, y) => {
      const clipped = b.op('Clip', [b.op('LeakyRelu', [y], { alpha: float(0.3) }), b.scalar(-1), b.scalar(6)]);
      const ops = ['HardSwish', 'Gelu', 'HardSigmoid', 'Tanh', 'Sigmoid', 'Identity', 'Dropout'];
      return conv(
        b,
        ops.reduce((x, op) => b.op(op, [x]), clipped),
        5,
      );
    },
  ],
  [
    'a HardSwish that is written out',
    (b, y) => {
      const gate = b.op('Clip', [b.add(y, 3), b.scalar(0), b.scalar(6)]);
      return conv(b, b.div(b.mul(y, gate), 6), 5);
    },
  ],
  [
    'constants for each channel',
    (b, y) => {
      const scaled = b.mul(random(b, 's', [1, 4, 1, 1]), b.sub(y, random(b, 't', [4, 1, 1])));
      const shifted = b.add(b.div(scaled, positive(b, 'u', [4, 6, 1])), random(b, 'v', [1, 1, 6]));
      return conv(b, b.op('PRelu', [shifted, random(b, 'slope', [4, 1, 1])]), 5);
    },
  ],
  [
    'pooling and padding',
    (b, y) => {
      const wide = b.op('Pad', [b.op('MaxPool', [y], window), b.i64([0, 0, 1, 0, 0, 0, 0, 2]), b.scalar(0.5)]);
      const edge = b.op('Pad', [wide, b.i64([0, 1, 0, 1]), undefined, b.i64([1, -1])], { mode: str('edge') });
      return conv(b, b.op('AveragePool', [edge], window), 5);
    },
  ],
  [
    'a depthwise convolution',
    (b, y) => conv(b, conv(b, y, 4, { ...padded, group: int(4) }, 'dw', 3), 5),
    {
      dw: [2, 0, 3, 1],
    },
  ],
  [
    'a depthwise convolution of two filters a channel',
    (b, y) => {
      return conv(b, conv(b, y, 8, { ...padded, group: int(4) }, 'dw', 3), 5);
    },
    { dw: [4, 5, 0, 1, 6, 7, 2, 3] },
  ],
  ['a Gemm behind a global pool', (b, y) => b.gemm(flat(b, pooled(b, y)), random(b, 'w', [4, 5]))],
  [
    'a Gemm with transposed weights',
    (b, y) => {
      return b.gemm(flat(b, pooled(b, y)), random(b, 'w', [5, 4]), { transB: true, c: random(b, 'c', [5]) });
    },
  ],
  ['a Gemm behind a Flatten of 6x6', (b, y) => b.gemm(flat(b, b.relu(y)), random(b, 'w', [144, 5]))],
  [
    'a Gemm with transposed weights behind a Reshape of 6x6',
    (b, y) => {
      const scaled = b.add(b.reshape(y, [0, -1]), random(b, 't', [144]));
      return b.gemm(scaled, random(b, 'w', [5, 144]), { transB: true });
    },
  ],
  [
    'a Flatten whose size is computed',
    (b, y) => {
      const batch = b.op('Slice', [b.op('Shape', [y]), b.i64([0]), b.i64([1])]);
      return b.gemm(b.op('Reshape', [y, b.concat([batch, b.i64([144])], 0)]), random(b, 'w', [144, 5]));
    },
  ],
  ['a MatMul behind a mean over pixels', (b, y) => b.matmul(b.reduceMean(y, [2, 3]), random(b, 'w', [4, 5]))],
  [
    'a MatMul behind a Squeeze',
    (b, y) => {
      return b.matmul(b.op('Squeeze', [b.reduceMean(y, [-1, -2], true), b.i64([2, 3])]), random(b, 'w', [4, 5]));
    },
  ],
  ['a maximum over the channels', (b, y) => conv(b, b.mul(b.reduce('ReduceMax', y, [1], true), 2), 5)],
  ['a gate for each pixel', (b, y) => conv(b, b.mul(y, b.op('Sigmoid', [conv(b, y, 1, {}, 'gate')])), 5)],
  [
    'a Gather of what are the first channels now',
    (b, y) => {
      const picked = b.op('Gather', [b.relu(y), b.constant('picks', i64([2, 0]))], { axis: int(1) });
      return conv(b, picked, 5);
    },
  ],
  [
    'a Gather of channels',
    (b, y) => {
      const picked = b.op('Gather', [b.relu(y), b.constant('picks', i64([3, -3, 3]))], { axis: int(1) });
      return conv(b, picked, 5);
    },
  ],
])('goes into %s', (what, rest, moved = {}) => {
  const graph = network(rest);
  const [expected, halfway] = [results(graph), graph.clone()];
  const found = permuted(graph);
  expect({ ...found, graph }).toEqual({ graph, absorbed: true, moved, gathers: what.includes('Gather') ? 1 : 0 });
  for (const name of ['layer_w', 'layer_b']) halfway.value(name).constant = graph.value(name).constant;
  const matters = !what.includes('maximum');
  expect(relativeError(results(halfway), expected) > 0.01).toBe(matters);
});

/** x * sigmoid(fc2(relu(fc1(pool x)))), with convolutions or MatMuls. */
function squeezeAndExcite(b: Builder, x: Value, form: 'Conv' | 'MatMul' = 'Conv'): Value {
  const fc = (y: Value, filters: number, name: string) => {
    if (form === 'Conv') return conv(b, y, filters, {}, name);
    const weight = random(b, `${name}_w`, [y.shape[1] as number, filters]);
    return b.add(b.op('MatMul', [y, weight], {}, name), random(b, `${name}_b`, [filters]));
  };
  const squeezed = form === 'Conv' ? pooled(b, x) : flat(b, pooled(b, x));
  const excited = b.op('Sigmoid', [fc(b.relu(fc(squeezed, 2, 'fc1')), 4, 'fc2')]);
  return b.mul(form === 'Conv' ? excited : b.reshape(excited, [0, 4, 1, 1]), x);
}

it.each(['Conv', 'MatMul'] as const)('goes into both ends of squeeze-and-excite with %s', (form) => {
  const { graph, ...found } = permuted(
    network((b, y) => {
      const deep = conv(b, b.relu(y), 4, { ...padded, group: int(4) }, 'dw', 3);
      return conv(b, squeezeAndExcite(b, b.op('HardSwish', [deep]), form), 5);
    }),
  );
  expect(found).toEqual({ absorbed: true, moved: { dw: order, fc2: order }, gathers: 0 });
});

it('goes into a sum with one value per channel that is computed from the layer', () => {
  const { moved, gathers } = permuted(network((b, y) => conv(b, b.add(y, conv(b, pooled(b, y), 4, {}, 'context')), 5)));
  expect({ moved, gathers }).toEqual({ moved: { context: order }, gathers: 0 });
});

it('leaves the order of the gated layer alone when that of the gate changes, and the reverse', () => {
  const graph = network((b, y) => conv(b, squeezeAndExcite(b, y), 5));
  const rows = () => layerOf(graph).input(1).constant;
  const before = rows();
  expect(permuted(graph, 'fc2')).toMatchObject({ absorbed: false, moved: {}, gathers: 1 });
  expect(rows()).toBe(before);
  const gate = layerOf(graph, 'fc2').input(1).constant;
  expect(permuted(graph, 'layer', [1, 3, 2, 0])).toMatchObject({ absorbed: true, moved: {}, gathers: 1 });
  expect(layerOf(graph, 'fc2').input(1).constant).toBe(gate);
  // [1, 3, 2, 0] in the order [2, 3, 1, 0] is [2, 0, 3, 1], that of the gate
  expect(permuted(graph, 'layer', [2, 3, 1, 0])).toMatchObject({ absorbed: true, moved: {}, gathers: 0 });
});

/** Where the Gather is: the name of the node before it, and the operators that read it. */
function place(graph: Graph) {
  const gather = graph.nodes.find((n) => n.op === 'Gather')!;
  return [gather.input(0).producer!.op, [...gather.output().uses].map((n) => n.op)];
}

it.each<[string, (b: Builder, y: Value) => Value | Value[], string, string[]]>([
  ['an output', (b, y) => b.relu(y), 'Relu', []],
  ['an output that is read too', (b, y) => [y, conv(b, y, 5)], 'Conv', []],
  ['a residual Add', (b, y) => b.add(y, conv(b, b.relu(conv(b, y, 5)), 4, {}, 'last')), 'Conv', ['Add']],
  [
    'a residual Add of two layers, behind a batch norm',
    (b, y) => b.add(norm(b, y), conv(b, b.graph.value('x'), 4)),
    'BatchNormalization',
    ['Add'],
  ],
  ['a product with another layer', (b, y) => b.mul(y, conv(b, b.graph.value('x'), 4)), 'Conv', ['Mul']],
  [
    'a gate that something else reads',
    (b, y) => {
      const gate = b.op('Sigmoid', [conv(b, pooled(b, y), 4)]);
      return [b.mul(y, gate), gate];
    },
    'Conv',
    ['Mul'],
  ],
  ['a Concat', (b, y) => b.concat([b.graph.value('x'), b.relu(y)], 1), 'Relu', ['Concat']],
  ['a grouped convolution', (b, y) => conv(b, y, 6, { group: int(2) }), 'Conv', ['Conv']],
  [
    'a convolution with computed weights',
    (b, y) => b.op('Conv', [y, b.relu(random(b, 'w', [5, 4, 1, 1]))]),
    'Conv',
    ['Conv'],
  ],
  [
    'a batch norm with a computed vector',
    (b, y) => {
      const one = positive(b, 'one', [4]);
      return b.op('BatchNormalization', [y, b.relu(one), one, one, one]);
    },
    'Conv',
    ['BatchNormalization'],
  ],
  [
    'padding of channels, counted from the end',
    (b, y) => b.op('Pad', [b.relu(y), b.i64([1, 0]), undefined, b.i64([-3])]),
    'Relu',
    ['Pad'],
  ],
  ['a Reshape that joins channels', (b, y) => conv(b, b.reshape(b.relu(y), [0, 2, 12, 6]), 5), 'Relu', ['Reshape']],
  [
    'a Gemm that adds it',
    (b, y) => {
      const z = flat(b, pooled(b, y));
      return b.gemm(z, random(b, 'w', [4, 4]), { c: z });
    },
    'Flatten',
    ['Gemm'],
  ],
  ['padding of channels', (b, y) => b.op('Pad', [y, b.i64([0, 1, 0, 0, 0, 0, 0, 0])]), 'Conv', ['Pad']],
  [
    'an operator without a rule',
    (b, y) => conv(b, b.op('Softmax', [b.relu(y)], { axis: int(1) }), 5),
    'Relu',
    ['Softmax'],
  ],
  ['a Flatten of the batch too', (b, y) => b.op('Flatten', [b.relu(y)], { axis: int(2) }), 'Relu', ['Flatten']],
  ['a mean that drops the batch', (b, y) => b.reduceMean(y, [0, 3]), 'Conv', ['ReduceMean']],
  ['a MatMul over pixels', (b, y) => b.matmul(b.relu(y), random(b, 'w', [6, 5])), 'Relu', ['MatMul']],
  [
    'a MaxPool whose positions are read',
    (b, y) => {
      const pool = b.node('MaxPool', [b.relu(y)], window, 2);
      return [pool.output(), b.cast(pool.output(1), 'float32')];
    },
    'Relu',
    ['MaxPool'],
  ],
  [
    'several readers of one value',
    (b, y) => {
      const z = b.relu(y);
      return b.concat([z, b.op('Softmax', [z], { axis: int(1) }), conv(b, z, 2)], 1);
    },
    'Relu',
    ['Concat', 'Softmax'],
  ],
  // directly behind the layer rather than two Gathers
  [
    'readers of several values',
    (b, y) => b.concat([y, b.relu(y), conv(b, y, 2)], 1),
    'Conv',
    ['Concat', 'Relu', 'Conv'],
  ],
])('restores the order by one Gather for %s', (_, rest, before, readers) => {
  const { graph, absorbed, moved, gathers } = permuted(network(rest));
  expect({ absorbed, moved, gathers }).toEqual({ absorbed: false, moved: {}, gathers: 1 });
  const [producer, found] = place(graph);
  expect(producer).toBe(before);
  expect([...(found as string[])].sort()).toEqual([...readers].sort());
});

it('reorders the filters of a Gemm, whose bias may broadcast, and of a Conv without bias', () => {
  const gemm = (dims: readonly number[], transB: boolean) =>
    network((b, y) => {
      const weight = random(b, 'w', transB ? [4, 144] : [144, 4]);
      const inputs = [flat(b, y), weight, random(b, 'c', dims)];
      const fc = b.op('Gemm', inputs, { transB: int(transB ? 1 : 0), alpha: float(0.5), beta: float(2) }, 'fc');
      return b.gemm(b.relu(fc), random(b, 'v', [4, 3]));
    });
  for (const dims of [[4], [1, 4], [2, 4], [2, 1], [1], []]) {
    for (const transB of [false, true]) {
      expect(permuted(gemm(dims, transB), 'fc')).toMatchObject({ absorbed: true, gathers: 0 });
    }
  }
  const bare = network((b, y) => conv(b, b.op('Conv', [y, random(b, 'w', [4, 4, 1, 1])], {}, 'bare'), 5));
  expect(permuted(bare, 'bare')).toMatchObject({ absorbed: true, gathers: 0 });
});

it('copies constants that other nodes or other inputs read', () => {
  const graph = network((b, y) => {
    const [shared, vector] = [random(b, 'shared', [4, 4, 1, 1]), positive(b, 'vector', [4])];
    const ones = b.constant('ones', f32([4], [1, 1, 1, 1]));
    const z = b.op('BatchNormalization', [y, ones, vector, vector, vector]);
    const outside = b.op('Conv', [conv(b, b.graph.value('x'), 4, {}, 'other'), shared, vector]);
    return b.concat(
      [
        b.op('Conv', [z, shared]),
        b.op('Conv', [b.relu(z), shared]),
        outside,
        b.op('Conv', [outside, random(b, 'w', [4, 4, 1, 1]), ones]),
      ],
      1,
    );
  });
  const names = graph.initializers.map((v) => v.name);
  const before = ['shared', 'ones'].map((name) => graph.value(name).constant);
  expect(permuted(graph)).toMatchObject({ absorbed: true, gathers: 0 });
  expect(['shared', 'ones'].map((name) => graph.value(name).constant)).toEqual(before);
  // four ones are the same in any order
  const added = graph.initializers.map((v) => v.name).filter((name) => !names.includes(name));
  expect(added.sort()).toEqual(['shared_1', 'shared_2', 'vector_1', 'vector_2', 'vector_3']);

  const tied = network((b, y) => {
    const again = b.op('Conv', [b.graph.value('x'), layerOf(b.graph).input(1)], padded, 'tied');
    return b.concat([conv(b, y, 2), again], 1);
  });
  expect(permuted(tied)).toMatchObject({ absorbed: true, gathers: 0 });
});

it('does not change a constant that a caller can override', () => {
  const graph = network((b, y) => conv(b, b.relu(y), 5));
  graph.inputs.push(graph.value('next_w'));
  expect(permuted(graph)).toMatchObject({ absorbed: false, gathers: 1 });
});

const restNeedsOrder = {
  output: (b: Builder, y: Value) => b.relu(y),
  'values of two kinds': (b: Builder, y: Value) => b.concat([y, b.relu(y)], 1),
  both: (b: Builder, y: Value) => [y, b.op('Softmax', [y], { axis: int(1) })],
};

it.each(Object.entries(restNeedsOrder))(
  'has one Gather after any number of changes, none after the last one back: %s',
  (_, rest) => {
    const orders = fc.array(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), { maxLength: 4 });
    const check = (chosen: readonly number[][]) => {
      const graph = network(rest);
      const [text, expected] = [printGraph(graph), results(graph)];
      const weights = layerOf(graph).input(1).constant!.data;
      let places = [0, 1, 2, 3];
      for (const next of chosen) {
        permuteFilters(graph, layerOf(graph), next);
        places = next.map((p) => places[p]!);
        expect(gathersOf(graph)).toBe(places.every((p, i) => p === i) ? 0 : 1);
        expect(relativeError(results(verify(graph)), expected)).toBeLessThan(1e-6);
      }
      const back = [0, 1, 2, 3].map((i) => places.indexOf(i));
      permuteFilters(graph, layerOf(graph), back);
      expect(printGraph(graph)).toBe(text);
      expect(layerOf(graph).input(1).constant!.data).toEqual(weights);
    };
    fc.assert(fc.property(orders, check), { numRuns: 30 });
  },
);

it('keeps the names of outputs when one is the layer and another a Gather that is no longer needed', () => {
  const graph = network((b, y) => {
    return [y, b.op('Gather', [y, b.constant('picked_places', i64(order))], { axis: int(1) }, 'picked')];
  });
  const { absorbed, gathers } = permuted(graph);
  expect([absorbed, gathers, graph.nodes.map((n) => n.name)]).toEqual([false, 1, ['layer', 'layer_restored']]);
  expect(graph.outputs.map((o) => [o.name, o.producer!.name])).toEqual([
    ['layer', 'layer_restored'],
    ['picked', 'layer'],
  ]);
});

it('gives the same graph for the same order', () => {
  const build = () => network((b, y) => b.concat([squeezeAndExcite(b, y), b.graph.value('x')], 1));
  const texts = [build(), build()].map((graph) => {
    permuteFilters(graph, layerOf(graph), order);
    return writeModel(graph);
  });
  expect(Buffer.compare(texts[0]!, texts[1]!)).toBe(0);
});

it('refuses what is no layer, and orders that are none', () => {
  const graph = network((b, y) => conv(b, b.relu(conv(b, y, 4, { group: int(4) }, 'dw')), 5));
  const text = printGraph(graph);
  const attempt = (name: string, places: readonly number[]) => () =>
    permuteFilters(graph, layerOf(graph, name), places);
  expect(attempt('layer', [0, 1, 2])).toThrow('expected 0 to 3 once each, found 3 different numbers among 3');
  expect(attempt('layer', [0, 1, 2, 2])).toThrow('order of layer: expected 0 to 3 once each, found 3 different');
  for (const places of [
    [0, 1, 2, 4],
    [0.5, 1, 2, 3],
    [-1, 0, 1, 2],
  ]) {
    expect(attempt('layer', places)).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  }
  expect(attempt('dw', order)).toThrow(
    "node 'dw' (Conv): expected a Conv of one group or a Gemm with constant weights",
  );
  expect(attempt('relu', order)).toThrow(expect.objectContaining({ code: 'E_MODEL' }));
  const computed = network((b, y) => b.op('Conv', [y, b.relu(random(b, 'w', [4, 4, 1, 1]))], {}, 'computed'));
  expect(() => permuteFilters(computed, layerOf(computed, 'computed'), order)).toThrow('found weights or a bias');
  expect(() => permuteFilters(graph.clone(), layerOf(graph), order)).toThrow('internal: ');
  expect(permuteFilters(graph, layerOf(graph), [0, 1, 2, 3]).absorbed).toBe(true);
  expect(printGraph(graph)).toBe(text);
});
