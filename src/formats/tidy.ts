/** What a network of another format looks like once it is ONNX: sizes computed, transpositions moved out of the way. */

import { type Graph, verify } from '../ir/index.ts';
import { foldConstants } from '../passes/fold-constants.ts';
import { inferShapes } from '../passes/infer-shapes.ts';
import { sinkTransposes } from '../passes/normalize/sink-transposes.ts';
import { removeDead } from '../passes/remove-dead.ts';
import { keepOutputNames } from '../passes/replace.ts';

/** Rewrites in place; names of inputs and outputs stay. */
export function tidy(graph: Graph): Graph {
  keepOutputNames(graph, () => {
    removeDead(graph);
    foldConstants(graph);
    sinkTransposes(graph);
    foldConstants(graph);
    removeDead(graph);
  });
  return verify(inferShapes(graph));
}
