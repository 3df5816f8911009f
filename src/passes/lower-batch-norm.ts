/**
 * Writes training batch norms in operators that inference runtimes run: batch statistics (`ops/channel-sums.ts`), then the
 * inference form of the operator with these statistics (one pass over the data), and the running averages.
 *
 *   mean = E[x],  var = E[x^2] - mean^2,  y = BatchNormalization(x; scale, shift, mean, var)
 *   running' = momentum * running + (1 - momentum) * batch statistic
 */

import type { Graph, Node } from '../ir/index.ts';
import { isTrainingBatchNorm } from '../ops/arithmetic/training.ts';
import { Builder, batchStatistics } from '../ops/index.ts';

function lower(graph: Graph, node: Node): void {
  const b = new Builder(graph, `${node.name}/`, node);
  const x = node.input(0);
  const momentum = node.float('momentum', 0.9);
  const { mean, variance } = batchStatistics(b, x, node.int('ranks', 1));
  const epsilon = node.attributes.epsilon;
  const inputs = [x, node.input(1), node.input(2), mean, variance];
  const y = b.op('BatchNormalization', inputs, epsilon ? { epsilon } : {});
  node.output().replaceAllUsesWith(y);
  for (const [i, statistic] of [mean, variance].entries()) {
    const running = node.outputs[i + 1];
    if (!running) continue;
    const updated = () => b.add(b.mul(node.input(3 + i), momentum), b.mul(statistic, 1 - momentum));
    running.replaceAllUsesWith(momentum === 0 ? statistic : updated());
  }
  graph.remove(node);
}

/** Rewrites every training batch norm; true if there was one. */
export function lowerBatchNorm(graph: Graph): boolean {
  const nodes = graph.nodes.filter(isTrainingBatchNorm);
  for (const node of nodes) lower(graph, node);
  return nodes.length > 0;
}
