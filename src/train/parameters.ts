/** Which initializers of a network are learned, and which are running averages. */

import { type Graph, TritbankError, type Value } from '../ir/index.ts';

export interface Parameters {
  /** Weights, biases, scales: updated by the optimizer. */
  readonly learned: readonly Value[];
  /** Running means and variances of batch norms. */
  readonly running: readonly Value[];
}

const isRunning = (value: Value) =>
  [...value.uses].every((n) => n.op === 'BatchNormalization' && n.inputs.indexOf(value) >= 3);

/**
 * Float32 initializers of rank 1 and more. Those named in `frozen` stay constants. Throws E_MODEL when nothing is left to
 * learn.
 */
export function findParameters(graph: Graph, frozen: ReadonlySet<string> = new Set()): Parameters {
  const candidates = graph.initializers.filter(
    (v) => v.dtype === 'float32' && v.constant!.dims.length > 0 && v.uses.size > 0 && !frozen.has(v.name),
  );
  const learned = candidates.filter((v) => !isRunning(v));
  if (learned.length === 0) {
    throw new TritbankError('E_MODEL', `graph '${graph.name}'`, 'expected weights to train, found none');
  }
  return { learned, running: candidates.filter(isRunning) };
}

/** Weight decay acts on matrices and kernels; not on biases, batch norms and the scales `a` (all of rank 1). */
export const decays = (value: Value) => value.shape.length >= 2;

/**
 * Names of float32 constants that act on the input in front of the first layer: the mean and deviation by which a model
 * normalises its input itself. A given model keeps them.
 */
export function fixedConstants(graph: Graph): string[] {
  const raw = new Set<Value>(graph.inputs);
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (['Conv', 'Gemm', 'MatMul'].includes(node.op) || !node.inputs.some((x) => x && raw.has(x))) continue;
    for (const output of node.outputs) if (output) raw.add(output);
    for (const x of node.inputs) if (x?.constant?.dtype === 'float32') names.add(x.name);
  }
  return [...names];
}

/**
 * By name, the learning rates of parameters relative to the last one's: `first` of the one that is used first, those between
 * in a geometric progression over the nodes of the graph.
 */
export function depthRates(graph: Graph, learned: readonly Value[], first: number): ReadonlyMap<string, number> {
  const places = new Map(graph.nodes.map((node, i) => [node, i]));
  const depths = learned.map(({ uses }) => Math.min(...[...uses].map((node) => places.get(node)!)));
  const [least, most] = [Math.min(...depths), Math.max(...depths)];
  return new Map(learned.map(({ name }, i) => [name, first ** (1 - (depths[i]! - least) / Math.max(1, most - least))]));
}
