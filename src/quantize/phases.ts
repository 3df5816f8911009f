/**
 * The three phases of training (Tschannen et al., arXiv 1712.03942, section 2.2) as graph rewrites:
 * `full` is the rewritten network itself; `toTernary` quantizes the latent weights on the fly, straight through;
 * `toFrozen` fixes the ternary values and hands their scales to what stays trainable.
 */

import { countTernary, f32, float, type Graph, scalar, type Tensor, type Value } from '../ir/index.ts';
import type { QuantizedNetwork, TernaryWeight } from './apply.ts';
import { intercept } from './intercept.ts';
import { emitTernary, type Ternary, ternarize } from './ternarize.ts';

/**
 * Phase 2: every ternary weight passes the TWN quantizer. `network` is not changed. The state's names stay the same
 * as in phase 1.
 *
 * @example
 * import { applyPlan, loadModel, makePlan, normalizeNetwork, toTernary } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { graph: training, ternary } = toTernary(applyPlan(graph, makePlan(graph, { method: 'twn' }), 1));
 * console.log(ternary.length, 'ternary weights');
 */
export function toTernary(network: QuantizedNetwork): QuantizedNetwork {
  const graph = network.graph.clone();
  for (const { name, granularity } of network.ternary) {
    intercept(graph.value(name), (w, b) => emitTernary(b, w, granularity));
  }
  return { ...network, graph };
}

/**
 * Phase 3: ternary values become constants `{-1, 0, 1}`, scales are absorbed, exactly: Wb's into the batch norm
 * behind it (running averages divided, epsilon too), Wc's into `a` and the shift beside it, a TWN weight's into a
 * learned `<weight>_scale`. `network` is the phase-1 form; `state` holds the trained values by name (initializers
 * elsewhere).
 *
 * @example
 * import { applyPlan, loadModel, makePlan, normalizeNetwork, toFrozen } from 'tritbank/graph';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const network = applyPlan(graph, makePlan(graph, { method: 'hybrid' }), 1);
 * const frozen = toFrozen(network, new Map()); // an empty state: the values that the network has
 */
export function toFrozen(network: QuantizedNetwork, state: ReadonlyMap<string, Tensor>): QuantizedNetwork {
  const graph = network.graph.clone();
  loadState(graph, state);
  const fixed = new Set(network.fixed);
  for (const weight of network.ternary) {
    freeze(graph, weight);
    fixed.add(weight.name);
  }
  return { ...network, graph, fixed };
}

/** Overwrites initializers by name; names that the graph does not have are ignored. */
export function loadState(graph: Graph, state: ReadonlyMap<string, Tensor>): void {
  for (const [name, tensor] of state) {
    const value = graph.find(name);
    if (value?.constant) value.constant = tensor;
  }
}

const scaledBy = (value: Value, factor: number) => {
  const { dims, data } = value.constant!;
  value.constant = f32(
    dims,
    (data as Float32Array).map((v) => v * factor),
  );
};

/**
 * A TWN weight becomes T s with learned s = u / sqrt(n), where n is the number of nonzero weights that share a scale. A
 * step on u moves the weights as a step on themselves would, along T: ds = -rate <dW, T> / n. A step on s itself would
 * be n times as long, more than a classifier of many inputs can take.
 */
function freezeTwn(weight: Value, { values, scales }: Ternary): void {
  const { zero } = countTernary(values);
  const root = Math.sqrt(Math.max(1, (values.data.length - zero) / scales.length));
  intercept(weight, (w, b) => {
    const scaled = f32(
      [scales.length],
      scales.map((s) => s * root),
    );
    const learned = weight.graph.initializer(`${weight.name}_scale`, scaled);
    const dims = [scales.length, 1, 1, 1].slice(0, w.shape.length);
    return b.mul(w, b.reshape(b.mul(learned, b.constant('unit', scalar(1 / root))), dims));
  });
}

function freeze(graph: Graph, { name, granularity, scale }: TernaryWeight): void {
  const weight = graph.value(name);
  const ternary = ternarize(weight.constant!, granularity);
  weight.constant = ternary.values;
  if (scale.into === 'weight') {
    freezeTwn(weight, ternary);
    return;
  }
  const factor = ternary.scales[0]! || 1;
  if (scale.into === 'a') {
    // Wc (a n + t) = Tc (s a n + s t): the shift, 0 in phase 1, takes the scale too
    const a = graph.value(scale.name);
    const reader = [...a.uses].find((n) => n.op === 'BatchNormalization');
    if (!reader) throw new Error(`internal: no batch norm reads '${scale.name}'`);
    for (const value of [a, reader.input(2)]) scaledBy(value, factor);
    return;
  }
  const norm = graph.nodes.find((n) => n.name === scale.norm);
  if (!norm) throw new Error(`internal: no batch norm '${scale.norm}'`);
  scaledBy(norm.input(3), 1 / factor);
  scaledBy(norm.input(4), 1 / (factor * factor));
  norm.attributes = { ...norm.attributes, epsilon: float(norm.float('epsilon', 1e-5) / (factor * factor)) };
}
