/**
 * What lanes see of a layer: activations of pixels and weights of rows, in the order in which an output-stationary array
 * uses them. Energies depend on them: of data that change little, little is switched.
 */

import { type ConvolutionLayer, evaluateNetwork, type IntegerNetwork, isPointwise } from '../integer/index.ts';
import { Random, TritbankError } from '../ir/index.ts';

/** A layer's products: each row with each pixel. */
export interface LayerTrace {
  readonly columns: number;
  readonly pixels: number;
  /** [pixels, columns]. */
  readonly activations: Int8Array | Int16Array;
  readonly rows: number;
  /** [rows, columns]; of a ternary layer -1, 0, 1. */
  readonly weights: Int8Array | Int16Array;
}

export interface UnitTraces {
  /** Where they come from, for records. */
  readonly source: string;
  readonly filters: LayerTrace;
  readonly ternary: LayerTrace;
}

/** Bits of activations and full-precision weights. */
export type OperandBits = 8 | 16;

/**
 * Drawn data that look like those of a compressed MobileNet: after a ReLU half of the activations are at the zero point,
 * the least integer, and the others fall off exponentially; weights are normal with a deviation of an eighth of the
 * range; 65 % of the trits are zero.
 */
export function drawnTraces(seed = 0, bits: OperandBits = 8): UnitTraces {
  const [columns, pixels, rows] = [128, 32, 32];
  const random = new Random(seed, 'traces');
  const half = 2 ** (bits - 1);
  const clamp = (value: number) => Math.max(-half, Math.min(half - 1, Math.round(value)));
  const integers = (length: number, draw: () => number) =>
    bits === 8 ? Int8Array.from({ length }, draw) : Int16Array.from({ length }, draw);
  const activation = () =>
    random.float() < 0.5 ? -half : clamp(-half - (40 / 128) * half * Math.log(1 - random.float()));
  const trit = () => (random.float() < 0.65 ? 0 : random.float() < 0.5 ? -1 : 1);
  const layer = (weight: () => number): LayerTrace => ({
    columns,
    pixels,
    activations: integers(pixels * columns, activation),
    rows,
    weights: integers(rows * columns, weight),
  });
  return {
    source: `drawn data, seed ${seed}`,
    filters: layer(() => clamp((half / 4) * random.normal())),
    ternary: layer(trit),
  };
}

/** The pointwise layer of a kind in which half of all products, or additions, of that kind are done. */
function middleLayer(network: IntegerNetwork, kind: 'int8' | 'ternary'): ConvolutionLayer {
  const found = network.layers
    .filter((layer): layer is ConvolutionLayer => layer.kind === 'convolution')
    .filter((layer) => layer.weights.kind === kind && layer.groups === 1 && isPointwise(layer))
    .map((layer) => ({ layer, work: workOf(layer) }));
  const all = found.reduce((sum, { work }) => sum + work, 0);
  let done = 0;
  for (const { layer, work } of found) {
    done += work;
    if (done >= all / 2) return layer;
  }
  throw new TritbankError('E_MODEL', network.name, `expected pointwise layers with ${kind} weights, found none`);
}

/** Products with weights that are not zero. */
function workOf({ weights: { values }, y }: ConvolutionLayer): number {
  let count = 0;
  for (const value of values) if (value !== 0) count++;
  return count * y.tensor.height * y.tensor.width;
}

const mostPixels = 64;

function traceOf(layer: ConvolutionLayer, planes: Int8Array): LayerTrace {
  const { columns, rows, weights, x } = layer;
  const inPixels = x.tensor.height * x.tensor.width;
  const pixels = Math.min(mostPixels, inPixels);
  const stride = Math.floor(inPixels / pixels);
  const activations = new Int8Array(pixels * columns);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let column = 0; column < columns; column++) {
      activations[pixel * columns + column] = planes[(x.channel + column) * inPixels + pixel * stride]!;
    }
  }
  return { columns, pixels, activations, rows, weights: weights.values };
}

/** Real data: of an image, in the middle one of a network's pointwise layers of either kind. E_MODEL without such layers. */
export function networkTraces(network: IntegerNetwork, image: Int8Array): UnitTraces {
  const tensors = evaluateNetwork(network, image);
  const of = (kind: 'int8' | 'ternary') => {
    const layer = middleLayer(network, kind);
    return { name: layer.name, trace: traceOf(layer, tensors[layer.x.tensor.id] as Int8Array) };
  };
  const [filters, ternary] = [of('int8'), of('ternary')];
  const source = `layers ${filters.name} and ${ternary.name} of ${network.name}`;
  return { source, filters: filters.trace, ternary: ternary.trace };
}
