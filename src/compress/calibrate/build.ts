/**
 * A calibrated network in two forms: as an inference graph, in the form that `deploy` gives trained ones; and as one that
 * training goes on from.
 */

import { f32, type Graph, type Tensor } from '../../ir/index.ts';
import { insertAfter } from '../../passes/channels.ts';
import { inferShapes } from '../../passes/index.ts';
import {
  applyPlan,
  type BankParts,
  type BitsByNode,
  bankPlan,
  deploy,
  type Factors,
  findLayers,
  initialState,
  type LayerPlan,
  type PlannedNetwork,
  upTo,
  writeFilterBits,
} from '../../quantize/index.ts';
import { scaleFilters } from '../scale-filters.ts';
import type { FittedBank } from './bank.ts';

const ternaryTensor = (dims: readonly number[], values: Int8Array): Tensor => f32(dims, values);

/**
 * `graph` has the network's dense weights and biases, with the full-precision filters of each bank first; it is not
 * changed. `banks`, and the bits of layers without one, by layer name.
 */
export function buildCalibrated(graph: Graph, banks: ReadonlyMap<string, FittedBank>, bits: BitsByNode): Graph {
  const dense = inferShapes(graph.clone());
  const biases = new Map<string, Float32Array>();
  const layers: Record<string, LayerPlan> = {};
  for (const { name, node, filters } of findLayers(dense)) {
    const bank = banks.get(name);
    if (!bank) continue;
    biases.set(name, node.input(2).constant!.data as Float32Array);
    node.setInput(2, undefined);
    layers[name] = bankPlan(filters, upTo(bank.fullPrecision.length), bank.decomposition.width);
  }
  const network = applyPlan(dense, { layers }, 0, { factors: 'zero' });
  for (const [name, parts] of network.banks) fillBank(network.graph, name, parts, banks.get(name)!, biases.get(name)!);
  const result = deploy(network, new Map());
  const kept = [...network.banks].flatMap(([name, parts]) => {
    const own = banks.get(name)!.bits;
    return parts.kept && own ? [[parts.kept, own] as const] : [];
  });
  writeFilterBits(result, new Map([...bits, ...kept]));
  return result;
}

/** What training goes on from: see `FineTuneTask`. */
export interface TrainableNetwork {
  readonly network: PlannedNetwork;
  readonly initial: ReadonlyMap<string, Tensor>;
}

/**
 * The network of the fitted banks with latent weights, computing what `buildCalibrated` computes; `original` has its filters
 * in the same order as `graph`. Neither is changed.
 */
export function buildTrainable(
  original: Graph,
  graph: Graph,
  banks: ReadonlyMap<string, FittedBank>,
  bits: BitsByNode,
): TrainableNetwork {
  const dense = inferShapes(graph.clone());
  const layers: Record<string, LayerPlan> = {};
  for (const [name, own] of bits) layers[name] = { method: 'fp', bits: own };
  for (const { name, filters } of findLayers(dense)) {
    const bank = banks.get(name);
    if (!bank) continue;
    const planned = bankPlan(filters, upTo(bank.fullPrecision.length), bank.decomposition.width);
    layers[name] = bank.bits && planned.method !== 'twn' ? { ...planned, bits: bank.bits } : planned;
  }
  const network = applyPlan(dense, { layers }, 0, { factors: 'zero' });
  const factors = new Map<string, Factors>();
  for (const [name, parts] of network.banks) {
    const { decomposition, scales, fullPrecision } = banks.get(name)!;
    const [wb, wc] = [network.graph.value(parts.wb), network.graph.value(parts.wc)];
    factors.set(name, {
      wb: ternaryTensor(wb.dims, decomposition.wb),
      wc: ternaryTensor(wc.dims, decomposition.wc),
      a: decomposition.scales,
    });
    scaleFilters(network.graph, name, parts, { kept: fullPrecision.length, scales });
  }
  const graphOfBase = inferShapes(original.clone());
  return { network: { ...network, base: graphOfBase }, initial: initialState(network, factors) };
}

function fillBank(graph: Graph, name: string, parts: BankParts, bank: FittedBank, bias: Float32Array): void {
  const { decomposition, scales, fullPrecision } = bank;
  const node = (part: string) => {
    const found = graph.nodes.find((n) => n.name === part);
    if (!found) throw new Error(`internal: no node '${part}'`);
    return found;
  };
  const [wb, wc] = [graph.value(parts.wb), graph.value(parts.wc)];
  wb.constant = ternaryTensor(wb.dims, decomposition.wb);
  wc.constant = ternaryTensor(wc.dims, decomposition.wc);
  // Wc (BN(Wb x)): BN with mean 0 and variance 1 divides by sqrt(1 + eps)
  const norm = node(parts.norm);
  const undo = Math.sqrt(1 + norm.float('epsilon', 1e-5));
  norm.input(1).constant = f32(
    [decomposition.width],
    decomposition.scales.map((a) => a * undo),
  );
  const kept = fullPrecision.length;
  if (parts.kept)
    node(parts.kept).setInput(2, graph.initializer(`${name}_fp_bias`, f32([kept], bias.subarray(0, kept))));
  const scaled = insertAfter(node(parts.combine).output(), 'Mul', scales, `${name}_scale`);
  insertAfter(scaled, 'Add', Float64Array.from(bias.subarray(kept)), `${name}_shift`);
}
