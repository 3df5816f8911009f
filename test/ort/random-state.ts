/** Random values for a network's parameters, as hard as a trained network's could be. */

import { f32, type Graph, Random, type Tensor } from '../../src/ir/index.ts';

/**
 * State for every float initializer of rank 1 and more that is not in `fixed`: positive variances, everything else
 * normal, so that half of all scales are negative; every eighth batch norm scale is zero. Weights are large and shifts
 * small enough for the input to make a difference in the output of a deep network.
 */
export function randomState(graph: Graph, fixed: ReadonlySet<string>, seed: number): Map<string, Tensor> {
  const state = new Map<string, Tensor>();
  for (const value of graph.initializers) {
    if (value.dtype !== 'float32' || value.shape.length === 0 || fixed.has(value.name)) continue;
    const random = new Random(seed, value.name);
    const [reader] = value.uses;
    const slot = reader?.op === 'BatchNormalization' ? reader.inputs.indexOf(value) : -1;
    const fan = Math.sqrt(value.dims.slice(1).reduce((n, d) => n * d, 1));
    const draw = (i: number) => {
      if (slot === 4) return 0.5 + 1.5 * random.float();
      if (slot === 1 && i % 8 === 3) return 0;
      return random.normal() * (slot > 1 ? 0.2 : 2 / fan);
    };
    const count = value.constant!.data.length;
    state.set(
      value.name,
      f32(
        value.dims,
        Float32Array.from({ length: count }, (_, i) => draw(i)),
      ),
    );
  }
  return state;
}
