/** The constant part of a plan's memory: weights, biases and tables, one after the other. */

import { align } from './arena.ts';

/** Bytes that have their place. */
export interface Blob {
  readonly offset: number;
}

export class Blobs {
  size = 0;

  /** `write` is given the bytes at once, which may change afterwards, and their offset. */
  constructor(private readonly write: (offset: number, bytes: Uint8Array) => void) {}

  add(data: ArrayBufferView): Blob {
    const offset = this.size;
    this.size += align(data.byteLength);
    this.write(offset, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { offset };
  }
}
