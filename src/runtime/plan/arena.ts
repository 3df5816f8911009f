/**
 * Places buffers that live for a while into one arena: the largest first, each at the lowest address at which it overlaps
 * none that lives at the same time (the greedy-by-size rule of Pisarchyk and Lee, arXiv 2001.03288).
 */

export interface Buffer {
  readonly bytes: number;
  /** Positions of the first and the last layer for which its content counts. */
  first: number;
  last: number;
}

const alignment = 64;

export const align = (bytes: number) => Math.ceil(bytes / alignment) * alignment;

export interface Arena {
  readonly bytes: number;
  readonly addresses: ReadonlyMap<Buffer, number>;
}

export function placeBuffers(buffers: Iterable<Buffer>): Arena {
  const order = [...buffers].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  const addresses = new Map<Buffer, number>();
  let end = 0;
  for (const buffer of order) {
    const rivals = [...addresses]
      .filter(([other]) => other.first <= buffer.last && buffer.first <= other.last)
      .sort(([, a], [, b]) => a - b);
    let address = 0;
    for (const [other, at] of rivals) {
      if (address + buffer.bytes <= at) break;
      address = Math.max(address, at + align(other.bytes));
    }
    addresses.set(buffer, address);
    end = Math.max(end, address + align(buffer.bytes));
  }
  return { bytes: end, addresses };
}
