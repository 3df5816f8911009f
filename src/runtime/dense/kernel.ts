/**
 * Kernels over arrays in row-major order, plain loops: what operators compute that have no kernel of planes. As plain
 * data they are given to worker threads. They compute constants, too.
 */

import { blend, type Line, type Resampling } from '../../ops/arithmetic/resample.ts';
import { type Combination, combine } from './combine.ts';
import { type ConvTranspose, convTranspose } from './conv-transpose.ts';
import type { Elements } from './elements.ts';
import { type Join, join, type Pick, pick, type Scatter, scatter } from './move.ts';
import { type LocalResponse, localResponse, type Normalize, normalize } from './normalize.ts';
import { type Product, product } from './product.ts';
import { type ArgMax, argMax, type Reduce, reduce } from './reduce.ts';

interface Blend {
  readonly run: 'blend';
  readonly line: Line;
  readonly resampling: Resampling;
}

export type DenseKernel =
  | ArgMax
  | Blend
  | Combination
  | ConvTranspose
  | Join
  | LocalResponse
  | Normalize
  | Pick
  | Product
  | Reduce
  | Scatter;

type KernelOf<K> = Extract<DenseKernel, { readonly run: K }>;
type Run<K> = (kernel: KernelOf<K>, operands: readonly Elements[], y: Elements) => void;

const kernels: { readonly [K in DenseKernel['run']]: Run<K> } = {
  argMax,
  blend: ({ line, resampling }, [x], y) => blend(resampling, line, x!, y),
  combine,
  convTranspose,
  join,
  localResponse,
  normalize,
  pick,
  product,
  reduce,
  scatter,
};

/** Fills `y`, all of it. */
export function runDense<K extends DenseKernel['run']>(
  kernel: KernelOf<K>,
  operands: readonly Elements[],
  y: Elements,
): void {
  (kernels[kernel.run as K] as Run<K>)(kernel, operands, y);
}
