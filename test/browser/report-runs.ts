/** Results of runs as training would leave them, made from a seed: what the report's tests show. */

import type { EpochRecord, LayerRecord, Method, Phase, RunResult, SampleRecord } from '../../src/train/records.ts';

export interface MakeRunOptions {
  readonly method?: Method;
  readonly seed?: number;
  readonly classes?: readonly string[];
  readonly epochs?: number;
  readonly channels?: number;
  readonly side?: number;
  readonly samples?: number;
  /** Test images per class. */
  readonly perClass?: number;
}

export const garments = [
  'T-shirt',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Boot',
];

const finalTop1: Readonly<Record<Method, number>> = { fp: 0.927, twn: 0.884, strassen: 0.921, hybrid: 0.9235 };

/** Energy and throughput relative to full precision. */
const relative: Readonly<Record<Method, { readonly energy: number; readonly throughput: number }>> = {
  fp: { energy: 1, throughput: 1 },
  twn: { energy: 0.2, throughput: 2 },
  strassen: { energy: 0.9, throughput: 0.46 },
  hybrid: { energy: 0.7235, throughput: 0.984 },
};

/** Uniform numbers of 0..1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function makeRun(options: MakeRunOptions = {}): RunResult {
  const { method = 'hybrid', seed = 1, classes = garments, epochs = 16, channels = 1, side = 28 } = options;
  const random = randomOf(seed * 7919 + method.length);
  const layers = makeLayers(method, classes.length, random);
  const confusion = makeConfusion(classes.length, options.perClass ?? 1000, finalTop1[method], random);
  const total = confusion.flat().reduce((a, b) => a + b, 0);
  const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const samples = Array.from({ length: options.samples ?? 60 }, () =>
    makeSample(classes.length, channels, side, random),
  );
  const history = makeHistory(method, epochs, right / total, random);
  return {
    method,
    top1: right / total,
    top5: 0.997,
    loss: 0.2412,
    parameters,
    bytes: layers.reduce((sum, layer) => sum + layer.bytes, 0),
    bytes16: makeLayers('fp', classes.length, randomOf(1)).reduce((sum, layer) => sum + layer.bytes, 0),
    ...relative[method],
    epochs,
    seconds: 61.4 * epochs,
    imagesPerSecond: method === 'fp' ? 1284.3 : 871.9,
    model: `runs/fashion/${method}/model.onnx`,
    architecture: 'mobilenet-v1 0.5',
    dataset: 'fashion-mnist',
    classes,
    seed,
    machine: 'AMD EPYC 9R14, 2 cores, onnxruntime-node 1.30.0 (cpu)',
    command: `tritbank train --model mobilenet-v1 --width 0.5 --data fashion-mnist --method ${method} --epochs ${epochs}`,
    date: '2026-01-31T12:00:00Z',
    history,
    layers,
    confusion,
    samples,
    skipped: 0,
  };
}

function phaseAt(method: Method, share: number): Phase {
  if (method === 'fp') return 'full';
  const [ternary, frozen] = method === 'twn' ? [0, 1] : method === 'hybrid' ? [0.4, 0.8] : [0.5, 0.75];
  return share < ternary ? 'full' : share < frozen ? 'ternary' : 'frozen';
}

function makeHistory(method: Method, epochs: number, top1: number, random: () => number): EpochRecord[] {
  return Array.from({ length: epochs }, (_, i) => {
    const share = i / epochs;
    const phase = phaseAt(method, share);
    const drop = phase === 'ternary' && method !== 'twn' ? 0.05 * Math.exp(-3 * (share - 0.4)) : 0;
    const accuracy = i === epochs - 1 ? top1 : top1 - 0.3 * Math.exp(-8 * share) - drop + 0.008 * (random() - 0.5);
    return {
      epoch: i + 1,
      phase,
      step: 469 * (i + 1),
      learningRate: 0.05 * (1 + Math.cos(Math.PI * share)),
      trainLoss: 0.16 + 0.9 * Math.exp(-7 * share) + drop + 0.01 * random(),
      trainTop1: accuracy + 0.02,
      testLoss: 0.23 + 0.7 * Math.exp(-8 * share) + 2 * drop + 0.02 * random(),
      top1: accuracy,
      top5: 0.99,
      imagesPerSecond: 900 + 40 * random(),
      seconds: 61.4 * (i + 1),
    };
  });
}

/** MobileNet-V1 at width 0.5: a convolution, 13 depthwise separable blocks, a classifier. */
function makeLayers(method: Method, classes: number, random: () => number): LayerRecord[] {
  const widths = [16, 32, 64, 64, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512];
  const layers: LayerRecord[] = [];
  const add = (name: string, kind: LayerRecord['kind'], filters: number, fanIn: number) => {
    const as = kind === 'depthwise' ? 'fp' : method;
    const fullPrecision = as === 'fp' ? filters : as === 'hybrid' ? filters / 2 : 0;
    const ternaryFilters = filters - fullPrecision;
    const hidden = as === 'strassen' ? 2 * filters : as === 'hybrid' ? Math.round(1.25 * ternaryFilters) : 0;
    const ternaryCount = hidden > 0 ? hidden * (fanIn + ternaryFilters) : ternaryFilters * fanIn;
    const zero = Math.round(ternaryCount * (0.35 + 0.35 * random()));
    const minus = Math.round((ternaryCount - zero) * (0.45 + 0.1 * random()));
    const ternary = { minus, zero, plus: ternaryCount - zero - minus };
    layers.push({
      name,
      kind,
      method: as,
      filters,
      fullPrecision,
      hidden,
      parameters: fullPrecision * fanIn + ternaryCount + hidden + filters,
      bytes: Math.ceil(2 * fullPrecision * fanIn + ternaryCount / 4 + 4 * hidden + (as === 'fp' ? 2 : 4) * filters),
      ...(ternaryCount > 0 ? { ternary } : {}),
    });
  };
  add('conv', 'conv', 16, 9);
  for (let i = 1; i < widths.length; i++) {
    add(`block${i}/depthwise`, 'depthwise', widths[i - 1]!, 9);
    add(`block${i}/pointwise`, 'pointwise', widths[i]!, widths[i - 1]!);
  }
  add('classifier', 'classifier', classes, 512);
  return layers;
}

function makeConfusion(classes: number, perClass: number, top1: number, random: () => number): number[][] {
  return Array.from({ length: classes }, (_, label) => {
    const row = new Array<number>(classes).fill(0);
    for (let i = 0; i < perClass; i++) {
      const mistake = (label + 1 + Math.floor(random() ** 3 * (classes - 1))) % classes;
      row[random() < top1 ? label : mistake]!++;
    }
    return row;
  });
}

/** A shape whose form depends on the label, with noise; about one in five is misread. */
function makeSample(classes: number, channels: number, side: number, random: () => number): SampleRecord {
  const label = Math.floor(random() * classes);
  const isRight = random() < 0.8;
  const prediction = isRight ? label : (label + 1) % classes;
  const pixels: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < side * side; i++) {
      const x = (2 * (i % side)) / side - 1;
      const y = (2 * Math.floor(i / side)) / side - 1;
      const radius = 0.55 + 0.25 * Math.cos((2 + (label % 5)) * Math.atan2(y, x) + c);
      const inside = Math.hypot(x, y) < radius ? 200 - 50 * c * (label % 3) : 12;
      pixels.push(Math.max(0, Math.min(255, Math.round(inside + 40 * (random() - 0.5)))));
    }
  }
  return { pixels, channels, height: side, width: side, label, prediction, probability: 0.5 + random() / 2 };
}

export const makeRuns = (options: Omit<MakeRunOptions, 'method'> = {}): RunResult[] =>
  (['fp', 'twn', 'strassen', 'hybrid'] as const).map((method) => makeRun({ ...options, method }));
