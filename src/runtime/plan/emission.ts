/** What the emitters of layers work with. */

import type { Kernels } from '../kernels/kernels.ts';
import type { Plane } from '../lower/operand.ts';
import type { Buffer } from './arena.ts';
import type { Blob, Blobs } from './blobs.ts';
import type { StepCall } from './steps.ts';

/** What emitters ask for: memory first, addresses later. */
export interface Emission {
  readonly blobs: Blobs;
  readonly kernels: Pick<Kernels, 'depthwiseScratch' | 'name'>;
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
