/** The arena of a program: nothing overlaps that lives at the same time, and in-place layers take no memory of theirs. */

import { expect, it } from 'vitest';
import { QuantizedBuilder } from '../../../test/quantized-builder.ts';
import { isPointwise, readIntegerNetwork } from '../../integer/index.ts';
import { readModel, writeModel } from '../../onnx/index.ts';
import { bytesOf } from './homes.ts';
import { makeProgram } from './program.ts';

function smallProgram() {
  const b = new QuantizedBuilder('uint8', 'int32');
  const x = b.graph.input('x', 'float32', [1, 3, 12, 12]);
  const image = b.round(x, 0.03, 120);
  const first = b.round(b.op('Relu', [b.conv(image, 0.03, [8, 3, 3, 3])]), 0.02, 0);
  const deep = b.round(b.op('Relu', [b.conv(first, 0.02, [8, 1, 3, 3], { group: 8 })]), 0.02, 0);
  const hidden = b.round(b.conv(deep, 0.02, [20, 8, 1, 1], { isTernary: true }), 0.05, 125);
  const ternary = b.round(b.conv(hidden, 0.05, [8, 20, 1, 1], { isTernary: true }), 0.04, 110);
  const sum = b.round(b.op('Add', [ternary, first]), 0.05, 100);
  const mean = b.round(b.op('GlobalAveragePool', [sum]), 0.02, 110);
  b.graph.outputs = [b.gemm(b.op('Flatten', [mean]), 0.02, [4, 8])];
  return makeProgram(readIntegerNetwork(readModel(writeModel(b.graph))), { name: 'small' });
}

it('hidden units are in tiles only, and nothing that lives overlaps', () => {
  const { steps, memory } = smallProgram();
  expect(steps.map(({ kind }) => kind)).toEqual([
    ...['convolution', 'depthwise', 'convolution', 'addition', 'pool', 'connected'],
  ]);
  const regions = steps.map((step, i) => {
    const parts = [...step.reads, step.y].map((part) => ({ place: memory.place(part), bytes: bytesOf(part.tensor) }));
    const pixels =
      step.kind === 'convolution' && isPointwise(step.layer) ? step.y.tensor.height * step.y.tensor.width : 0;
    const tensors = parts
      .filter(({ place }) => place.kind === 'arena')
      .map(({ place, bytes }) => ({ from: place.offset, to: place.offset + bytes }));
    const scratch = { from: memory.scratch[i]!, to: memory.scratch[i]! + step.scratch };
    return { tensors, scratch, overwrites: step.overwrites, pixels };
  });
  let planes = 0;
  for (const { tensors, scratch, overwrites, pixels } of regions) {
    const all = [...tensors, ...(scratch.to > scratch.from ? [scratch] : [])];
    for (const [i, a] of all.entries()) {
      expect(a.to).toBeLessThanOrEqual(memory.bytes);
      for (const b of all.slice(i + 1)) {
        const isSame = overwrites && a.from === b.from;
        const isPlanes = pixels > 0 && b !== scratch && (a.from - b.from) % pixels === 0;
        const isApart = a.to <= b.from || b.to <= a.from;
        if (isPlanes && !isApart) planes++;
        expect(isSame || isPlanes || isApart).toBe(true);
      }
    }
  }
  expect(planes).toBe(1);
});

it('a sum overwrites an operand that nobody reads later', () => {
  const { steps, memory } = smallProgram();
  const addition = steps.find(({ kind }) => kind === 'addition')!;
  const offsets = addition.reads.map((part) => memory.place(part).offset);
  expect(offsets).toContain(memory.place(addition.y).offset);
  // `first` lives until the sum: the depthwise layer may not overwrite it
  const depthwise = steps.find(({ kind }) => kind === 'depthwise')!;
  expect(memory.place(depthwise.y).offset).not.toBe(memory.place(depthwise.reads[0]!).offset);
});

it('blocks are the arena: as high as it is, apart from each other at any step', () => {
  const { steps, memory } = smallProgram();
  const { blocks } = memory;
  expect(Math.max(...blocks.map(({ offset, bytes }) => offset + bytes))).toBeGreaterThan(memory.bytes - 8);
  for (const [i, a] of blocks.entries()) {
    for (const b of blocks.slice(i + 1)) {
      const meet = a.first <= b.last && b.first <= a.last;
      const apart = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
      expect([a, b, !meet || apart]).toEqual([a, b, true]);
    }
  }
  const tensors = blocks.filter(({ kind }) => kind === 'tensor');
  for (const [i, step] of steps.entries()) {
    const place = memory.place(step.y);
    if (place.kind !== 'arena') continue;
    const own = tensors.filter(({ first, last, offset }) => first <= i && i <= last && offset === place.offset);
    expect(own).toHaveLength(1);
  }
});
