/** What a rank's thread and the thread of its watcher say to each other, and the memory that both see. */

import type { Alarm, Meeting, Place } from './watcher.ts';

export type Order =
  | {
      readonly kind: 'begin';
      readonly place: Place;
      readonly size: number;
      readonly timeout: number;
      readonly shared: SharedArrayBuffer;
    }
  | { readonly kind: 'open'; readonly addresses: readonly string[]; readonly isLocal: boolean }
  | { readonly kind: 'join'; readonly meeting: Meeting }
  | { readonly kind: 'tell'; readonly reason: string }
  | { readonly kind: 'leave' };

export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'opened'; readonly meeting: Meeting }
  | { readonly kind: 'joined'; readonly isHeard: boolean }
  | { readonly kind: 'told'; readonly isKnown: boolean }
  | { readonly kind: 'left' };

/** Words of 32 bits, then text. */
export const words = { amiss: 0, alarmed: 1, length: 2, counts: 3 } as const;
const textBytes = 4096;

export const sharedBytes = (size: number): number => 4 * (words.counts + size) + textBytes;

/** The memory of both threads, for `size` ranks. */
export class SharedState {
  private readonly cells: Int32Array;
  private readonly text: Uint8Array;

  constructor(
    readonly buffer: SharedArrayBuffer,
    readonly size: number,
  ) {
    this.cells = new Int32Array(buffer, 0, words.counts + size);
    this.text = new Uint8Array(buffer, 4 * (words.counts + size));
  }

  isAmiss = (): boolean => Atomics.load(this.cells, words.amiss) !== 0;

  setAmiss(): void {
    Atomics.store(this.cells, words.amiss, 1);
  }

  /** What the watcher has said on standard error. */
  alarm(): string | undefined {
    if (Atomics.load(this.cells, words.alarmed) === 0) return undefined;
    return Buffer.from(this.text.slice(0, this.cells[words.length])).toString('utf8');
  }

  setAlarm(text: string): void {
    const { written } = new TextEncoder().encodeInto(text, this.text);
    this.cells[words.length] = written;
    Atomics.store(this.cells, words.alarmed, 1);
  }

  count = (rank: number): number => Atomics.load(this.cells, words.counts + rank);

  setCount(rank: number, count: number): void {
    Atomics.store(this.cells, words.counts + rank, count);
  }
}

/** `expected all ranks to go on, found that rank 1 (node7, process 4711) ended`. */
export const describeAlarm = ({ what, reason }: Alarm): string =>
  `expected all ranks to go on, found that ${what}${reason === undefined ? '' : `: ${reason}`}`;
