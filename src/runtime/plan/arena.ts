/**
 * Places buffers that live for a while into one arena: the largest first, each at the lowest address at which it
 * overlaps none that lives at the same time (the greedy-by-size rule of Pisarchyk and Lee, arXiv 2001.03288). A buffer
 * may have parts whose lives are their own: what a part covers can hold other buffers before and afterwards.
 */

import { Lifetimes } from './lifetimes.ts';

export interface Part {
  /** From the beginning of the buffer. */
  readonly offset: number;
  readonly bytes: number;
  /** Position of the first layer for which its content counts. */
  readonly first: number;
  /** Position of the last one (default: the buffer's). */
  readonly last?: number;
}

export interface Buffer {
  readonly bytes: number;
  /** Positions of the first and the last layer for which its content counts. */
  readonly first: number;
  last: number;
  /** Absent for one part. */
  readonly parts?: readonly Part[];
}

const cacheLine = 64;

export const align = (bytes: number, alignment = cacheLine) => Math.ceil(bytes / alignment) * alignment;

export interface Arena {
  readonly bytes: number;
  readonly addresses: ReadonlyMap<Buffer, number>;
}

const partsOf = (buffer: Buffer): readonly Part[] =>
  buffer.parts ?? [{ offset: 0, bytes: buffer.bytes, first: buffer.first }];

/** Neighbours in time that are looked at. A buffer with more of them goes above all, so that wide networks take no time. */
const maxNeighbours = 1024;

/** `alignment` of all addresses, a power of two. */
export function placeBuffers(buffers: Iterable<Buffer>, alignment = cacheLine): Arena {
  const order = [...buffers].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  const addresses = new Map<Buffer, number>();
  let [low, high] = [0, 0];
  for (const { first, last } of order) [low, high] = [Math.min(low, first), Math.max(high, last)];
  const placed = new Lifetimes(low, high);
  let end = 0;
  for (const buffer of order) {
    const address = firstFit(buffer, placed, alignment);
    addresses.set(buffer, address);
    for (const { offset, bytes, first, last = buffer.last } of partsOf(buffer)) {
      placed.add({ start: address + offset, end: address + offset + bytes, first, last });
    }
    end = Math.max(end, address + align(buffer.bytes, alignment));
  }
  return { bytes: end, addresses };
}

/** The lowest address at which no part overlaps another that lives at the same time. */
function firstFit(buffer: Buffer, placed: Lifetimes, alignment: number): number {
  // of an address between `low` and `high`, both excluded, some part overlaps some other
  const taken: { readonly low: number; readonly high: number }[] = [];
  for (const { offset, bytes, first, last = buffer.last } of partsOf(buffer)) {
    const neighbours = placed.overlapping(first, last, maxNeighbours - taken.length);
    if (!neighbours) return align(placed.top(buffer.first, buffer.last), alignment);
    for (const other of neighbours) taken.push({ low: other.start - offset - bytes, high: other.end - offset });
  }
  taken.sort((a, b) => a.low - b.low);
  let address = 0;
  for (const { low, high } of taken) if (low < address && address < high) address = align(high, alignment);
  return address;
}
