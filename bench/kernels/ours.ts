/** Our kernels as contestants: every variant of the product that takes the task's weights, and the depthwise kernels. */

import { Random } from '../../src/ir/index.ts';
import { type ElementType, type Kernels, planeStride, type Weights } from '../../src/runtime/kernels/kernels.ts';
import { prepareProduct } from '../../src/runtime/kernels/prepare.ts';
import { type Variant, variants } from '../../src/runtime/kernels/variants/index.ts';
import { hasRelaxedSimd } from '../../src/runtime/kernels/wasm.ts';
import type { Contestant } from './measure.ts';
import { type DepthwiseTask, outSizeOf, type ProductTask, productsPerRun } from './tasks.ts';

/** Weights of the kind that a variant is meant for: the first word of its name. */
export function weightsFor(variant: Variant, task: ProductTask, random = new Random(1)): Weights {
  const { rows, columns, density } = task;
  const length = rows * columns;
  const kind = variant.name.split('_')[0]!.replace('int4', 'int8') as Weights['kind'];
  if (kind === 'float32') {
    return { kind, rows, columns, values: Float32Array.from({ length }, () => random.float() - 0.5) };
  }
  const most = variant.name.startsWith('int4') ? 7 : 127;
  const int8 = () => random.int(2 * most + 1) - most;
  const ternary = () => (random.float() >= density ? 0 : random.float() < 0.5 ? 1 : -1);
  return { kind, rows, columns, values: Int8Array.from({ length }, kind === 'int8' ? int8 : ternary) };
}

const bytesOf = (type: ElementType) => (type === 'int8' ? 1 : 4);

/** Hands out the memory from its beginning, grows it where it ends. */
export function allocator(memory: WebAssembly.Memory): (bytes: number) => number {
  let next = 1024;
  return (bytes) => {
    const address = next;
    next = (next + bytes + 63) & ~63;
    const missing = next + 1024 - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    return address;
  };
}

export function placeEpilogue(
  memory: WebAssembly.Memory,
  allocate: (bytes: number) => number,
  type: ElementType,
  rows: number,
) {
  const biases = allocate(4 * rows);
  const multipliers = allocate(4 * rows);
  new Float32Array(memory.buffer, multipliers, rows).fill(1 / 256);
  const common = { biases, multipliers };
  return type === 'int8'
    ? { type, ...common, zeroPoint: -128, lower: -128, upper: 127 }
    : { type, ...common, lower: 0, upper: Number.POSITIVE_INFINITY };
}

function fillActivations(
  memory: WebAssembly.Memory,
  type: ElementType,
  at: number,
  length: number,
  random: Random,
): void {
  if (type === 'int8') new Int8Array(memory.buffer, at).set(Array.from({ length }, () => random.int(256) - 128));
  else new Float32Array(memory.buffer, at).set(Array.from({ length }, () => random.float() - 0.5));
}

/** Products of one variant, `productsPerRun` matrices. */
export function productContestant(kernels: Kernels, variant: Variant, task: ProductTask): Contestant {
  const random = new Random(1);
  const { memory } = kernels;
  const { rows, columns, pixels } = task;
  const type = variant.activations;
  const allocate = allocator(memory);
  const stride = planeStride(pixels);
  const x = allocate(columns * stride * bytesOf(type));
  const y = allocate(rows * stride * bytesOf(type));
  const epilogue = placeEpilogue(memory, allocate, type, rows);
  const calls = Array.from({ length: productsPerRun }, () => {
    const prepared = prepareProduct(weightsFor(variant, task, random), type, { force: variant.name });
    const data = allocate(prepared.data.length);
    new Uint8Array(memory.buffer, data, prepared.data.length).set(prepared.data);
    const scratch = allocate(prepared.scratch);
    return { prepared, call: { data, scratch, x, xStride: stride, y, yStride: stride, from: 0, to: pixels, epilogue } };
  });
  fillActivations(memory, type, x, columns * stride, random);
  return {
    name: variant.name,
    run: () => {
      for (const { prepared, call } of calls) kernels.product(prepared, call);
    },
  };
}

/** Kernels that need relaxed SIMD do nothing where the engine has none. */
const isHere = ({ isRelaxed = false, isExact }: Variant) => !isRelaxed || (hasRelaxedSimd() && (isExact?.() ?? true));

export const variantsHere = variants.filter(isHere);

/** Which variants a benchmark of products compares: those that are meant for several pixels. */
export const productVariants = variantsHere.filter(({ name }) => !name.includes('_vector_'));

export function depthwiseContestant(kernels: Kernels, type: ElementType, task: DepthwiseTask): Contestant {
  const { channels, size, stride } = task;
  const { memory } = kernels;
  const allocate = allocator(memory);
  const out = outSizeOf(task);
  const xLength = channels * planeStride(size * size);
  const x = allocate(xLength * bytesOf(type));
  const y = allocate(channels * planeStride(out * out) * bytesOf(type));
  const weights = allocate(9 * channels * bytesOf(type));
  const window = { kernel: [3, 3], strides: [stride, stride], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;
  const shape = { height: size, width: size, window };
  const scratch = allocate(kernels.depthwiseScratch(shape, type));
  const epilogue = placeEpilogue(memory, allocate, type, channels);
  const random = new Random(1);
  fillActivations(memory, type, x, xLength, random);
  fillActivations(memory, type, weights, 9 * channels, random);
  const place = { x, y, weights, scratch, padValue: 0, outHeight: out, outWidth: out, from: 0, to: channels };
  return { name: `depthwise_${type}`, run: () => kernels.depthwise({ ...shape, ...place, epilogue }) };
}
