/**
 * Bits that single filters of a float network are to be stored in, as an entry of its metadata: by layer, runs of filters,
 * `{ "conv_pw_3": "4*12 8*4" }`. Layers that are not named take what the file's form has for all.
 */

import { type Graph, TritbankError } from '../ir/index.ts';
import { type FilterBits, filterBits } from './plan.ts';

const key = 'filter_bits';

/** By the names of the nodes, one number for each filter. */
export type BitsByNode = ReadonlyMap<string, readonly FilterBits[]>;

function formatRuns(bits: readonly FilterBits[]): string {
  const runs: { bits: number; count: number }[] = [];
  for (const one of bits) {
    const last = runs.at(-1);
    if (last?.bits === one) last.count++;
    else runs.push({ bits: one, count: 1 });
  }
  return runs.map((run) => `${run.bits}*${run.count}`).join(' ');
}

function parseRuns(text: unknown): FilterBits[] | undefined {
  if (typeof text !== 'string' || !/^\d+\*\d{1,6}( \d+\*\d{1,6})*$/.test(text)) return undefined;
  const runs = text.split(' ').map((run) => run.split('*').map(Number) as [FilterBits, number]);
  if (runs.some(([bits]) => !filterBits.includes(bits))) return undefined;
  return runs.flatMap(([bits, count]) => Array<FilterBits>(count).fill(bits));
}

/** Says in the metadata of `graph` how its filters are stored; without any, the entry is removed. */
export function writeFilterBits({ metadata }: Graph, bits: BitsByNode): void {
  if (bits.size === 0) metadata.delete(key);
  else metadata.set(key, JSON.stringify(Object.fromEntries([...bits].map(([name, list]) => [name, formatRuns(list)]))));
}

/** What `writeFilterBits` wrote. E_MODEL for an entry that is something else. */
export function readFilterBits({ metadata, name }: Graph): BitsByNode {
  const text = metadata.get(key);
  if (text === undefined) return new Map();
  const wrong = () =>
    new TritbankError(
      'E_MODEL',
      `graph '${name}' metadata ${key}`,
      'expected runs of bits by layer, found something else',
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong();
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong();
  return new Map(
    Object.entries(json).map(([node, runs]) => {
      const bits = parseRuns(runs);
      if (!bits) throw wrong();
      return [node, bits];
    }),
  );
}
