import { expect, it } from 'vitest';
import { quantizedModel } from '../../test/exporters.ts';
import { f32, Graph } from '../ir/index.ts';
import { NetworkBuilder } from '../models/index.ts';
import { readModel } from '../onnx/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan, deploy, makePlan, type PlanOptions, toFrozen } from '../quantize/index.ts';
import { parseAccelerator } from './accelerator.ts';
import { paperConventions } from './conventions.ts';
import { measureCost } from './measure.ts';
import { storageSchemes } from './storage.ts';

const cost = (energy: number, area: number) => ({ energy, area });
const accelerator = parseAccelerator(
  {
    name: 'mine',
    description: 'd',
    source: 's',
    units: { energy: 'pJ', area: 'um2' },
    formats: { wide: { bytes: 4, mac: cost(10, 8), multiplication: cost(7, 8), addition: cost(2, 1) } },
    defaultFormat: 'wide',
    memory: { weights: { energyPerByte: 3 }, activations: { energyPerByte: 1 } },
  },
  'mine.json',
);

/** Two pointwise layers, 2 -> 4 -> 3 channels on 5 x 5 pixels. */
function build(options: PlanOptions): Graph {
  const network = new NetworkBuilder('two', 1);
  const x = network.convBlock('stem', network.input(1, 5), { filters: 2, kernel: 1 });
  const y = network.convBlock('pw', x, { filters: 4, kernel: 1 });
  const graph = network.classifier(y, 3);
  return deploy(
    toFrozen(applyPlan(graph, makePlan(graph, { kinds: ['pointwise'], ...options }), 1), new Map()),
    new Map(),
  );
}

it('measures energy, memory energy and intensity by hand', () => {
  const { layers, ...total } = measureCost(build({ method: 'hybrid', alpha: 0.5, widthRatio: 1.5 }), { accelerator });
  const pw = layers.find((layer) => layer.name === 'pw')!;
  // two filters of each kind, r = 3
  const [macs, products, additions] = [25 * 4, 25 * 3, 25 * (3 * 2 + 2 * 3 + 4)];
  expect([pw.macs, pw.products, pw.additions]).toEqual([macs, products, additions]);
  expect([pw.multiplications, pw.additionsWithMacs]).toEqual([macs + products, macs + additions]);
  expect(pw.energy).toBe(10 * macs + 7 * products + 2 * additions);
  // 4 weights at 16 bits, 12 ternary ones at 2, 4 biases and 3 scales at 16
  expect(pw.bytes).toBe(8 + 3 + 14);
  expect([pw.inputBytes, pw.outputBytes]).toEqual([4 * 2 * 25, 4 * 4 * 25]);
  expect(pw.memoryEnergy).toBe(3 * 25 + 200 + 400);
  expect(pw.intensity).toBe((2 * macs + products + additions) / (25 + 200 + 400));
  expect(total.energy).toBe(layers.reduce((sum, layer) => sum + layer.energy, 0));
  expect([total.format, total.energyUnit, total.areaUnit, total.batch]).toEqual(['wide', 'pJ', 'um2', 1]);
});

it('is relative to the same network with full-precision weights', () => {
  const fp = measureCost(build({ method: 'fp' }), { accelerator });
  expect(fp.relative).toEqual({
    ...{ size: 1, multiplications: 1, energy: 1, throughput: 1 },
    ...{ memoryEnergy: 1, totalEnergy: 1 },
  });
  for (const method of ['twn', 'strassen', 'hybrid'] as const) {
    const small = measureCost(build({ method, widthRatio: 1 }), { accelerator });
    expect(small.relative.energy).toBeCloseTo(small.energy / fp.energy, 12);
    expect(small.relative.memoryEnergy).toBeCloseTo(small.memoryEnergy / fp.memoryEnergy, 12);
    const total = (cost: typeof fp) => cost.energy + cost.memoryEnergy;
    expect(small.relative.totalEnergy).toBeCloseTo(total(small) / total(fp), 12);
    expect(small.relative.throughput).toBeCloseTo(fp.areaTime / small.areaTime, 12);
    expect(small.relative.size).toBeCloseTo(small.bytes / fp.bytes, 12);
    expect(small.relative.multiplications).toBeCloseTo(small.multiplications / fp.multiplications, 12);
  }
});

it('counts by the conventions', () => {
  const graph = build({ method: 'twn' });
  const by = (change: object) => measureCost(graph, { accelerator, conventions: { ...paperConventions, ...change } });
  const paper = by({});
  expect(by({ biases: 'preloaded' }).additions).toBe(paper.additions - (2 * 25 + 4 * 25 + 3));
  expect(by({ ternary: 'zero-skipping' }).additions).toBe(
    paper.additions - paper.counts.ternary + paper.counts.ternaryNonZero,
  );
  const scaled = by({ outputScales: 'counted' });
  expect(scaled.products - paper.products).toBe(paper.counts.outputScales);
  // two ReLUs compare, the pool adds 24 times and multiplies once a channel
  const whole = by({ elementwise: 'counted' });
  expect(whole.additions - paper.additions).toBe(2 * 25 + 4 * 25 + 4 * 24);
  expect(whole.products - paper.products).toBe(4);
  expect(whole.layers.filter((layer) => layer.kind === 'other').map((layer) => layer.name)).toEqual([
    'Relu',
    'GlobalAveragePool',
  ]);
});

it('stores by the scheme', () => {
  const graph = build({ method: 'strassen', widthRatio: 5 });
  const bytes = (packing: 'two-bit' | 'five-trit' | 'entropy') =>
    measureCost(graph, { scheme: { ...storageSchemes.strassen, packing } }).layers.find((l) => l.name === 'pw')!;
  // r = 20: Wb 20 x 2, Wc 4 x 20; 4 biases and 20 scales at 4 bytes
  expect(bytes('two-bit').bytes).toBe(10 + 20 + 96);
  expect(bytes('five-trit').bytes).toBe(8 + 16 + 96);
  expect(bytes('entropy').bytes).toBeLessThanOrEqual(Math.ceil((120 * Math.log2(3)) / 8) + 96);
  expect(bytes('entropy').bytes).toBeGreaterThan(96);
});

it('takes number format and scheme from 8-bit activations, where the accelerator has the format', () => {
  const graph = readModel(quantizedModel().bytes);
  const cost = measureCost(graph);
  expect([cost.activations, cost.format, cost.scheme]).toEqual(['int8', 'int8', storageSchemes['packed-int8']]);
  // four filters of three weights, each with a scale; 16 pixels in, four by 16 out, a byte each
  expect(cost.layers[0]).toMatchObject({
    macs: 16 * 12,
    parameters: 12,
    bytes: 12 + 4 * 4,
    inputBytes: 48,
    outputBytes: 64,
  });
  expect(cost.bytes).toBe(28 + cost.structureBytes);
  expect(cost.unknown).toEqual([]);
  expect(measureCost(graph, { accelerator }).format).toBe('wide');
  expect(measureCost(graph, { format: 'fp16', scheme: 'fp' })).toMatchObject({
    format: 'fp16',
    bytes: 24,
    structureBytes: 0,
  });
});

it('leaves out what it does not know, and says so', () => {
  const graph = new Graph('strange', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', [1, 2, 3, 3]);
  const y = b.op('Conv', [x, b.constant('w', f32([2, 2, 1, 1], [1, 2, 3, 4]))]);
  graph.outputs = [graph.add('Mystery', [y], {}, { domain: 'custom' }).output()];
  const { unknown, macs, peakActivationBytes } = measureCost(graph);
  expect([unknown.map((u) => u.op), macs]).toEqual([['custom.Mystery'], 36]);
  expect(peakActivationBytes).toBeNaN();
});
