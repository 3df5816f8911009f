/**
 * What a rank can do together with the others. `mpi.ts` has it over MPI, `local.ts` within one process, for tests. All
 * ranks call the same operations in the same order.
 */

/** Numbers that are added up, each in its own type. */
export type Summable = Float32Array | Float64Array | Int32Array;

export interface Waiting {
  /** Wait however long: for work that takes ranks different times. A rank that dies ends the others. Default false. */
  readonly patient?: boolean;
}

/** An operation that goes on. Its array belongs to it until `wait` has resolved. */
export interface Pending {
  /** E_RANK when the others do not take part in time. */
  wait(options?: Waiting): Promise<void>;
}

/** What is known of the others beside the operations. */
export interface Heeded {
  /** What is amiss with another rank, once it was said. */
  alarm(): string | undefined;
  /** Operations that a rank has begun, as far as is known here. */
  count(rank: number): number;
  setCount(rank: number, count: number): void;
}

export interface Communicator {
  /** 0 .. size - 1. Rank 0 writes files. */
  readonly rank: number;
  readonly size: number;
  /** For people: the library and its version. */
  readonly library: string;
  /** Begins to replace each element by its sum over all ranks: the same bits on each of them. */
  sum(values: Summable): Pending;
  /**
   * The same of half-precision numbers: sent in 16 bits, added in 32, rounded once. A sum beyond 65504 becomes infinite.
   */
  sumHalf(values: Uint16Array): Pending;
  /** Begins to replace the bytes by those of rank 0. */
  broadcast(bytes: Uint8Array): Pending;
  /** The bytes of all ranks, by rank; they may be of different lengths. */
  gather(bytes: Uint8Array, options?: Waiting): Promise<Uint8Array[]>;
  /** Resolves when all ranks are here. */
  barrier(): Pending;
  /** From now on, an alarm ends what waits, with E_RANK. */
  heed?(others: Heeded): void;
  /** Milliseconds for which this rank has waited for others so far. */
  waited(): number;
  /** Ends all ranks with this exit status; the process does not go on. */
  abort(status: number): void;
  /** To be called once, when no operation goes on. */
  finalize(): void;
}

/** A rank's place: `undefined` where there is only one process. */
export type Ranks = Communicator | undefined;

export const isRoot = (ranks: Ranks): boolean => !ranks || ranks.rank === 0;

/** Whether `value` is true on any rank. */
export async function anyOf(ranks: Communicator, value: boolean): Promise<boolean> {
  const count = new Int32Array(new ArrayBuffer(4)).fill(value ? 1 : 0);
  await ranks.sum(count).wait();
  return count[0]! > 0;
}

/** The bytes that `make` gives on rank 0, on all ranks, which wait however long; undefined where it gives none. */
export async function fromRoot(
  ranks: Communicator,
  make: () => Promise<Uint8Array | undefined> | Uint8Array | undefined,
): Promise<Uint8Array | undefined> {
  const given = ranks.rank === 0 ? await make() : undefined;
  const length = new Float64Array(new ArrayBuffer(8)).fill(given ? given.length : -1);
  await ranks.broadcast(new Uint8Array(length.buffer)).wait({ patient: true });
  if (length[0]! < 0) return undefined;
  const bytes = new Uint8Array(new ArrayBuffer(length[0]!));
  if (given) bytes.set(given);
  // MPI counts in 32 bits
  for (let at = 0; at < bytes.length; at += 2 ** 28) {
    await ranks.broadcast(bytes.subarray(at, at + 2 ** 28)).wait({ patient: true });
  }
  return bytes;
}
