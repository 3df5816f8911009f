/** What the emitters of layers work with. */

import type { ElementType, Kernels, PackedProduct, Weights } from '../kernels/kernels.ts';
import type { Plane } from '../lower/operand.ts';
import type { Buffer } from './arena.ts';
import type { Blob, Blobs } from './blobs.ts';
import type { StepCall } from './steps.ts';

/** What a plan depends on of those that run it. */
export interface PlanKernels extends Pick<Kernels, 'depthwiseScratch' | 'name'> {
  /** Brings a matrix into the layout of a device; by default it is that of the fastest variant. The data may be borrowed. */
  readonly prepare?: (weights: Weights, activations: ElementType) => PackedProduct;
}

/** What emitters ask for: memory first, addresses later. */
export interface Emission {
  readonly blobs: Blobs;
  readonly kernels: PlanKernels;
  /** Memory of one layer only. */
  temporary(bytes: number): Buffer;
  /** Memory for what several layers compute from `plane` in the same way, `key`; the first of them has to fill it. */
  shared(plane: Plane, key: string, bytes: number): { readonly buffer: Buffer; readonly isFirst: boolean };
  /** Memory of one layer for each thread; 0 bytes are none. */
  scratch(bytes: number): Buffer;
  /** Bytes from one thread's scratch memory to the next one's. */
  scratchStep(bytes: number): number;
  plane(plane: Plane): number;
  buffer(buffer: Buffer): number;
  blob(blob: Blob): number;
}

export type Emitter<L> = (layer: L, emission: Emission) => (at: Emission) => StepCall[];
