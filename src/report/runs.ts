/** Runs with what the report calls them and the colour it gives them. */

import { TritbankError } from '../ir/index.ts';
import type { Method, RunResult } from '../train/records.ts';

export interface NamedRun {
  readonly run: RunResult;
  /** Unique in the report. */
  readonly name: string;
  /** A CSS colour that follows the page's light or dark scheme. */
  readonly color: string;
}

/** The methods' names in tables and charts. */
export const methodNames: Readonly<Record<Method, string>> = {
  fp: 'full precision',
  twn: 'TWN',
  strassen: 'StrassenNets',
  hybrid: 'hybrid',
};

/** Colours that `style.ts` has for runs after the first of their method. */
export const extraColors = 6;

/**
 * Names every run by its method. Runs of the same method are told apart by architecture, data set or seed, whichever
 * differs in each of them, or else by number. The first run of a method has the method's colour.
 */
export function nameRuns(runs: readonly RunResult[]): NamedRun[] {
  let extra = 0;
  return runs.map((run) => {
    const siblings = runs.filter((other) => other.method === run.method && other.name === run.name);
    const isFirst = siblings[0] === run && run.name === undefined;
    const color = isFirst ? `var(--${run.method})` : `var(--extra-${extra++ % extraColors})`;
    const suffix = siblings.length > 1 ? ` ${distinction(run, siblings)}` : '';
    return { run, name: `${run.name ?? methodNames[run.method]}${suffix}`, color };
  });
}

function distinction(run: RunResult, siblings: readonly RunResult[]): string {
  const aspects = [(r: RunResult) => r.architecture, (r: RunResult) => r.dataset, (r: RunResult) => `seed ${r.seed}`];
  const distinct = aspects.find((aspect) => new Set(siblings.map(aspect)).size === siblings.length);
  return distinct ? `(${distinct(run)})` : `#${siblings.indexOf(run) + 1}`;
}

/** The run that others are compared with: the one of that name or method, by default the first in full precision. */
export function findBaseline(runs: readonly NamedRun[], baseline?: string): NamedRun | undefined {
  if (baseline === undefined) return runs.find(({ run }) => run.method === 'fp');
  const found = runs.find(({ run, name }) => name === baseline || run.method === baseline);
  if (found) return found;
  const known = runs.map(({ name }) => `'${name}'`).join(', ');
  throw new TritbankError('E_USAGE', 'report baseline', `expected one of ${known}, found '${baseline}'`);
}

/** The run that the report shows in detail: the most accurate hybrid, else the most accurate run. */
export function findFeatured(runs: readonly NamedRun[]): NamedRun {
  const hybrids = runs.filter(({ run }) => run.method === 'hybrid');
  return (hybrids.length > 0 ? hybrids : runs).reduce((best, next) => (next.run.top1 > best.run.top1 ? next : best));
}
