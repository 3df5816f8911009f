/**
 * Damaged files: whatever the bytes, reading ends with a graph that verifies or with an error for the user. An
 * unexpected error class, a hang or a huge allocation fails the test.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { f32Type, modelBytes, node } from '../../test/onnx-model.ts';
import { f32, float, i64, int, ints, str, TritbankError, tensorAttribute, verify } from '../ir/index.ts';
import { readModel } from './read.ts';
import { writeModel } from './write.ts';

/** One of everything, in opset 9 so that the version rules run, too. */
const intact = modelBytes({
  inputs: { x: f32Type('N', 3, 8, 8) },
  initializers: { w: f32([4, 3, 3, 3]), b: f32([4]), shape: i64([0, -1]) },
  nodes: [
    node('Conv', ['x', 'w', 'b'], ['c'], {
      pads: ints([1, 1, 1, 1]),
      kernel_shape: ints([3, 3]),
      auto_pad: str('NOTSET'),
    }),
    node('Clip', ['c'], ['r'], { min: float(0), max: float(6) }),
    node('Pad', ['r'], ['p'], { pads: ints([0, 0, 1, 1, 0, 0, 1, 1]), value: float(1) }),
    node('Slice', ['p'], ['s'], { starts: ints([0]), ends: ints([4]) }),
    node('Constant', [], ['k'], { value: tensorAttribute(f32([1], [2])) }),
    node('Mul', ['s', 'k'], ['m']),
    node('Dropout', ['m'], ['d', 'mask']),
    node('Split', ['d'], ['e', 'f'], { axis: int(1) }),
    node('Reshape', ['e', 'shape'], ['g']),
    node('Softmax', ['g'], ['y'], { axis: int(0) }),
    node('Upsample', ['f', 'k'], ['u']),
  ],
  outputs: { y: f32Type('N', 'M'), u: undefined },
  graph: { valueInfo: [{ name: 'c', type: { tensorType: { elemType: 1, shape: { dim: [{}] } } } }] },
  model: { metadataProps: [{ key: 'k', value: 'v' }] },
});

/** Reads; a graph must verify and survive writing and reading. Returns whether there was one. */
function survives(bytes: Uint8Array): boolean {
  let graph: ReturnType<typeof readModel>;
  try {
    graph = readModel(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(TritbankError);
    expect((error as TritbankError).message).toMatch(/: expected .+ found /s);
    return false;
  }
  verify(graph);
  expect(readModel(writeModel(graph)).nodes.length).toBe(graph.nodes.length);
  return true;
}

describe('damaged files', () => {
  it('the intact file reads', () => {
    expect(survives(intact)).toBe(true);
  });

  it('every truncation is an error or a graph', () => {
    const results = Array.from(intact.keys(), (length) => survives(intact.subarray(0, length)));
    expect(results.filter(Boolean).length).toBeLessThan(results.length / 10);
  });

  it('every single inverted byte and every top bit', () => {
    let graphs = 0;
    for (let at = 0; at < intact.length; at++) {
      for (const mask of [0xff, 0x80, 1 << (at % 8)]) {
        const bytes = intact.slice();
        bytes[at]! ^= mask;
        if (survives(bytes)) graphs++;
      }
    }
    expect(graphs).toBeGreaterThan(0);
  });

  it('bytes replaced, removed and inserted at random', () => {
    const edit = fc.record({
      at: fc.nat(intact.length - 1),
      remove: fc.nat(8),
      insert: fc.uint8Array({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = [...intact];
        for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert);
        survives(Uint8Array.from(bytes));
      }),
      { numRuns: 400 },
    );
  });

  it('bytes that were never a model', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(survives(bytes)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
