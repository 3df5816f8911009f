/** The forward pass of training, and the measuring of batch statistics, which is the same pass without a loss. */

import { logitsOf, type Normalisation, takePixels } from '../classifier/index.ts';
import { float, type Graph, int, type Tensor, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import {
  eliminateCommon,
  inferShapes,
  lowerBatchNorm,
  lowerDepthwise,
  removeDead,
  removeMarkers,
  toBatchLast,
} from '../passes/index.ts';
import { findParameters } from './parameters.ts';

/**
 * The batch norms, by name, that compute with the statistics of the batch; the others use their running averages. With
 * `none` nothing is measured either: the averages stay what they are.
 */
export type Normalising = 'all' | 'none' | ReadonlySet<string>;

/** Returns each running average with the value that it follows: the batch's mean or variance. */
function measureBatch(graph: Graph, normalising: Normalising, ranks = 1): { average: Value; statistic: Value }[] {
  const pairs: { average: Value; statistic: Value }[] = [];
  if (normalising === 'none') return pairs;
  for (const node of graph.nodes.filter((n) => n.op === 'BatchNormalization')) {
    const b = new Builder(graph, '', node);
    const shared = ranks > 1 && { ranks: int(ranks) };
    const attributes = { ...node.attributes, training_mode: int(1), momentum: float(0), ...shared };
    const training = b.node('BatchNormalization', node.inputs, attributes, 3, node.name);
    if (normalising === 'all' || normalising.has(node.name)) {
      node.output().replaceAllUsesWith(training.output());
      graph.remove(node);
    }
    for (const i of [1, 2]) pairs.push({ average: training.input(2 + i), statistic: training.output(i) });
  }
  return pairs;
}

/** From markers and training operators to what a runtime executes. */
export function lower(graph: Graph): void {
  lowerBatchNorm(graph);
  lowerDepthwise(graph);
  removeMarkers(graph);
  while (eliminateCommon(graph));
  removeDead(graph);
}

interface Forward {
  /** Batch-last; the outputs are the scores `[B, K]`, then the statistics that `running` follow. */
  readonly graph: Graph;
  readonly learned: readonly Value[];
  readonly running: readonly { readonly name: string; readonly initial: Tensor }[];
}

export interface ForwardOptions {
  readonly batchSize: number;
  readonly normalisation: Normalisation;
  /** Initializers that are not learned. */
  readonly frozen?: ReadonlySet<string>;
  /** Ranks whose batches batch norms normalise by, together; default 1. */
  readonly normalisingRanks?: number;
}

/** The forward pass of training: pixels in, scores and batch statistics out. `network` is not changed. */
export function trainingForward(network: Graph, options: ForwardOptions, normalising: Normalising = 'all'): Forward {
  const graph = network.clone();
  // What only other outputs need is neither run nor learned.
  graph.outputs = [logitsOf(graph)];
  removeDead(graph);
  const { learned } = findParameters(graph, options.frozen);
  takePixels(graph, options.batchSize, options.normalisation);
  inferShapes(graph);
  const scores = graph.outputs[0]!;
  if (scores.dims.length !== 2) graph.outputs = [new Builder(graph).reshape(scores, [0, -1])];
  const pairs = measureBatch(graph, normalising, options.normalisingRanks);
  graph.outputs = [graph.outputs[0]!, ...pairs.map((p) => p.statistic)];
  const running = pairs.map(({ average }) => ({ name: average.name, initial: average.constant! }));
  toBatchLast(graph);
  return { graph, learned, running };
}

/**
 * The graph that measures the batch statistics of all batch norms: feed `images`; output i is the mean or variance that
 * the running average `names[i]` follows.
 */
export function buildStatistics(
  network: Graph,
  options: ForwardOptions & { readonly normalising?: Normalising },
): { graph: Graph; names: readonly string[] } {
  const { graph, running } = trainingForward(network, options, options.normalising);
  graph.name = `${network.name}-statistics`;
  graph.outputs = graph.outputs.slice(1);
  lower(graph);
  return { graph, names: running.map((r) => r.name) };
}
