/** What is fuzzed: intact inputs, how they are damaged, and what is done with them. */

import type { Random } from '../../src/ir/index.ts';

/** Content by name, written to a folder of its own for each mutant. */
export type Files = Readonly<Record<string, Uint8Array>>;

export interface Trial {
  /** Where the files are. */
  readonly folder: string;
  /** Number of the mutant: some are tried in more ways than others. */
  readonly index: number;
  /** Says that what follows is not Tritbank's: a crash of it is counted apart. */
  readonly leave: () => void;
}

export interface Target {
  readonly name: string;
  readonly seeds: () => readonly Files[];
  readonly mutate: (random: Random, files: Files) => Files;
  /** What became of a mutant, in a word. A TritbankError is an answer, too; any other error is a failure. */
  readonly run: (files: Files, trial: Trial) => Promise<string>;
  /** Arguments of a command for the files of a mutant; absent where no command takes them. */
  readonly command?: (folder: string) => readonly string[];
  /** Why the target cannot run here. */
  readonly absent?: () => string | undefined;
  /** Starts what all mutants share. */
  readonly start?: () => Promise<void>;
  /** Releases what was started. */
  readonly end?: () => Promise<void>;
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
