/**
 * The communicator over MPI: non-blocking collectives of `MPI_COMM_WORLD`, looked after by `MPI_Test`. Nothing waits
 * inside the library, so that a rank that stays away is an error after a while, and signals are heard.
 */

import { TritbankError } from '../ir/errors.ts';
import type { Communicator, Heeded, Pending, Summable, Waiting } from './communicator.ts';
import { sumHalves } from './half.ts';
import type { Launch } from './launcher.ts';
import { loadMpi, type Mpi } from './library.ts';
import { rankTimeout, timeoutVariable } from './timeout.ts';

/** Milliseconds of asking without a pause, then with pauses in which other processes of the core run. */
const spinning = 0.3;
const pause = 0.05;
/** Milliseconds after which the event loop has a turn. */
const turn = 2;

const cell = new Int32Array(new SharedArrayBuffer(4));
const doze = (milliseconds: number) => Atomics.wait(cell, 0, 0, milliseconds);
const immediate = () => new Promise<void>((resolve) => setImmediate(resolve));
const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** An array whose memory stays where it is: small ones that Node makes by itself move. */
const outside = (bytes: number) => new Uint8Array(new ArrayBuffer(Math.max(1, bytes)));

/**
 * Joins the other ranks. E_MPI where the library cannot be used, or is not that of the launcher.
 */
export function joinMpi(launch: Launch, environment: NodeJS.ProcessEnv = process.env): Communicator {
  const timeout = rankTimeout(environment);
  const mpi = loadMpi(launch, environment);
  mpi.init(null, null);
  const place = (call: (...values: unknown[]) => number) => {
    const value = new Int32Array(new ArrayBuffer(4));
    call(mpi.handles.world, value);
    return value[0]!;
  };
  const communicator = new MpiCommunicator(mpi, place(mpi.rank), place(mpi.size), timeout);
  if (launch.size !== undefined && launch.size !== communicator.size) {
    const expected = `expected ${launch.size} ranks as ${launch.launcher} says`;
    const found = `found ${communicator.size} by ${mpi.version}: the launcher belongs to another MPI`;
    throw new TritbankError('E_MPI', 'libmpi', `${expected}, ${found}`);
  }
  return communicator;
}

class MpiCommunicator implements Communicator {
  readonly library: string;
  private others: Heeded | undefined;
  private begun = 0;
  private waitedFor = 0;

  constructor(
    private readonly mpi: Mpi,
    readonly rank: number,
    readonly size: number,
    private readonly timeout: number,
  ) {
    this.library = mpi.version;
  }

  sum(values: Summable): Pending {
    const { iallreduce, handles } = this.mpi;
    const type =
      values instanceof Float32Array ? handles.float : values instanceof Float64Array ? handles.double : handles.int32;
    return this.start('a sum', [values], (request) =>
      iallreduce(handles.inPlace, values, values.length, type, handles.sum, handles.world, request),
    );
  }

  /**
   * Each rank adds up its share of the elements, which all others send it, and sends the sums to all: as many bytes as a
   * ring moves. No MPI adds half-precision numbers by itself.
   */
  sumHalf(values: Uint16Array): Pending {
    const { ialltoall, iallgather, handles } = this.mpi;
    const { size, rank } = this;
    const share = Math.ceil(values.length / size);
    const [mine, theirs] = [1, 2].map(() => new Uint16Array(outside(2 * share * size).buffer)) as [
      Uint16Array,
      Uint16Array,
    ];
    mine.set(values);
    const bytes = 2 * share;
    const exchange = this.start('an exchange', [mine, theirs], (request) =>
      ialltoall(mine, bytes, handles.byte, theirs, bytes, handles.byte, handles.world, request),
    );
    return {
      wait: async (options) => {
        await exchange.wait(options);
        sumHalves(theirs, size, mine.subarray(rank * share, (rank + 1) * share));
        const spread = this.start('an exchange', [mine], (request) =>
          iallgather(handles.inPlace, bytes, handles.byte, mine, bytes, handles.byte, handles.world, request),
        );
        await spread.wait(options);
        values.set(mine.subarray(0, values.length));
      },
    };
  }

  broadcast(bytes: Uint8Array): Pending {
    const { ibcast, handles } = this.mpi;
    return this.start('a message', [bytes], (request) =>
      ibcast(bytes, bytes.length, handles.byte, 0, handles.world, request),
    );
  }

  async gather(bytes: Uint8Array, options: Waiting = {}): Promise<Uint8Array[]> {
    const { iallgather, handles } = this.mpi;
    const lengths = new Int32Array(outside(4 * this.size).buffer);
    lengths[this.rank] = bytes.length;
    await this.sum(lengths).wait(options);
    const most = Math.max(1, ...lengths);
    const all = outside(most * this.size);
    all.set(bytes, this.rank * most);
    await this.start('messages', [all], (request) =>
      iallgather(handles.inPlace, most, handles.byte, all, most, handles.byte, handles.world, request),
    ).wait(options);
    return Array.from(lengths, (length, rank) => all.slice(rank * most, rank * most + length));
  }

  barrier(): Pending {
    const { ibarrier, handles } = this.mpi;
    return this.start('the others', [], (request) => ibarrier(handles.world, request));
  }

  heed(others: Heeded): void {
    this.others = others;
  }

  waited = (): number => this.waitedFor;

  abort(status: number): void {
    this.mpi.abort(this.mpi.handles.world, status);
  }

  finalize(): void {
    this.mpi.finalize();
  }

  /** `arrays` are kept until the end. */
  private start(what: string, arrays: readonly ArrayBufferView[], begin: (request: Uint8Array) => number): Pending {
    const { mpi } = this;
    const request = outside(mpi.requestBytes);
    const flag = new Int32Array(new ArrayBuffer(4));
    const held = { arrays };
    begin(request);
    this.others?.setCount(this.rank, ++this.begun);
    let done = false;
    const test = () => {
      if (done) return true;
      mpi.test(request, flag, mpi.handles.statusIgnore);
      done = flag[0] !== 0;
      if (done) held.arrays = [];
      return done;
    };
    return { wait: ({ patient = false } = {}) => this.waitFor(test, what, patient) };
  }

  private async waitFor(test: () => boolean, what: string, patient: boolean): Promise<void> {
    const began = performance.now();
    let turned = began;
    while (!test()) {
      const now = performance.now();
      const waited = now - began;
      if (waited < spinning) continue;
      const alarm = this.others?.alarm();
      if (alarm !== undefined) throw new TritbankError('E_RANK', `rank ${this.rank}`, alarm);
      if (!patient && waited > 1000 * this.timeout) throw this.missing(what);
      if (waited > 1000) await sleep(patient ? 20 : 1);
      else doze(pause);
      if (now - turned < turn) continue;
      turned = now;
      await immediate();
    }
    this.waitedFor += performance.now() - began;
  }

  private missing(what: string): TritbankError {
    const expected = `expected all ${this.size} ranks to take part in ${what} within ${this.timeout} s`;
    const counts = Array.from({ length: this.size }, (_, rank) => this.others?.count(rank) ?? 0);
    const least = Math.min(...counts);
    const late = counts.flatMap((count, rank) => (count === least && count < this.begun ? [rank] : []));
    // only rank 0 hears of the others' counts
    const who = this.rank === 0 && late.length > 0 ? `ranks ${late.join(', ')} behind` : 'none of the slowest one';
    return new TritbankError('E_RANK', `rank ${this.rank}`, `${expected}, found ${who} (${timeoutVariable})`);
  }
}
