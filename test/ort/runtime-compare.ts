/** Runs one file in both runtimes. */

import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { type Graph, type Tensor as IrTensor, Random } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { InferenceSession, type SessionOptions, Tensor, type TensorDataType } from '../../src/runtime/node.ts';
import { relativeError } from '../evaluate.ts';

export const kernelKinds = ['reference', 'wasm'] as const;

export interface Results {
  readonly expected: Record<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> }>;
  readonly found: Record<string, Tensor>;
  readonly session: InferenceSession;
}

export const toBytes = (model: Graph | Uint8Array) => (model instanceof Uint8Array ? model : writeModel(model));

export type Input = Pick<IrTensor, 'dtype' | 'dims' | 'data'>;

/** What ONNX Runtime computes; `basic` optimization keeps it from reordering sums where bits count. */
export async function runOrt(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Input>>,
  level: 'all' | 'disabled' = 'all',
) {
  const session = await ort.InferenceSession.create(bytes, {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    graphOptimizationLevel: level,
  });
  const inputs = Object.entries(feeds).map(([name, { dtype, data, dims }]) => {
    return [name, new ort.Tensor(dtype as 'float32', data as Float32Array, dims)] as const;
  });
  const results = await session.run(Object.fromEntries(inputs));
  await session.release();
  return results as unknown as Results['expected'];
}

export async function runOurs(bytes: Uint8Array, feeds: Readonly<Record<string, Input>>, options: SessionOptions = {}) {
  const session = await InferenceSession.create(bytes, options);
  const inputs = Object.entries(feeds).map(([name, { dtype, data, dims }]) => {
    return [name, new Tensor(dtype as TensorDataType, data as Float32Array, dims)] as const;
  });
  return { session, found: await session.run(Object.fromEntries(inputs)) };
}

export async function runBoth(
  model: Graph | Uint8Array,
  feeds: Readonly<Record<string, Input>>,
  options: SessionOptions & { readonly level?: 'all' | 'disabled' } = {},
): Promise<Results> {
  const { level, ...rest } = options;
  const bytes = toBytes(model);
  return { expected: await runOrt(bytes, feeds, level), ...(await runOurs(bytes, feeds, rest)) };
}

/** The largest difference of any output, relative to its largest element; names and shapes have to agree. */
export function worstError({ expected, found }: Pick<Results, 'expected' | 'found'>): number {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  const errors = Object.entries(expected).map(([name, { dims, data }]) => {
    expect(found[name]!.dims).toEqual(dims);
    return relativeError(found[name]!.data, data);
  });
  return Math.max(...errors);
}

/** How many elements of all outputs differ. */
export function countDifferences({ expected, found }: Pick<Results, 'expected' | 'found'>): number {
  return Object.entries(expected).reduce((sum, [name, { data }]) => {
    const own = found[name]!.data;
    return sum + Array.from(data).filter((v, i) => v !== own[i]).length;
  }, 0);
}

/** Random bytes as an image. */
export function randomBytes(seed: number, dims: readonly number[]): IrTensor<'uint8'> {
  const random = new Random(seed, 'bytes');
  const count = dims.reduce((n, d) => n * d, 1);
  return { dtype: 'uint8', dims, data: Uint8Array.from({ length: count }, () => random.int(256)) };
}
