/**
 * Brings a graph from the operator set of its file (7 to 26) to the canonical one. Source: the operators' changelog
 * (github.com/onnx/onnx, docs/Changelog.md). Rules, per operator, are in two tables: what changed up to the canonical
 * version, and what came after it and has to be expressed without. Operators that only gained element types,
 * optional inputs or attributes whose default is the old behaviour need no rule. Other domains are left alone.
 */

import { type Graph, TritbankError } from '../ir/index.ts';
import { canonicalOpset } from '../ops/names.ts';
import { downgrades } from './downgrades.ts';
import { upgrades } from './upgrades.ts';

export const oldestOpset = 7;
export const newestOpset = 26;

/** ONNX's own operators, under either spelling. */
export function isDefaultDomain(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

/** The version that a writer imports for another domain unless the graph's metadata has one. */
export function defaultDomainVersion(domain: string): number {
  return domain === 'ai.onnx.ml' ? 4 : 1;
}

/** Metadata key under which the graph keeps another version of a domain. */
export function domainVersionKey(domain: string): string {
  return `onnx.opset.${domain}`;
}

/**
 * Rewrites `graph` in place from opset `from` to the canonical one and returns it. E_UNSUPPORTED for versions out of
 * range and for uses that have no equivalent.
 */
export function upgrade(graph: Graph, from: number): Graph {
  if (!(from >= oldestOpset && from <= newestOpset)) {
    throw new TritbankError('E_UNSUPPORTED', '', `expected opset ${oldestOpset} to ${newestOpset}, found ${from}`);
  }
  for (const node of [...graph.nodes]) {
    if (node.domain !== '') continue;
    for (const [below, rewrite] of upgrades.get(node.op) ?? []) if (from < below) rewrite(node, from);
    if (from > canonicalOpset) downgrades.get(node.op)?.(node);
  }
  graph.opset = canonicalOpset;
  return graph;
}
