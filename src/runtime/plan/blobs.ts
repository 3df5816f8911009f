/** The constant part of a plan's memory: weights, biases and tables, one after the other. */

import { align } from './arena.ts';

/** Bytes that get an address once the arena in front of them has its size. */
export interface Blob {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

export class Blobs {
  readonly all: Blob[] = [];
  size = 0;

  add(data: ArrayBufferView): Blob {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const blob = { bytes, offset: this.size };
    this.all.push(blob);
    this.size += align(bytes.length);
    return blob;
  }
}
