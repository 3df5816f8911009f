/**
 * The one error type that reaches a user: a literal code, where it happened, what was expected, what was found.
 * Printed as `error E_CODE: where: expected ..., found ...`. Broken invariants of Tritbank itself are plain
 * `Error`s whose message starts with `internal:`.
 */

import { printable } from './printable.ts';

export type ErrorCode =
  | 'E_USAGE' // a command-line option or function argument out of range
  | 'E_FILE' // a file that is absent, unreadable or cannot be written
  | 'E_FORMAT' // a damaged file: truncated, wrong magic, wrong checksum
  | 'E_UNSUPPORTED' // a well-formed file with a feature that Tritbank does not have
  | 'E_GRAPH' // an invalid graph: dangling values, repeated names, cycles
  | 'E_SHAPE' // operands whose shapes or types do not fit the operator
  | 'E_GRADIENT' // an operator without a gradient rule
  | 'E_DATA' // a data set that is absent, incomplete or inconsistent
  | 'E_MODEL' // a model that does not fit the task: classes, input size, no candidate layer
  | 'E_LIMIT' // a file that asks for more work or memory than its size explains
  | 'E_DIVERGED' // a loss that is not a number or grew without bound
  | 'E_DEVICE' // an execution provider that is absent or refuses the graph
  | 'E_BUSY' // a run directory that another process is at work in
  | 'E_RESUME' // a checkpoint that does not belong to this configuration
  | 'E_MPI' // several ranks without an MPI library that can be used
  | 'E_RANK'; // a rank that does not answer, or computes something else than the others

/** Work that failed on the way. */
const failures: readonly ErrorCode[] = ['E_DIVERGED', 'E_DEVICE', 'E_RANK'];

/** An error with a code and a message of the form "where: expected ..., found ...". */
export class TritbankError extends Error {
  override readonly name = 'TritbankError';
  /** The place: a file, `node 'conv_1' (Conv)`, an option. */
  readonly where: string;
  /** What was expected and what was found. */
  readonly detail: string;

  /** `where` and `detail` may quote names out of files: they are made printable. */
  constructor(
    readonly code: ErrorCode,
    where: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(printable(`${where}: ${detail}`), options);
    this.where = printable(where);
    this.detail = printable(detail);
  }

  /** The line a command prints before it exits. */
  get line(): string {
    return `error ${this.code}: ${this.message}`;
  }

  /** 2 for wrong usage or bad input, 1 for work that failed on the way. */
  get exitStatus(): 1 | 2 {
    return failures.includes(this.code) ? 1 : 2;
  }
}

/** What work that was stopped by its signal rejects with. */
export class AbortError extends Error {
  override readonly name = 'AbortError';
}
