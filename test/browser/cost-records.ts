/** Cost measurements and sweeps as `cost/` would give them, made up: what the tests of their display show. */

import { noCounts } from '../../src/cost/conventions.ts';
import { paretoFront } from '../../src/cost/pareto.ts';
import type { LayerCost, NetworkCost, NodeCost, SweepPoint } from '../../src/cost/records.ts';

const sum = <T>(items: readonly T[], value: (item: T) => number) =>
  items.reduce((total, item) => total + value(item), 0);

/** A layer from what it does and stores; a multiplication takes an energy of 1, an addition 0.2. */
export function makeLayer(layer: Partial<LayerCost> & Pick<LayerCost, 'name'>): LayerCost {
  const { macs = 0, products = 0, additions = 0, filters = 0 } = layer;
  return {
    kind: 'pointwise',
    method: 'fp',
    filters,
    fullPrecision: filters,
    hidden: 0,
    counts: noCounts,
    parameters: 0,
    bytes: 0,
    inputBytes: 0,
    outputBytes: 0,
    intensity: 0,
    memoryEnergy: 0,
    utilisation: 0,
    macs,
    products,
    multiplications: macs + products,
    additions,
    additionsWithMacs: macs + additions,
    energy: macs + products + 0.2 * additions,
    ...layer,
  };
}

/** A network with the sums of its layers, and figures of its own in `rest`. */
export function makeCost(layers: readonly LayerCost[], rest: Partial<NetworkCost> = {}): NetworkCost {
  return {
    name: 'a network',
    layers,
    nodes: [],
    batch: 1,
    activations: 'float',
    counts: noCounts,
    macs: sum(layers, (l) => l.macs),
    products: sum(layers, (l) => l.products),
    multiplications: sum(layers, (l) => l.multiplications),
    additions: sum(layers, (l) => l.additions),
    additionsWithMacs: sum(layers, (l) => l.additionsWithMacs),
    parameters: sum(layers, (l) => l.parameters),
    bytes: sum(layers, (l) => l.bytes),
    structureBytes: 0,
    outputScales: 0,
    peakActivationBytes: 1_304_576,
    trafficBytes: 2_097_152,
    intensity: 26.006,
    energy: sum(layers, (l) => l.energy),
    memoryEnergy: sum(layers, (l) => l.memoryEnergy),
    areaTime: 151e6,
    split: 0.525,
    fixedSplit: { split: 0.516, utilisation: 0.917, throughput: 0.91011 },
    relative: {
      ...{ size: 0.49063, multiplications: 0.53387, energy: 0.72114, throughput: 0.99249 },
      ...(layers.some(({ memoryEnergy }) => memoryEnergy > 0) && { memoryEnergy: 0.65301, totalEnergy: 0.68125 }),
    },
    unknown: [],
    accelerator: 'paper',
    format: 'fp16',
    energyUnit: '16-bit MAC',
    areaUnit: '16-bit MAC unit',
    conventions: { ternary: 'dense', biases: 'added', outputScales: 'left-out', elementwise: 'left-out' },
    scheme: { packing: 'two-bit', filterBits: 16, depthwiseBits: 32, otherBits: 32, outputScaleBits: 0 },
    ...rest,
  };
}

export function makeNode(node: Partial<NodeCost> & Pick<NodeCost, 'name' | 'op'>): NodeCost {
  const { macs = 0, products = 0, additions = 0 } = node;
  return {
    parameters: 0,
    outputBytes: 0,
    counts: noCounts,
    macs,
    products,
    multiplications: macs + products,
    additions,
    additionsWithMacs: macs + additions,
    ...node,
  };
}

/** MobileNet-V1 0.5 at 224 x 224 with hybrid filter banks, alpha 0.5, 1.25 hidden units per ternary filter. */
export function makeMobileNet(rest: Partial<NetworkCost> = {}): NetworkCost {
  const widths = [16, 32, 64, 64, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512];
  const sides = [112, 112, 56, 56, 28, 28, 14, 14, 14, 14, 14, 14, 7, 7];
  const layers: LayerCost[] = [bank('conv', 'conv', 16, 27, 112)];
  for (let i = 1; i < widths.length; i++) {
    layers.push(depthwise(`block${i}/depthwise`, widths[i - 1]!, sides[i]!));
    layers.push(bank(`block${i}/pointwise`, 'pointwise', widths[i]!, widths[i - 1]!, sides[i]!));
  }
  layers.push(makeLayer({ name: 'classifier', kind: 'classifier', filters: 1000, macs: 512_000, bytes: 1_026_000 }));
  return makeCost(layers, { name: 'mobilenet-v1-0.5-224', ...rest });
}

function bank(name: string, kind: LayerCost['kind'], filters: number, inputs: number, side: number): LayerCost {
  const half = filters / 2;
  const hidden = 1.25 * half;
  const pixels = side * side;
  return makeLayer({
    name,
    kind,
    method: 'hybrid',
    filters,
    fullPrecision: half,
    hidden,
    parameters: half * inputs + hidden * (inputs + half) + hidden + filters,
    bytes: 2 * half * inputs + (hidden * (inputs + half)) / 4 + 4 * (hidden + filters),
    macs: half * inputs * pixels,
    products: hidden * pixels,
    additions: (hidden * (inputs + half) + filters) * pixels,
    utilisation: 0.9,
    memoryEnergy: 40 * filters * inputs,
  });
}

function depthwise(name: string, filters: number, side: number): LayerCost {
  const outputs = filters * side * side;
  const work = { parameters: 10 * filters, bytes: 40 * filters, macs: 9 * outputs, additions: outputs };
  return makeLayer({ name, kind: 'depthwise', filters, ...work, utilisation: 0.545, memoryEnergy: 360 * filters });
}

/** All pairs of some alphas and width ratios; size, energy and throughput follow in a simple way. */
export function makeSweep(alphas = [0, 0.25, 0.5, 0.75, 1], widthRatios = [1, 1.25, 1.5, 2]): SweepPoint[] {
  const points = alphas.flatMap((alpha) =>
    widthRatios.map((widthRatio): Omit<SweepPoint, 'pareto'> => {
      const macs = Math.round(1.4e8 * alpha);
      const products = Math.round(2e6 * widthRatio * (1 - alpha));
      const additions = Math.round(1.4e8 * widthRatio * (1 - alpha) * (2 - alpha));
      const multiplications = macs + products;
      const bytes = Math.round(2.6e6 * alpha + (additions / 1.4e8) * 3.5e5);
      const energy = multiplications + 0.2 * additions;
      const throughput = 1.4e8 / (multiplications + 0.5 * additions);
      const relative = {
        size: bytes / 2.6e6,
        multiplications: multiplications / 1.4e8,
        energy: energy / 1.4e8,
        throughput,
      };
      const arithmetic = { macs, products, multiplications, additions, additionsWithMacs: macs + additions };
      return { alpha, widthRatio, ...arithmetic, parameters: 1_300_000, bytes, energy, relative };
    }),
  );
  const front = paretoFront(points, [(p) => p.bytes, (p) => p.energy, (p) => -p.relative.throughput]);
  return points.map((point, i) => ({ ...point, pareto: front[i]! }));
}
