/**
 * What a file may make a program do before it has seen an image. A few bytes of ONNX can ask for any amount of work (a
 * Split in 2^31 parts, a chain of Concats that doubles forty times), so whoever computes constants or plans takes what it
 * needs from the budget of the graph, before it allocates. The budget is the whole load's, and grows with the file: large
 * weights explain much work.
 */

import { TritbankError } from './errors.ts';

/** Elements that any file may ask for, and those for each byte of its constants: five trits, unpacked step by step. */
const base = 2 ** 26;
const perByte = 64;

/** Bytes of activations that any network may work in, and those for each byte of its constants. */
const baseBytes = 2 ** 29;
const bytesPerByte = 64;

/** More axes are no network's, and double with each Gather. */
export const maxRank = 64;

export interface LimitOptions {
  /**
   * Times the work and memory that a file may ask for beyond what its size explains; `Infinity` for a file that is
   * trusted. Above 0, default 1.
   */
  readonly limit?: number;
}

/** The limit of options, or an E_USAGE error. */
export function checkLimit({ limit = 1 }: LimitOptions): number {
  if (limit > 0) return limit;
  throw new TritbankError('E_USAGE', 'limit', `expected a number above 0, found ${limit}`);
}

/** Elements and bytes that are left. Graphs that a program builds have all that they want: `Budget.unlimited`. */
export class Budget {
  private spent = 0;

  private constructor(
    private readonly elements: number,
    private readonly bytes: number,
  ) {}

  static readonly unlimited = new Budget(Infinity, Infinity);

  /** Of a file with so many bytes of constants and nodes. */
  static ofFile(fileBytes: number, limit: number): Budget {
    return new Budget(limit * (base + perByte * fileBytes), limit * (baseBytes + bytesPerByte * fileBytes));
  }

  /** The same limits, and nothing spent: for a copy of a graph, or another plan of it. */
  renewed(): Budget {
    return new Budget(this.elements, this.bytes);
  }

  /** Takes `count` elements, for the node or value that `where` names; E_LIMIT where they are more than is left. */
  take(count: number, where: string): void {
    this.spent += count;
    if (this.spent <= this.elements) return;
    throw overLimit(where, `constants of at most ${this.elements} elements in this file`, this.spent);
  }

  /** Checks a number of bytes that are needed at once. */
  checkBytes(count: number, where: string): void {
    if (count <= this.bytes) return;
    throw overLimit(where, `at most ${this.bytes} bytes of memory for this file`, count);
  }
}

function overLimit(where: string, expected: string, found: number): TritbankError {
  const advice = 'for a file that you trust, limit (TRITBANK_LIMIT) allows more';
  return new TritbankError('E_LIMIT', where, `expected ${expected}, found ${found}; ${advice}`);
}
