/**
 * Shape inference over a whole graph, in place. Types that a file declared are overwritten; those of operators that
 * Tritbank does not know are kept, and so are those of the graph's outputs where nothing better is known behind such an
 * operator.
 */

import { type Dim, type Graph, type Shape, TritbankError } from '../ir/index.ts';
import { inferNode } from '../ops/shape.ts';

export interface InferShapesOptions {
  /** Sizes for symbolic dimensions of the graph's inputs, f. ex. `{ N: 64 }`. Whole numbers of at least 1. */
  readonly bind?: Readonly<Record<string, number>>;
}

/**
 * Sets the types of all node outputs, in place; returns the graph. Throws E_SHAPE at the first node whose operands
 * cannot fit, E_USAGE for a size of a dimension that is none.
 *
 * @example
 * import { inferShapes, loadModel } from 'tritbank/graph';
 *
 * const graph = inferShapes(await loadModel('mobilenet.onnx'), { bind: { N: 8 } });
 * console.log(graph.outputs[0]!.dims); // 8 images by the number of classes
 */
export function inferShapes(graph: Graph, { bind = {} }: InferShapesOptions = {}): Graph {
  for (const [symbol, size] of Object.entries(bind)) {
    if (!Number.isInteger(size) || size < 1) {
      throw new TritbankError('E_USAGE', `dimension ${symbol}`, `expected a whole number of at least 1, found ${size}`);
    }
  }
  const bound = (dim: Dim): Dim => (typeof dim === 'string' && Object.hasOwn(bind, dim) ? bind[dim]! : dim);
  for (const input of graph.inputs) {
    const shape: Shape | undefined = input.type?.shape?.map(bound);
    if (input.type && shape) input.type = { dtype: input.type.dtype, shape };
  }
  const declared = graph.outputs.map(
    ({ type }) => type && { ...type, ...(type.shape && { shape: type.shape.map(bound) }) },
  );
  for (const node of graph.nodes) inferNode(node);
  for (const [i, output] of graph.outputs.entries()) {
    if (output.producer && !output.type?.shape && declared[i]) output.type = declared[i];
  }
  return graph;
}
