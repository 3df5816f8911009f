/**
 * Common subexpressions: of two nodes with the same operator, attributes and inputs, the later is replaced by the
 * earlier. Nodes without inputs and nodes that produce graph outputs stay.
 */

import type { Attribute, Graph, Node } from '../ir/index.ts';

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

/** A number that stands for an object: equal for the same object only. */
function identity(object: object): number {
  const known = identities.get(object) ?? nextIdentity++;
  identities.set(object, known);
  return known;
}

const attributeKey = (a: Attribute) => (a.kind === 'tensor' ? identity(a.value) : `${a.kind}:${a.value}`);

function key(node: Node): string {
  const attributes = Object.entries(node.attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${attributeKey(value)}`);
  const inputs = node.inputs.map((x) => (x ? identity(x) : '_'));
  const outputs = node.outputs.map((o) => (o ? 'o' : '_'));
  return [node.domain, node.op, outputs, inputs, ...attributes].join('|');
}

/** Merges equal nodes; true if any were. */
export function eliminateCommon(graph: Graph): boolean {
  const seen = new Map<string, Node>();
  const returned = new Set(graph.outputs);
  let changed = false;
  for (const node of [...graph.nodes]) {
    if (node.inputs.length === 0 || node.outputs.some((o) => o && returned.has(o))) continue;
    const k = key(node);
    const first = seen.get(k);
    if (!first) {
      seen.set(k, node);
      continue;
    }
    for (const [i, output] of node.outputs.entries()) output?.replaceAllUsesWith(first.output(i));
    graph.remove(node);
    changed = true;
  }
  return changed;
}
