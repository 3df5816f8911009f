/** Hybrid filter banks of many configurations over one network: size, operations, energy and throughput of each. */

import { type Graph, TritbankError } from '../ir/index.ts';
import { type LayerKind, makePlan, type Plan } from '../quantize/index.ts';
import { addArithmetic } from './conventions.ts';
import { type CountedGraph, type CountedLayer, countKnown } from './count.ts';
import { countedForm } from './counted-form.ts';
import { estimate } from './estimate.ts';
import {
  type CostOptions,
  chooseSetting,
  compare,
  otherWork,
  type Reference,
  type Setting,
  uncompressedReference,
  workOf,
} from './measure.ts';
import { paretoFront } from './pareto.ts';
import { predictLayers } from './predict.ts';
import type { Arithmetic, Sweep, SweepPoint, Work } from './records.ts';
import { measureLayer, type StorageScheme, storageSchemes } from './storage.ts';

export interface SweepOptions extends CostOptions {
  /** Fractions of a bank's filters kept in full precision, in [0, 1]. */
  readonly alphas: readonly number[];
  /** Hidden units per ternary filter, above 0. */
  readonly widthRatios: readonly number[];
  /** Kinds of layers that become banks; by default as the paper has them. */
  readonly kinds?: readonly LayerKind[];
  /** Order in which filters become ternary, as in `PlanSettings`; by default the norms of their weights. */
  readonly sensitivity?: (widthRatio: number) => Readonly<Record<string, readonly number[]>>;
  /** Predicted loss of a plan, for instance `predictLoss` of an analysis. */
  readonly lossOf?: (plan: Plan) => number;
}

function checkOptions({ conventions }: Setting, scheme: StorageScheme): void {
  const why = 'a sweep has no trained weights to count';
  if (conventions.ternary === 'zero-skipping') {
    throw new TritbankError('E_USAGE', 'sweep', `expected the dense count (${why}), found zero-skipping`);
  }
  if (conventions.outputScales === 'counted') {
    throw new TritbankError('E_USAGE', 'sweep', `expected output scales left out (${why}), found them counted`);
  }
  if (scheme.structure === 'counted') {
    throw new TritbankError('E_USAGE', 'sweep', 'expected a scheme without structure (no file is written), found one');
  }
  if (scheme.packing === 'entropy') {
    throw new TritbankError('E_USAGE', 'sweep', `expected a packing by size (${why}), found entropy`);
  }
}

/**
 * Counts every pair of alpha and width ratio, per inference of one image. All points are stored by one scheme, by
 * default `hybrid-fp16`, with 8 bits for every weight where the network's activations have 8 bits. Throws
 * E_MODEL for a network that is compressed already or has nothing to compress, E_USAGE for values out of range and
 * for conventions that need trained weights, and what `measureCost` throws.
 *
 * @example
 * import { loadModel, sweepCost } from 'tritbank';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * const { points } = sweepCost(graph, { alphas: [0.25, 0.5], widthRatios: [0.75, 1, 1.25] });
 * for (const { alpha, widthRatio, relative } of points.filter((point) => point.pareto)) {
 *   console.log(alpha, widthRatio, relative.size, relative.energy);
 * }
 */
export function sweepCost(graph: Graph, options: SweepOptions): Sweep {
  const counted = countKnown(graph, 'sweep', options.sizes);
  const setting = chooseSetting(options, counted.activations);
  const fitting = counted.activations === 'int8' ? 'hybrid-int8' : 'hybrid-fp16';
  const scheme = typeof options.scheme === 'object' ? options.scheme : storageSchemes[options.scheme ?? fitting];
  checkOptions(setting, scheme);
  const base = countedForm(graph);
  const reference = uncompressedReference(counted, setting);
  const others = otherWork(counted.nodes, setting);
  const restBytes = Math.ceil((counted.rest * scheme.otherBits) / 8);
  // what stays outside of layers is the same in all points
  const points = options.alphas.flatMap((alpha) =>
    options.widthRatios.map((widthRatio): Omit<SweepPoint, 'pareto'> => {
      const { kinds, sensitivity, lossOf } = options;
      const known = sensitivity && { sensitivity: sensitivity(widthRatio) };
      const plan = makePlan(base, { method: 'hybrid', alpha, widthRatio, ...(kinds && { kinds }), ...known });
      const loss = lossOf && { loss: lossOf(plan) };
      const total = measureTotal(predictLayers(counted.layers, plan), others, scheme, setting);
      const bytes = total.bytes + restBytes;
      const { parameters, energy, arithmetic } = total;
      const relative = compare({ bytes, multiplications: arithmetic.multiplications }, total, reference);
      return {
        alpha,
        widthRatio,
        ...arithmetic,
        parameters: parameters + counted.rest,
        bytes,
        energy,
        ...loss,
        relative,
      };
    }),
  );
  const control = measureControl(counted, options, reference);
  const objectives = [
    (p: Omit<SweepPoint, 'pareto'>) => p.bytes,
    (p: Omit<SweepPoint, 'pareto'>) => p.energy,
    // with a fourth objective next to every point would be on the front
    (p: Omit<SweepPoint, 'pareto'>) => p.loss ?? -p.relative.throughput,
  ];
  const front = paretoFront(points, objectives);
  return {
    name: graph.name,
    accelerator: setting.accelerator.name,
    format: setting.format,
    conventions: setting.conventions,
    scheme,
    control,
    points: points.map((point, i) => ({ ...point, pareto: front[i]! })),
  };
}

/** Relative to the same reference as the points, the uncompressed network at 16 bits. */
function measureControl(counted: CountedGraph, options: SweepOptions, reference: Reference): Sweep['control'] {
  const { format: _format, ...rest } = options;
  const setting = chooseSetting(rest, 'int8');
  const scheme = storageSchemes.int8;
  const total = measureTotal(counted.layers, otherWork(counted.nodes, setting), scheme, setting);
  const { multiplications, additions } = total.arithmetic;
  const bytes = total.bytes + Math.ceil((counted.rest * scheme.otherBits) / 8);
  const relative = compare({ bytes, multiplications }, total, reference);
  return { bytes, multiplications, additions, energy: total.energy, relative };
}

function measureTotal(
  layers: readonly CountedLayer[],
  others: Work & Arithmetic,
  scheme: StorageScheme,
  setting: Setting,
) {
  const stored = layers.map((layer) => measureLayer(layer.group, scheme));
  const works = [...layers.map((layer, i) => workOf(layer, stored[i]!.bytes, setting)), others];
  const { energy, memoryEnergy, areaTime } = estimate(works, setting.accelerator, { format: setting.format });
  return {
    parameters: stored.reduce((total, layer) => total + layer.parameters, 0),
    bytes: stored.reduce((total, layer) => total + layer.bytes, 0),
    arithmetic: addArithmetic(works),
    energy,
    memoryEnergy,
    areaTime,
  };
}
