/** Elements moved between planes, by hand. */

import { describe, expect, it } from 'vitest';
import { channels, move, pad, readPlanes, softmax, writePlanes } from './moves.ts';

const memory = new WebAssembly.Memory({ initial: 1 });
const at = (address: number, count: number, pixels: number) => ({ address, channels: count, pixels });

describe('planes', () => {
  it.each(['float32', 'int8'] as const)('of %s are rows apart', (type) => {
    const planes = at(1024, 3, 2);
    writePlanes(memory, type, planes, [1, 2, 3, 4, 5, 6]);
    expect([...readPlanes(memory, type, planes)]).toEqual([1, 2, 3, 4, 5, 6]);
    const bytes = type === 'int8' ? 32 : 128;
    expect([...readPlanes(memory, type, at(1024 + bytes, 1, 2))]).toEqual([3, 4]);
  });

  it('take a number away from bytes', () => {
    writePlanes(memory, 'int8', at(1024, 1, 3), Uint8Array.of(0, 128, 255), -128);
    expect([...readPlanes(memory, 'int8', at(1024, 1, 3))]).toEqual([-128, 0, 127]);
  });
});

it('move reads by strides', () => {
  writePlanes(
    memory,
    'float32',
    at(1024, 2, 6),
    Array.from({ length: 12 }, (_, i) => i),
  );
  // [2, 2, 3] transposed to [3, 2, 2], the last axis backwards
  const call = { type: 'float32', dims: [3, 2, 2], strides: [1, 3, -6], offset: 6 } as const;
  move(memory, { ...call, x: at(1024, 2, 6), y: at(4096, 3, 4) });
  expect([...readPlanes(memory, 'float32', at(4096, 3, 4))]).toEqual([6, 0, 9, 3, 7, 1, 10, 4, 8, 2, 11, 5]);
});

it('channels copies planes by number', () => {
  writePlanes(memory, 'int8', at(1024, 3, 2), [1, 2, 3, 4, 5, 6]);
  writePlanes(memory, 'int8', at(4096, 3, 2), [0, 0, 0, 0, 0, 0]);
  const call = { type: 'int8', x: 1024, y: 4096, channels: 3, pixels: 2, indices: Int32Array.of(2, 0, 2) } as const;
  channels(memory, call, 0, 2);
  expect([...readPlanes(memory, 'int8', at(4096, 3, 2))]).toEqual([5, 6, 1, 2, 0, 0]);
  channels(memory, call, 2, 3);
  expect([...readPlanes(memory, 'int8', at(4096, 3, 2))]).toEqual([5, 6, 1, 2, 5, 6]);
});

it('pad surrounds images, and adds channels', () => {
  writePlanes(memory, 'float32', at(1024, 1, 4), [1, 2, 3, 4]);
  pad(
    memory,
    {
      ...{ type: 'float32', x: 1024, y: 4096, channels: 3, pixels: 12, height: 2, width: 2 },
      ...{ pads: [1, 1, 0, 1], before: 1, inputs: 1, value: 9 },
    },
    0,
    3,
  );
  const all = [...readPlanes(memory, 'float32', at(4096, 3, 12))];
  expect(all.slice(0, 12)).toEqual(new Array(12).fill(9));
  expect(all.slice(12, 24)).toEqual([9, 9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9]);
  expect(all.slice(24)).toEqual(new Array(12).fill(9));
});

describe('softmax', () => {
  it('over channels, whatever their size', () => {
    writePlanes(memory, 'float32', at(1024, 2, 3), [0, 1000, 1, Math.log(3), -1000, 1001]);
    softmax(memory, { x: at(1024, 2, 3), y: at(4096, 2, 3), size: 2, inner: 3, isLog: false });
    const found = readPlanes(memory, 'float32', at(4096, 2, 3));
    const expected = [1 / 4, 1, 0, 3 / 4, 0, 1];
    for (const [i, v] of expected.entries()) expect(found[i]).toBeCloseTo(v, 6);
  });

  it('over pixels, as its logarithm', () => {
    writePlanes(memory, 'float32', at(1024, 2, 2), [0, Math.log(3), 5, 5]);
    softmax(memory, { x: at(1024, 2, 2), y: at(4096, 2, 2), size: 2, inner: 1, isLog: true });
    const found = readPlanes(memory, 'float32', at(4096, 2, 2));
    const expected = [Math.log(1 / 4), Math.log(3 / 4), Math.log(1 / 2), Math.log(1 / 2)];
    for (const [i, v] of expected.entries()) expect(found[i]).toBeCloseTo(v, 6);
  });
});
