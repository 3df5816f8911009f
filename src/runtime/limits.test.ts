/** Files of a few hundred bytes that ask for gigabytes: each is refused by name before anything is allocated. */

import { describe, expect, it } from 'vitest';
import { type Attributes, f32, Graph, i64, int, tensorAttribute, type Value } from '../ir/index.ts';
import { readModel } from '../onnx/read.ts';
import { writeModel } from '../onnx/write.ts';
import { foldConstants } from '../passes/fold-constants.ts';
import { inferShapes } from '../passes/infer-shapes.ts';
import { InferenceSession } from './node.ts';

/** Nodes without inferring their shapes, as a file's reader adds them. */
class Sketch {
  constructor(readonly graph: Graph) {}

  op(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.graph.add(op, inputs, attributes).output();
  }
}

type Build = (b: Sketch, x: Value, c: (values: number[], dims?: number[]) => Value) => Value;

function fileOf(build: Build): Uint8Array {
  const graph = new Graph('small', 20);
  const b = new Sketch(graph);
  const x = graph.input('x', 'float32', [1, 4, 2, 2]);
  graph.outputs = [build(b, x, (values, dims) => graph.initializer('c', i64(values, dims)))];
  return writeModel(graph);
}

const one = tensorAttribute(f32([1], [1]));
const large = 2 ** 27;

const cases: readonly (readonly [name: string, code: string, build: Build])[] = [
  ['Split in 2^31 - 1 parts', 'E_SHAPE', (b, x) => b.op('Split', [x], { num_outputs: int(2 ** 31 - 1), axis: int(1) })],
  [
    'forty Concats that double',
    'E_LIMIT',
    (b, x, c) => {
      let y = c([1]);
      for (let i = 0; i < 40; i++) y = b.op('Concat', [y, y], { axis: int(0) });
      return b.op('Reshape', [x, y]);
    },
  ],
  [
    'twenty large constants',
    'E_LIMIT',
    (b, x, c) => {
      const all = Array.from({ length: 20 }, () => b.op('ConstantOfShape', [c([large])], { value: one }));
      return b.op('Sum', [x, ...all]);
    },
  ],
  ['Expand', 'E_LIMIT', (b, x, c) => b.op('Gather', [x, b.op('Expand', [c([1]), c([large])])], { axis: int(1) })],
  [
    'Range',
    'E_LIMIT',
    (b, x, c) => b.op('Gather', [x, b.op('Range', [c([0], []), c([large], []), c([1], [])])], { axis: int(1) }),
  ],
  [
    'Gather of many channels',
    'E_LIMIT',
    (b, x, c) =>
      b.op('Gather', [x, b.op('Cast', [b.op('ConstantOfShape', [c([2 ** 25])])], { to: int(7) })], { axis: int(1) }),
  ],
  [
    'an image that doubles',
    'E_LIMIT',
    (b, x) => {
      let y = x;
      for (let i = 0; i < 40; i++) y = b.op('Concat', [y, y], { axis: int(1) });
      return b.op('Relu', [y]);
    },
  ],
];

describe('a session', () => {
  it.each(cases)('%s', async (_, code, build) => {
    const error = await InferenceSession.create(fileOf(build)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, where: expect.stringMatching(/node '/) });
  });
});

it('the budget of a load is one: none of its constants alone is too large', () => {
  const bytes = fileOf((b, x, c) => {
    const all = Array.from({ length: 80 }, () => b.op('ConstantOfShape', [c([2 ** 20])], { value: one }));
    return b.op('Sum', [x, ...all]);
  });
  expect(() => foldConstants(readModel(bytes))).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
});

describe('shapes', () => {
  it('have no ranks that double', () => {
    const bytes = fileOf((b, x, c) => {
      let y = c(new Array(8).fill(0), [1, 1, 1, 1, 1, 1, 1, 8]);
      for (let i = 0; i < 40; i++) y = b.op('Gather', [y, y], { axis: int(0) });
      return b.op('Gather', [x, y], { axis: int(1) });
    });
    expect(() => inferShapes(readModel(bytes))).toThrow(/node 'gather.*: expected tensors of at most 64 axes/);
  });

  it('have no symbols that double', () => {
    const graph = new Graph('g', 20);
    const b = new Sketch(graph);
    const size = b.op('Shape', [graph.input('x', 'float32', ['N'])]);
    let y = size;
    for (let i = 0; i < 40; i++) y = b.op('Mul', [y, y]);
    graph.outputs = [b.op('ConstantOfShape', [y])];
    expect(() => inferShapes(graph)).toThrow(/node 'mul.*: expected sizes of at most 256 symbols/);
  });

  it('have no sizes beyond what a number holds', () => {
    const graph = new Graph('g', 20);
    const b = new Sketch(graph);
    let y: Value = graph.input('x', 'float32', [2 ** 30]);
    for (let i = 0; i < 40; i++) y = b.op('Concat', [y, y], { axis: int(0) });
    graph.outputs = [y];
    expect(() => inferShapes(graph)).toThrow(/node 'concat.*: expected sizes of at most 2\^53/);
  });
});
