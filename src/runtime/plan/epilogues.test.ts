import { describe, expect, it } from 'vitest';
import type { ConvLayer } from '../lower/layers.ts';
import { activationOf, newPlane } from '../lower/operand.ts';
import { Blobs } from './blobs.ts';
import type { Emission } from './emission.ts';
import { epilogueOf, quantizedBound } from './epilogues.ts';

describe('bounds as integers', () => {
  it.each([
    [0, 0.5, 3, 3],
    [6, 0.5, -128, -116],
    [1.25, 0.5, 0, 2], // 2.5 to the even one
    [-1000, 0.5, 0, -128],
    [Infinity, 0.5, 0, 127],
    [-Infinity, 0.5, 0, -128],
  ])('%f in steps of %f from %i', (bound, scale, zeroPoint, expected) => {
    expect(quantizedBound(bound, { scale, zeroPoint, dtype: 'int8' })).toBe(expected);
  });
});

/** Two filters of two columns over one pixel. */
function layerOf(more: Partial<ConvLayer>): ConvLayer {
  return {
    ...{ kind: 'conv', name: 'n', op: 'Conv', groups: 1 },
    window: { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
    x: activationOf(newPlane('int8', [1, 2, 1, 1]), [1, 2, 1, 1]),
    y: newPlane('float32', [1, 2, 1, 1]),
    weights: { kind: 'int8', values: Int8Array.of(1, 2, 3, -4) },
    biases: Float64Array.of(0, 0),
    ...{ lower: -Infinity, upper: Infinity },
    ...more,
  };
}

/** The epilogue, and its arrays; the blob at offset o is at address o. */
function emit(layer: ConvLayer, isScaled = false) {
  const bytes = new Uint8Array(1024);
  const blobs = new Blobs((offset, part) => bytes.set(part, offset));
  const epilogue = epilogueOf(layer, blobs, isScaled)({ blob: ({ offset }) => offset } as Emission, 0);
  const floats = (address: number) => [...new Float32Array(bytes.buffer, address, 2)];
  const integers = (address: number) => [...new Int32Array(bytes.buffer, address, 2)];
  return { epilogue, floats, integers };
}

const view = (scale: number, zeroPoint: number): ConvLayer['x'] => ({
  ...activationOf(newPlane('int8', [1, 2, 1, 1]), [1, 2, 1, 1]),
  quantization: { scale, zeroPoint, dtype: 'int8' },
});

describe('integers', () => {
  const quantization = { scale: 0.5, zeroPoint: -3, dtype: 'int8' } as const;

  it('have the zero point in the biases, and one multiplier a row', () => {
    const biases = Float64Array.of(0.5, -1);
    const { epilogue, integers, floats } = emit(layerOf({ x: view(0.25, 10), scales: [0.5, 1], biases, quantization }));
    expect(epilogue).toMatchObject({ type: 'int8', zeroPoint: -3, lower: -128, upper: 127 });
    // bias / (0.25 s) - 10 sum(w): 4 - 30, -4 + 10
    expect(integers(epilogue.biases)).toEqual([-26, 6]);
    expect(floats(epilogue.multipliers)).toEqual([0.25, 0.5]); // 0.25 s / 0.5
  });

  it("keep a file's own integers where their scales are the product's", () => {
    const layer = layerOf({ x: view(0.25, 0), quantization, integerBiases: Int32Array.of(7, 8) });
    const exact = emit({ ...layer, biases: Float64Array.of(1.75, 2) });
    expect(exact.integers(exact.epilogue.biases)).toEqual([7, 8]);
    const other = emit({ ...layer, biases: Float64Array.of(3.5, 4) });
    expect(other.integers(other.epilogue.biases)).toEqual([14, 16]);
  });

  it('are bounded where the layer is', () => {
    const { epilogue } = emit(layerOf({ x: view(0.25, 0), quantization, lower: 0, upper: 6 }));
    expect(epilogue).toMatchObject({ lower: -3, upper: 9 }); // 0 - 3, 12 - 3
  });
});

describe('floats', () => {
  it('are scaled behind integers', () => {
    const layer = layerOf({ x: view(0.25, 10), scales: [0.5, 1], multipliers: Float64Array.of(2, 4) });
    const { epilogue, floats } = emit({ ...layer, biases: Float64Array.of(1, 1) });
    expect(epilogue).toMatchObject({ type: 'float32', lower: -Infinity, upper: Infinity });
    expect(floats(epilogue.multipliers)).toEqual([0.25, 1]); // 0.25 s m
    expect(floats(epilogue.biases)).toEqual([1 - 0.25 * 10 * 3, 1 + 10]); // less the factor times 10 sum(w)
  });

  it('are as they are behind weights that hold their scales', () => {
    const { epilogue, floats } = emit(layerOf({ biases: Float64Array.of(1, 2), upper: Float32Array.of(3, 4) }), true);
    expect(epilogue.multipliers).toBe(0);
    expect(floats(epilogue.biases)).toEqual([1, 2]);
    const { upper } = epilogue;
    expect(typeof upper === 'object' && floats(upper.address)).toEqual([3, 4]);
  });
});
