/**
 * Memory for one call of a kernel, and what is placed in it: noise, weights, epilogues. The call is made by the reference
 * and by what is tested, each in a memory of its own with the same contents; then both are compared. For every engine, so
 * that pages can do it, too.
 */

import {
  type ElementType,
  type Epilogue,
  type Kernels,
  planeStride,
  type Weights,
} from '../src/runtime/kernels/kernels.ts';

/** Numbers from 0 (included) to 1 in a reproducible order. */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Memory that is handed out from address 1024 on, with a guard between pieces. */
export class Layout {
  private next = 1024;
  /** Scratch and whatever else may be overwritten. */
  readonly free: { readonly from: number; readonly to: number }[] = [];

  constructor(readonly bytes: Uint8Array) {}

  reserve(size: number): number {
    const address = this.next;
    this.next = (address + size + 64 + 15) & ~15;
    if (this.next > this.bytes.length) throw new Error('internal: the test needs more memory');
    return address;
  }

  place(data: ArrayBufferView): number {
    const address = this.reserve(data.byteLength);
    this.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), address);
    return address;
  }

  scratch(size: number): number {
    const address = this.reserve(size);
    this.free.push({ from: address, to: address + size });
    return address;
  }
}

export interface Output {
  readonly type: ElementType;
  readonly address: number;
  readonly planes: number;
  readonly pixels: number;
  /** Pixels and planes that are to be computed; default all. */
  readonly from?: number;
  readonly to?: number;
  readonly fromPlane?: number;
  readonly toPlane?: number;
  /** Elements from plane to plane; what lies between pixels and stride may be overwritten. */
  readonly stride?: number;
  /** Allowed error of float32, by plane; default 1e-5 of the expected value's size. */
  readonly tolerance?: (index: number, expected: number) => number;
}

/** Lays out a memory and gives the output and the call. */
export type KernelCase = (layout: Layout, random: () => number) => { output: Output; call: (kernels: Kernels) => void };

/** The same memory for both, with noise in it, so that uninitialised reads show. */
export function placeCase(reference: Kernels, tested: Kernels, seed: number, prepare: KernelCase) {
  const random = numbersFrom(seed);
  const before = new Uint8Array(reference.memory.buffer);
  const words = new Uint32Array(reference.memory.buffer);
  for (let i = 0; i < words.length; i++) words[i] = (Math.imul(i + seed, 2_654_435_761) >>> 0) ^ (i << 7);
  const layout = new Layout(before);
  const { output, call } = prepare(layout, random);
  const start = before.slice();
  new Uint8Array(tested.memory.buffer).set(start);
  return { start, layout, output, call };
}

/** After both calls: undefined where results agree and nothing else was written. */
export function differenceIn(
  reference: Kernels,
  tested: Kernels,
  { start, layout, output }: { readonly start: Uint8Array; readonly layout: Layout; readonly output: Output },
): string | undefined {
  const wrong = wrongOutput(reference, tested, output);
  return wrong ?? wrongRest(start, new Uint8Array(tested.memory.buffer), layout, output);
}

const bytesOf = (type: ElementType) => (type === 'int8' ? 1 : 4);

function wrongOutput(reference: Kernels, tested: Kernels, output: Output): string | undefined {
  const { type, address, pixels, from = 0, to = pixels, fromPlane = 0, toPlane = output.planes } = output;
  const { stride = planeStride(pixels), tolerance = (_: number, y: number) => 1e-5 * Math.max(1, Math.abs(y)) } =
    output;
  const view = ({ memory }: Kernels) =>
    type === 'int8' ? new Int8Array(memory.buffer, address) : new Float32Array(memory.buffer, address);
  const expected = view(reference);
  const found = view(tested);
  for (let plane = fromPlane; plane < toPlane; plane++) {
    for (let p = from; p < to; p++) {
      const i = plane * stride + p;
      const allowed = type === 'int8' ? 0 : tolerance(i, expected[i]!);
      if (Object.is(expected[i], found[i]) || Math.abs(expected[i]! - found[i]!) <= allowed) continue;
      return `plane ${plane}, pixel ${p}: expected ${expected[i]}, found ${found[i]}`;
    }
  }
  return undefined;
}

/** All bytes but the computed pixels, the padding behind them, and the scratch memory are what they were. */
function wrongRest(start: Uint8Array, after: Uint8Array, layout: Layout, output: Output): string | undefined {
  const { type, address, pixels, from = 0, to = pixels, fromPlane = 0, toPlane = output.planes } = output;
  const stride = output.stride ?? planeStride(pixels);
  const free = [...layout.free];
  for (let plane = fromPlane; plane < toPlane; plane++) {
    const begin = address + (plane * stride + from) * bytesOf(type);
    const end = address + (plane * stride + (to === pixels ? stride : to)) * bytesOf(type);
    free.push({ from: begin, to: end });
  }
  const restored = after.slice();
  for (const range of free) restored.set(start.subarray(range.from, range.to), range.from);
  const at = firstDifference(restored, start);
  return at < 0 ? undefined : `byte ${at} was overwritten; the output is at ${address}, stride ${stride}`;
}

/** -1 for none; memories are whole words. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const [words, others] = [new Uint32Array(a.buffer), new Uint32Array(b.buffer)];
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== others[i]) return a.findIndex((byte, at) => at >= 4 * i && byte !== b[at]);
  }
  return -1;
}

/** An epilogue with arrays of its own in the memory. */
export function placeEpilogue(
  layout: Layout,
  random: () => number,
  { type, rows, size }: { readonly type: ElementType; readonly rows: number; readonly size: number },
): Epilogue {
  const bound = () => Math.floor(random() * 256) - 128;
  if (type === 'int8') {
    const [a, b] = [bound(), bound()];
    return {
      type,
      biases: layout.place(Int32Array.from({ length: rows }, () => Math.floor((random() - 0.5) * 2 * size))),
      multipliers: layout.place(Float32Array.from({ length: rows }, () => (100 * (0.1 + random())) / size)),
      zeroPoint: bound(),
      lower: random() < 0.5 ? -128 : Math.min(a, b),
      upper: random() < 0.5 ? 127 : Math.max(a, b),
    };
  }
  const uppers = layout.place(Float32Array.from({ length: rows }, () => size * (random() - 0.1)));
  return {
    type,
    biases: layout.place(Float32Array.from({ length: rows }, () => (random() - 0.5) * size)),
    multipliers: random() < 0.3 ? 0 : layout.place(Float32Array.from({ length: rows }, () => random() - 0.5)),
    lower: random() < 0.5 ? Number.NEGATIVE_INFINITY : -size * random() * 0.2,
    upper: random() < 0.4 ? Number.POSITIVE_INFINITY : random() < 0.5 ? size * random() : { address: uppers },
  };
}

/** Planes of noise: int8 over the whole range, float32 from -1 to 1. */
export function placePlanes(
  layout: Layout,
  random: () => number,
  { type, planes, stride }: { readonly type: ElementType; readonly planes: number; readonly stride: number },
): number {
  const length = planes * stride;
  if (type === 'int8') return layout.place(Int8Array.from({ length }, () => Math.floor(random() * 256) - 128));
  return layout.place(Float32Array.from({ length }, () => random() * 2 - 1));
}

export interface MatrixShape {
  readonly rows: number;
  readonly columns: number;
  readonly pixels: number;
  readonly density: number;
}

/** A matrix of a kind, so many of its values not zero. */
export function randomWeights(
  kind: Weights['kind'],
  { rows, columns, density }: Omit<MatrixShape, 'pixels'>,
  seed: number,
): Weights {
  const random = numbersFrom(seed);
  const length = rows * columns;
  const draw = (value: () => number) => () => (random() < density ? value() : 0);
  if (kind === 'float32') {
    return {
      kind,
      rows,
      columns,
      values: Float32Array.from(
        { length },
        draw(() => random() * 2 - 1),
      ),
    };
  }
  const value = kind === 'ternary' ? () => (random() < 0.5 ? -1 : 1) : () => Math.floor(random() * 256) - 128;
  return { kind, rows, columns, values: Int8Array.from({ length }, draw(value)) };
}
