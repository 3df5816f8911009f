/** In what two configurations differ, as plain JSON. */

import { isDeepStrictEqual } from 'node:util';
import { oneLine } from './check-json.ts';

interface Difference {
  /** Where it is: `training.epochs`. */
  readonly key: string;
  readonly was: unknown;
  readonly is: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The values in which `is` differs from `was`, in the order in which they stand in them. */
export function differencesOf(was: object, is: object, within = ''): Difference[] {
  const [a, b] = [was as Fields, is as Fields];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) => {
    const key = within + name;
    const [before, after] = [a[name], b[name]];
    if (isPlain(before) && isPlain(after)) return differencesOf(before, after, `${key}.`);
    return isDeepStrictEqual(before, after) ? [] : [{ key, was: before, is: after }];
  });
}

/** Keys whose values are sums of what they stand for. */
const networks: Readonly<Record<string, string>> = {
  network: 'the network',
  start: 'the network that training starts from',
  teacher: 'the teacher',
};

const isSum = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const shown = (value: unknown) => oneLine(value === undefined ? 'none' : JSON.stringify(value));

/** `expected ..., found ...` for a run that goes on with other values than it was begun with. */
export function describeDifferences(was: object, is: object): string | undefined {
  const all = differencesOf(was, is);
  // one that says its value says more
  const first = all.find(({ is: value }) => !isSum(value)) ?? all[0];
  if (!first) return undefined;
  const others = all.filter((one) => one !== first).map(({ key }) => networks[key] ?? key);
  const besides = others.length > 0 ? ` (and ${others.join(', ')} ${others.length > 1 ? 'differ' : 'differs'})` : '';
  const network = isSum(first.is) ? networks[first.key] : undefined;
  if (network !== undefined) return `expected ${network} as it was, found other weights or layers${besides}`;
  return `expected ${first.key} ${shown(first.was)} as it was begun with, found ${shown(first.is)}${besides}`;
}
