/** Which layers statistics are collected of. */

import { type Graph, TritbankError } from '../../ir/index.ts';
import type { Layer } from '../../quantize/index.ts';
import { findCandidates } from '../candidates.ts';

/** The candidates of `graph` that are asked for, in execution order; all by default. E_USAGE for other names. */
export function chooseLayers(graph: Graph, names: readonly string[] | undefined): Layer[] {
  const candidates = findCandidates(graph);
  const known = new Set(candidates.map((layer) => layer.name));
  const strange = names?.find((name) => !known.has(name));
  if (strange !== undefined) {
    throw new TritbankError('E_USAGE', 'layers', `expected names of layers that can be compressed, found '${strange}'`);
  }
  return names ? candidates.filter((layer) => names.includes(layer.name)) : candidates;
}
