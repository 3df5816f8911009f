/** Finds the layer at which numbers stopped being finite, for the message of a run that diverged. */

import { type Normalisation, takePixels } from '../classifier/index.ts';
import { compile } from '../engine/index.ts';
import type { Graph, Tensor } from '../ir/index.ts';
import { traitsOf } from '../ops/index.ts';
import { inferShapes, removeMarkers } from '../passes/index.ts';
import { loadState } from '../quantize/index.ts';

/**
 * The first layer whose weights or outputs on `images` are not finite when the network holds `state`; undefined when
 * all are, and the fault must lie in the gradient.
 */
export async function findNonFinite(
  network: Graph,
  state: ReadonlyMap<string, Tensor>,
  images: Tensor,
  normalisation: Normalisation,
): Promise<string | undefined> {
  for (const [name, tensor] of state) {
    if (!(tensor.data as Float32Array).every(Number.isFinite)) return name;
  }
  const graph = network.clone();
  loadState(graph, state);
  removeMarkers(graph);
  takePixels(graph, images.dims[0]!, normalisation);
  inferShapes(graph);
  const nodes = graph.nodes.filter((n) => traitsOf(n).hasWeights);
  graph.outputs = nodes.map((n) => n.output());
  const engine = await compile(graph, { optimize: false });
  try {
    const result = await engine.run({ images });
    const bad = nodes.find((n) => !(result[n.output().name]!.data as Float32Array).every(Number.isFinite));
    return bad?.name;
  } finally {
    await engine.release();
  }
}
