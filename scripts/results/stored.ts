/** Stored runs: what `results/` keeps of each run directory, and how it is read back. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochRecord } from '../../src/train/records.ts';
import { earlierCycles, type Row, rowOf } from './rows.ts';

/** Figures under one way of counting ternary weights; all but the counts as fractions of the original's at 16 bits. */
export interface Counted {
  readonly multiplications: number;
  /** Those inside MACs left out. */
  readonly additions: number;
  readonly relativeMultiplications: number;
  readonly energy: number;
  readonly throughput: number;
}

/** `run.json`. Shares are in 0..1. */
export interface RunFigures {
  readonly top1: number;
  /** Top-1 of the original that a row's run started from; absent for originals and ablations. */
  readonly start?: number;
  /** Epochs of training, and their seconds with evaluation; absent for what is not trained. */
  readonly epochs?: number;
  readonly seconds?: number;
  readonly parameters: number;
  /** In the row's storage scheme, by packing of ternary weights, and the original at 16 bits. */
  readonly bytes: {
    readonly twoBit: number;
    readonly fiveTrit: number;
    readonly entropy: number;
    readonly original: number;
  };
  readonly dense: Counted;
  readonly zeroSkipping: Counted;
  /** Share of ternary weights that are zero; absent without any. */
  readonly zeros?: number;
  /** Bytes of `model.onnx` beside this file, packed; absent where it is not kept. */
  readonly fileBytes?: number;
  readonly command: string;
  readonly machine: string;
  readonly date: string;
}

export interface StoredRun extends RunFigures {
  readonly row: Row;
  readonly seed: number;
  /** From `metrics.jsonl`; empty for what is not trained. */
  readonly history: readonly EpochRecord[];
  /** The cycles that an original's last one went on from, in order: its own, or where seeds part later, the first seed's. */
  readonly before: readonly RunFigures[];
}

function readHistory(path: string): EpochRecord[] {
  try {
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as EpochRecord);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The runs in a folder of `results/`, one directory each, by name. */
export function readStored(folder: string): StoredRun[] {
  const found = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const runs = found.flatMap(({ name }): StoredRun[] => {
    const known = rowOf(name);
    if (!known) return [];
    const directory = join(folder, name);
    const figures = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as RunFigures;
    return [{ ...figures, ...known, history: readHistory(join(directory, 'metrics.jsonl')), before: [] }];
  });
  return runs.map((run) => {
    if (run.row.name !== 'full-precision') return run;
    const before = earlierCycles.flatMap((cycle) => {
      const same = runs.filter(({ row }) => row === cycle);
      return same.find(({ seed }) => seed === run.seed) ?? same.find(({ seed }) => seed === 1) ?? [];
    });
    return { ...run, before };
  });
}
