/** What images the figures of epochs are of. */

import type { NamedRun } from '../runs.ts';

/** `test`, or `validation` of runs that hold images out; both words where runs differ. */
export function splitOf(runs: readonly NamedRun[]): string {
  const splits = runs.flatMap(({ run }) => run.history.map(({ split = 'test' }) => split));
  return [...new Set(splits)].sort().join(' or ') || 'test';
}
