/**
 * State of a step graph, packed into slots: matrices and kernels have a slot each, vectors (biases, batch norms, scales,
 * averages) share them. Optimizers then update a few long vectors instead of a hundred short ones.
 */

import type { StateSlot } from '../engine/index.ts';
import { elementCount, type Graph, i64, int, type Tensor, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';

/** Tensors that are updated together: one flat graph input, and a value of its own shape for each part. */
export interface Pack {
  /** Flat graph input. */
  readonly input: Value;
  readonly parts: readonly { readonly name: string; readonly initial: Tensor }[];
}

/**
 * Replaces initializers by parts of one flat graph input; readers see tensors of the original shapes. The packed
 * values lose their constants and are removed from the graph.
 */
export function packInitializers(graph: Graph, name: string, values: readonly Value[]): Pack {
  const parts = values.map((value) => ({ name: value.name, initial: value.constant! }));
  const sizes = parts.map(({ initial }) => elementCount(initial.dims));
  const input = graph.input(graph.freshName(name), 'float32', [sizes.reduce((a, b) => a + b, 0)]);
  const b = new Builder(graph, `${name}/`, graph.nodes[0]);
  const pieces =
    values.length === 1
      ? [input]
      : b.node('Split', [input, b.constant('sizes', i64(sizes))], { axis: int(0) }, values.length).outputs;
  for (const [i, value] of values.entries()) {
    const { dims } = value.constant!;
    const piece = pieces[i]!;
    value.replaceAllUsesWith(dims.length === 1 ? piece : b.reshape(piece, dims));
    value.constant = undefined;
    graph.removeValue(value);
  }
  return { input, parts };
}

/** The parts of one more vector of the same layout (optimizer state, weight averages). */
export function companion(graph: Graph, pack: Pack, suffix: string, initial: (tensor: Tensor) => Tensor): Pack {
  const input = graph.input(graph.freshName(`${pack.input.name}/${suffix}`), 'float32', pack.input.dims);
  return {
    input,
    parts: pack.parts.map((part) => ({ name: `${part.name}/${suffix}`, initial: initial(part.initial) })),
  };
}

/** The slot of a pack whose successor is graph output `next`. */
export const slotOf = (pack: Pack, next: string): StateSlot => ({ input: pack.input.name, next, parts: pack.parts });
