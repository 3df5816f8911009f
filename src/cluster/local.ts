/** Ranks within one process, which take turns: what tests have in place of MPI. */

import type { Communicator, Pending, Summable } from './communicator.ts';
import { sumHalves } from './half.ts';

/** One operation that all ranks take part in, each with an array; when the last one came, `finish` has all of them. */
class Meeting {
  private readonly arrays: unknown[] = [];
  private readonly open: () => void;
  private readonly opened: Promise<void>;
  private count = 0;

  constructor(
    private readonly size: number,
    private readonly finish: (arrays: unknown[]) => void,
  ) {
    let open = () => {};
    this.opened = new Promise((resolve) => {
      open = resolve;
    });
    this.open = open;
  }

  join(rank: number, array: unknown): Promise<void> {
    this.arrays[rank] = array;
    if (++this.count === this.size) {
      this.finish(this.arrays);
      this.open();
    }
    return this.opened;
  }
}

/** `size` communicators whose operations complete when all of them have begun theirs. */
export function localRanks(size: number): Communicator[] {
  const meetings: Meeting[] = [];
  const places = Array<number>(size).fill(0);
  const meet = (rank: number, array: unknown, finish: (arrays: unknown[]) => void): Pending => {
    const place = places[rank]!++;
    meetings[place] ??= new Meeting(size, finish);
    const met = meetings[place].join(rank, array);
    return { wait: () => met };
  };
  return Array.from(
    { length: size },
    (_, rank): Communicator => ({
      rank,
      size,
      library: 'one process',
      sum: (values) => meet(rank, values, (arrays) => addUp(arrays as Summable[])),
      sumHalf: (values) => meet(rank, values, (arrays) => addHalves(arrays as Uint16Array[])),
      broadcast: (bytes) =>
        meet(rank, bytes, (arrays) => {
          const [first, ...others] = arrays as Uint8Array[];
          for (const other of others) other.set(first!);
        }),
      async gather(bytes) {
        const all: Uint8Array[] = [];
        await meet(rank, { bytes, all }, (arrays) => {
          const given = arrays as { bytes: Uint8Array; all: Uint8Array[] }[];
          for (const one of given) one.all.push(...given.map((other) => other.bytes.slice()));
        }).wait();
        return all;
      },
      barrier: () => meet(rank, undefined, () => {}),
      waited: () => 0,
      abort() {
        throw new Error('internal: ranks of one process do not end each other');
      },
      finalize() {},
    }),
  );
}

function addUp(arrays: readonly Summable[]): void {
  const total = arrays[0]!.slice();
  for (const array of arrays.slice(1)) for (let i = 0; i < total.length; i++) total[i]! += array[i]!;
  for (const array of arrays) array.set(total);
}

function addHalves(arrays: readonly Uint16Array[]): void {
  const { length } = arrays[0]!;
  const rows = new Uint16Array(length * arrays.length);
  for (const [i, array] of arrays.entries()) rows.set(array, i * length);
  const total = new Uint16Array(length);
  sumHalves(rows, arrays.length, total);
  for (const array of arrays) array.set(total);
}
