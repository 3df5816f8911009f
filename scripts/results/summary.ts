/** Stored runs summed up by row. */

import { type Row, rows } from './rows.ts';
import type { StoredRun } from './stored.ts';

/** A row of a table: its runs by seed, at least one. */
export interface Summary {
  readonly row: Row;
  readonly runs: readonly StoredRun[];
  /** Mean over the seeds, in 0..1. */
  readonly top1: number;
  /** Standard deviation over the seeds (n - 1); undefined for one. */
  readonly deviation: number | undefined;
  /** The run whose figures are shown: the first seed's. Sizes and costs differ between seeds by their zeros only. */
  readonly shown: StoredRun;
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function summarize(row: Row, found: readonly StoredRun[]): Summary {
  const runs = [...found].sort((a, b) => a.seed - b.seed);
  const accuracies = runs.map((run) => run.top1);
  const top1 = mean(accuracies);
  const squares = accuracies.reduce((sum, value) => sum + (value - top1) ** 2, 0);
  const deviation = runs.length > 1 ? Math.sqrt(squares / (runs.length - 1)) : undefined;
  return { row, runs, top1, deviation, shown: runs[0]! };
}

/** The rows that have runs, in the order of the table. */
export function summarizeRows(runs: readonly StoredRun[], order: readonly Row[] = rows): Summary[] {
  return order.flatMap((row) => {
    const found = runs.filter((run) => run.row.name === row.name);
    return found.length > 0 ? [summarize(row, found)] : [];
  });
}
