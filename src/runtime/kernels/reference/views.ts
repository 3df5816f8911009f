/** Typed arrays over the linear memory. Made anew for each call, because a memory that grows detaches them. */

import type { ElementType } from '../kernels.ts';

export type Elements = Int8Array | Float32Array;

export const bytesOf = (type: ElementType): number => (type === 'int8' ? 1 : 4);

/** All of the memory from an address on. */
export const elementsAt = (memory: WebAssembly.Memory, type: ElementType, address: number): Elements =>
  type === 'int8' ? new Int8Array(memory.buffer, address) : new Float32Array(memory.buffer, address);
