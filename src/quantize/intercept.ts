/** A weight that passes through something before it is read. */

import type { Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';

function beforeFirstUse(weight: Value, prefix: string): Builder {
  const { graph } = weight;
  const first = graph.nodes.find((n) => weight.uses.has(n));
  return new Builder(graph, prefix, first);
}

/** Makes the readers of `weight` read `replacement(weight)` instead. */
export function intercept(weight: Value, replacement: (w: Value, b: Builder) => Value): void {
  const readers = [...weight.uses];
  const result = replacement(weight, beforeFirstUse(weight, `${weight.name}/`));
  for (const reader of readers) {
    for (const [i, input] of reader.inputs.entries()) if (input === weight) reader.setInput(i, result);
  }
}
