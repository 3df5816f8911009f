/** Fine-tuning of a given model after a plan was applied to it, from a decomposition to the exported file. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateModel } from '../../src/classifier/index.ts';
import { readPlan } from '../../src/cost/index.ts';
import { AbortError, type Graph, i64, int, isTernary, Random, TritbankError } from '../../src/ir/index.ts';
import { loadModel, readModel, saveModel } from '../../src/onnx/index.ts';
import { Builder } from '../../src/ops/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { applyPlan, deploy, initialState, makePlan, type Plan, toFrozen } from '../../src/quantize/index.ts';
import {
  defaultFineTune,
  type FineTuneConfig,
  type FineTuneTask,
  fineTune,
  type RunResult,
  trainNetwork,
} from '../../src/train/index.ts';
import { classifiers } from '../fixtures/classifiers.ts';
import { imagenetClasses, imagesFor } from '../fixtures/images.ts';
import { crudeFactors } from './crude-factors.ts';
import { essence, quickConfig, readMetrics, writeBars } from './train-data.ts';

let directory = '';
let data = '';
let base: Graph;
let original: RunResult;
const at = (name: string) => join(directory, name);

/** A small network, trained in full precision and exported: no batch norms are left in it. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-fine-tune-'));
  data = writeBars(at('bars'), { train: 192, test: 48 });
  const { layerKinds: _all, ...config } = quickConfig(data, { method: 'fp', model: 'ds-cnn', width: 0.25, epochs: 20 });
  original = await trainNetwork({ ...config, augment: false, reestimateBatches: 6 }, { out: at('original') });
  base = inferShapes(await loadModel(original.model));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function taskOf(plan: Plan): FineTuneTask {
  const network = applyPlan(base, plan, 1, { factors: 'zero' });
  return { plan, network, initial: initialState(network, crudeFactors(base, plan)) };
}

const hybrid = () => makePlan(base, { method: 'hybrid', alpha: 0.25, widthRatio: 1 });

const configOf = (changes: Partial<FineTuneConfig> = {}): FineTuneConfig => ({
  ...defaultFineTune,
  data,
  epochs: 9,
  phases: [0, 2, 1],
  learningRate: 0.02,
  emaDecay: 0,
  augment: false,
  calibrationBatches: 2,
  reestimateBatches: 4,
  threads: 1,
  ...changes,
});

async function errorOf(work: Promise<unknown>): Promise<TritbankError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TritbankError) return error;
    throw error;
  }
  throw new Error('expected an error, found none');
}

it('starts from a network without batch norms that knows its task', () => {
  expect(base.nodes.some((n) => n.op === 'BatchNormalization')).toBe(false);
  expect(original.top1).toBeGreaterThan(0.9);
});

describe('a hybrid of it', () => {
  let task: FineTuneTask;
  let result: RunResult;
  const out = () => at('hybrid');
  beforeAll(async () => {
    task = taskOf(hybrid());
    result = await fineTune(task, configOf({ learningRate: 0.05 }), { out: out(), command: 'test' });
  });

  it('is as good as the original again, and better than its decomposition', async () => {
    const { network, initial } = task;
    const metadata = Object.fromEntries(base.metadata);
    const decomposed = await evaluateModel(deploy(toFrozen(network, initial!), new Map(), metadata), { data });
    expect(decomposed.loss).toBeGreaterThan(1.5 * original.loss);
    expect(result.loss).toBeLessThan(0.5 * decomposed.loss);
    expect(result.top1).toBeGreaterThanOrEqual(original.top1 - 0.05);
  });

  it('never ends below its start where images are held out', async () => {
    // good already: its own weights, decomposed, as trained above; steps that undo them
    const harm = { validation: 0.25, phases: [0, 0, 1], epochs: 2, learningRate: 2, reestimateBatches: 0 } as const;
    const plan = makePlan(base, { method: 'hybrid', alpha: 0.9, widthRatio: 2, kinds: ['pointwise'] });
    const harmed = await fineTune(taskOf(plan), configOf(harm), { out: at('harmed') });
    const epochs = readMetrics(at('harmed')).map(({ top1 }) => top1);
    expect(harmed.validation!.epoch).toBe(0);
    expect(harmed.validation!.top1).toBeGreaterThan(Math.max(...epochs));
  });

  it('leaves its records, two phases long', () => {
    const phaseOf = (epoch: number) => (epoch <= 6 ? 'ternary' : 'frozen');
    expect(readMetrics(out()).map((r) => [r.epoch, r.phase, r.step])).toEqual(
      Array.from({ length: 9 }, (_, i) => [i + 1, phaseOf(i + 1), 6 * (i + 1)]),
    );
    const config = JSON.parse(readFileSync(join(out(), 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({ epochs: 9, batchNorm: 'restore', distillation: { kind: 'kd' } });
    expect(config.start).toMatch(/^[0-9a-f]{64}$/);
    expect(readPlan(join(out(), 'plan.json')).layers).toEqual(task.plan.layers);
    expect(result).toMatchObject({ method: 'hybrid', dataset: 'bars', command: 'test', classes: original.classes });
    expect(result.bytes16).toBe(original.bytes16);
    expect(result.architecture).toBe(`${base.name}, 28x28`);
  });

  it('exports ternary factors in the interface of the original', async () => {
    const graph = await loadModel(result.model);
    expect(graph.nodes.some((n) => n.op === 'BatchNormalization')).toBe(false);
    for (const name of task.network.ternary.map((t) => t.name)) {
      expect(isTernary(graph.value(name).constant!), name).toBe(true);
    }
    expect(task.network.ternary).toHaveLength(12);
    expect(graph.inputs.map((v) => [v.name, v.shape])).toEqual([['input', ['N', 1, 28, 28]]]);
    for (const key of ['input_mean', 'input_std', 'labels']) {
      expect(graph.metadata.get(key)).toBe(base.metadata.get(key));
    }
    expect(graph.metadata.get('method')).toBe('hybrid');
    const evaluation = await evaluateModel(result.model, { data });
    expect([evaluation.top1, evaluation.confusion]).toEqual([result.top1, result.confusion]);
  });
});

describe('other ways', () => {
  it.each<[string, Partial<FineTuneConfig>]>([
    ['frozen from the first step', { phases: [0, 0, 1], epochs: 2 }],
    ['ternary to the end, with averaged weights', { phases: [0, 1, 0], epochs: 2, emaDecay: 0.9 }],
    ['a scale and a bias per channel in place of batch norms', { batchNorm: 'scale', epochs: 6, learningRate: 2e-3 }],
    ['the biases that are there', { batchNorm: 'keep', epochs: 6, learningRate: 2e-3 }],
    ['the correlations of the teacher', { epochs: 4, distillation: { kind: 'dist', weight: 0.5, temperature: 1 } }],
  ])('%s', async (name, changes) => {
    const plan: Plan = { layers: { conv_pw_2: { method: 'strassen', fullPrecision: [], hidden: 16 } } };
    const out = at(name.replaceAll(' ', '-'));
    const config = configOf({ batchNorm: 'insert', ...changes });
    const result = await fineTune(taskOf(plan), config, { out });
    expect(result.method).toBe('strassen');
    expect(result.top1).toBeGreaterThanOrEqual(original.top1 - 0.05);
    const [first, last] = [readMetrics(out)[0]!, readMetrics(out).at(-1)!];
    expect(last.trainLoss).toBeLessThan(first.trainLoss);
  });

  it('freezes layer after layer, and weights that oscillate', async () => {
    const out = at('freezing');
    const config = configOf({
      epochs: 4,
      phases: [0, 1, 0],
      learningRate: 0.05,
      emaDecay: 0.9,
      oscillation: { kind: 'freeze', threshold: 0.1, momentum: 0.1 },
      freezeLayers: true,
    });
    const result = await fineTune(taskOf(hybrid()), config, { out });
    expect(result.top1).toBeGreaterThan(0.5);
    const pinned = result.history.map((r) => r.pinned!);
    expect(pinned).toEqual(pinned.toSorted((a, b) => a - b));
    // of 12 ternary weights the first 3, 6, 9 and 12
    const sizes = taskOf(hybrid()).network.ternary.map((t) => taskOf(hybrid()).initial!.get(t.name)!.data.length);
    const share = (n: number) => sizes.slice(0, n).reduce((a, b) => a + b, 0) / sizes.reduce((a, b) => a + b, 0);
    expect(pinned[0]).toBeGreaterThanOrEqual(share(3));
    expect(pinned[0]).toBeLessThan(share(6));
    expect(pinned[3]).toBe(1);
  });

  it('without steps to speak of, exports the decomposition itself', async () => {
    const task = taskOf(hybrid());
    const metadata = Object.fromEntries(base.metadata);
    const decomposed = await evaluateModel(deploy(toFrozen(task.network, task.initial!), new Map(), metadata), {
      data,
    });
    const changes = { epochs: 1, phases: [0, 1, 0], learningRate: 1e-12, trainSamples: 32 } as const;
    // the statistics of one batch, which is all there is
    const config = configOf({ ...changes, calibrationBatches: 1, reestimateBatches: 1 });
    const same = await fineTune(task, { ...config, batchNorm: 'insert' }, { out: at('still') });
    expect(same.loss / decomposed.loss).toBeCloseTo(1, 3);
    expect(same.confusion).toEqual(decomposed.confusion);
    // means and deviations of the original are much of what the decomposition lost
    const restored = await fineTune(task, config, { out: at('restored') });
    expect(restored.loss).toBeLessThan(0.8 * decomposed.loss);
  });

  it('restores nothing where nothing was changed', async () => {
    const network = applyPlan(base, { layers: {} }, 1);
    const changes = { epochs: 1, phases: [1, 0, 0], learningRate: 1e-12, trainSamples: 32 } as const;
    const config = configOf({ ...changes, calibrationBatches: 1, reestimateBatches: 1 });
    const task = { plan: { layers: {} }, network };
    const result = await fineTune(task, config, { out: at('unchanged') });
    expect(result.method).toBe('fp');
    expect(result.loss).toBeCloseTo(original.loss, 4);
    expect(result.confusion).toEqual(original.confusion);
  });
});

describe('a teacher that sees mirrored images', () => {
  /** The mean loss of two steps that change nothing, with the teacher's part alone. */
  async function lossOf(name: string, teacher: Graph, mirror: boolean): Promise<number> {
    const model = at(`${name}.onnx`);
    await saveModel(teacher, model);
    const changes = { epochs: 1, phases: [1, 0, 0], learningRate: 1e-12, trainSamples: 64 } as const;
    const distillation = { weight: 1, temperature: 2, mirror } as const;
    const task = { plan: { layers: {} }, network: applyPlan(base, { layers: {} }, 1) };
    await fineTune(task, configOf({ ...changes, distillation, teachers: [model] }), { out: at(name) });
    return readMetrics(at(name))[0]!.trainLoss;
  }

  it('sees every other batch so, and the others as they are', async () => {
    const turned = base.clone();
    const input = turned.inputs[0]!;
    const b = new Builder(turned, 'mirror/', turned.nodes[0]);
    const columns = b.constant('columns', i64(Array.from({ length: 28 }, (_, i) => 27 - i)));
    const flip = b.op('Gather', [input, columns], { axis: int(3) });
    input.replaceAllUsesWith(flip);
    flip.producer!.setInput(0, input);
    const [plain, other] = [await lossOf('plain', base, false), await lossOf('turned', turned, false)];
    const [mixed, swapped] = [await lossOf('plain-mirror', base, true), await lossOf('turned-mirror', turned, true)];
    expect(Math.abs(mixed - plain)).toBeGreaterThan(1e-3);
    expect(Math.abs(mixed - other)).toBeGreaterThan(1e-3);
    expect(mixed + swapped).toBeCloseTo(plain + other, 4);
  });
});

describe('some of the classes', () => {
  /** Folders `low` and `high` with bars of the classes 3 and 1 of the model. */
  async function writeFolders(name: string, indices: Record<string, number>): Promise<string> {
    for (const [part, count] of [['train', 32] as const, ['val', 8] as const]) {
      for (let i = 0; i < count; i++) {
        const [folder, label] = i % 2 === 0 ? ['low', 3] : ['high', 1];
        const random = new Random(7, part, i);
        const top = 7 * (label as number) + random.int(3);
        const pixels = Uint8Array.from({ length: 28 * 28 }, (_, k) => {
          const row = Math.floor(k / 28);
          return (row >= top && row < top + 5 ? 140 : 0) + random.int(100);
        });
        mkdirSync(join(at(name), part, folder as string), { recursive: true });
        const raw = { width: 28, height: 28, channels: 1 } as const;
        const file = join(at(name), part, folder as string, `${String(i).padStart(2, '0')}.png`);
        writeFileSync(file, await sharp(pixels, { raw }).png().toBuffer());
      }
    }
    const entries = Object.entries(indices).map(([folder, index]) => [folder, { index, name: folder }]);
    if (entries.length > 0) writeFileSync(join(at(name), 'classes.json'), JSON.stringify(Object.fromEntries(entries)));
    return at(name);
  }
  const plan: Plan = { layers: { conv_pw_2: { method: 'strassen', fullPrecision: [], hidden: 16 } } };

  it('are trained and evaluated under their indices', async () => {
    const folders = await writeFolders('two', { low: 3, high: 1 });
    const config = configOf({ data: folders, epochs: 4, batchSize: 16, labelSmoothing: 0.1 });
    const result = await fineTune(taskOf(plan), config, { out: at('two-run') });
    const rows = result.confusion.map((row) => row.reduce((a, b) => a + b, 0));
    expect(rows).toEqual([0, 4, 0, 4]);
    expect(result.top1).toBeGreaterThan(0.8);
    expect(result.classes).toEqual(['class 0', 'high', 'class 2', 'low']);
    // the model's own names of all classes stay
    expect((await loadModel(result.model)).metadata.get('labels')).toBe(base.metadata.get('labels'));
  });

  it('must be classes of the model', async () => {
    const without = await writeFolders('unknown', {});
    const unknown = await errorOf(fineTune(taskOf(plan), configOf({ data: without }), { out: at('x') }));
    const expected = 'expected the 4 classes of the model, or a classes.json that gives their indices';
    expect(unknown).toMatchObject({
      code: 'E_DATA',
      message: `data set 'unknown': ${expected}, found 2 classes, 'high' among them`,
    });
    const beyond = await writeFolders('beyond', { low: 3, high: 7 });
    const error = await errorOf(fineTune(taskOf(plan), configOf({ data: beyond }), { out: at('x') }));
    expect(error).toMatchObject({ code: 'E_DATA', where: join(beyond, 'classes.json') });
    expect(error.message).toMatch(/expected class indices below 4, the number of classes of the model/);
    expect(existsSync(at('x'))).toBe(false);
  });
});

const withBase = (plan: Plan, graph: Graph) => {
  const task = taskOf(plan);
  return { ...task, network: { ...task.network, base: graph } };
};

describe('a model that does not say how pixels are normalised', () => {
  it('is given what the caller says, or else the figures of the data, with a warning', async () => {
    const silent = base.clone();
    silent.metadata.delete('input_mean');
    const task = withBase({ layers: { conv_pw_2: { method: 'twn', granularity: 'tensor' } } }, silent);
    const normalisation = { mean: [30], std: [60] };
    const told = await fineTune(task, configOf({ normalisation, epochs: 1 }), { out: at('told') });
    const { metadata } = await loadModel(told.model);
    expect([metadata.get('input_mean'), metadata.get('input_std')]).toEqual(['30', '60']);
    const warnings: string[] = [];
    const guessed = await fineTune(task, configOf({ epochs: 1 }), {
      out: at('guessed'),
      warn: (line) => warnings.push(line),
    });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^the model does not say how pixels are normalised: those of bars are taken \(mean [\d.]+, /,
      ),
    ]);
    const mean = Number((await loadModel(guessed.model)).metadata.get('input_mean'));
    expect(mean).toBeCloseTo(Number(base.metadata.get('input_mean')), 6);
  });
});

describe('refuses', () => {
  const plan: Plan = { layers: { conv_pw_2: { method: 'twn', granularity: 'tensor' } } };
  const refused = async (task: FineTuneTask, changes: Partial<FineTuneConfig> = {}) => {
    const error = await errorOf(fineTune(task, configOf(changes), { out: at('refused') }));
    expect(existsSync(at('refused'))).toBe(false);
    return error;
  };

  it('sizes that the images cannot have, and other ones than the model has', async () => {
    const wide = base.clone();
    wide.inputs[0]!.type = { dtype: 'float32', shape: ['N', 1, 28, 20] };
    expect(await refused(withBase(plan, wide))).toMatchObject({
      code: 'E_DATA',
      detail: expect.stringMatching(/^expected an input size to which its images can be enlarged, found 28x20/),
    });
    expect(await refused(taskOf(plan), { inputSize: 32 })).toMatchObject({
      code: 'E_USAGE',
      detail: "expected the model's input size 28, found 32",
    });
  });

  it('initial values of other names, and options out of range', async () => {
    const initial = new Map([['conv_pw_9_wb', base.initializers[0]!.constant!]]);
    expect(await refused({ ...taskOf(plan), initial })).toMatchObject({
      code: 'E_USAGE',
      message: "initial 'conv_pw_9_wb': expected the name of an initializer, found another",
    });
    const distillation = { kind: 'dist', weight: 2, temperature: 1 } as const;
    expect(await refused(taskOf(plan), { distillation })).toMatchObject({ code: 'E_USAGE' });
  });
});

describe('a stopped run', () => {
  const plan: Plan = { layers: { conv_pw_2: { method: 'strassen', fullPrecision: [], hidden: 16 } } };
  const config = () => configOf({ epochs: 2, phases: [0, 1, 1] });

  it('goes on to the same model, and not with another network', async () => {
    const [whole, parts] = [at('whole'), at('parts')];
    await fineTune(taskOf(plan), config(), { out: whole });
    const controller = new AbortController();
    const stopped = fineTune(taskOf(plan), config(), {
      out: parts,
      signal: controller.signal,
      onProgress: ({ kind, phase, done }) => {
        if (kind === 'images' && phase === 'frozen' && done === 64) controller.abort();
      },
    });
    await expect(stopped).rejects.toThrow(AbortError);
    const other = taskOf({ layers: { conv_pw_2: { method: 'strassen', fullPrecision: [], hidden: 15 } } });
    expect(await errorOf(fineTune(other, config(), { out: parts, resume: true }))).toMatchObject({
      code: 'E_RESUME',
      detail: 'expected the network that training starts from as it was, found other weights or layers',
    });
    await fineTune(taskOf(plan), config(), { out: parts, resume: true });
    expect(essence(parts)).toEqual(essence(whole));
  });
});

describe.each(classifiers.filter(({ family, width }) => family === 'V1' && width === 0.5))('$name', (classifier) => {
  it('takes two steps on ten of its thousand classes', { timeout: 300_000 }, async () => {
    const images = await imagesFor(classifier, at(`${classifier.name} images`), { train: 4, val: 5 });
    const given = inferShapes(readModel(await classifier.read()));
    const plan = makePlan(given, { method: 'hybrid', alpha: 0.5, widthRatio: 3, kinds: ['pointwise'] });
    const network = applyPlan(given, plan, 1, { factors: 'zero' });
    const initial = initialState(network, crudeFactors(given, plan));
    const small = { epochs: 1, phases: [0, 1, 0], batchSize: 16, trainSamples: 32, testSamples: 50 } as const;
    const config: FineTuneConfig = { ...configOf(), ...small, data: images, reestimateBatches: 2 };
    const out = at(classifier.name);
    const result = await fineTune({ plan, network, initial }, config, { out });
    expect(readMetrics(out).map((r) => r.step)).toEqual([2]);
    expect(Number.isFinite(result.loss)).toBe(true);
    expect(result.classes).toHaveLength(1000);
    const labels = result.confusion.flatMap((row, label) => (row.some((n) => n > 0) ? [label] : []));
    expect(labels).toEqual(imagenetClasses.map(({ index }) => index));
    expect(result.layers.filter((l) => l.method === 'hybrid')).toHaveLength(13);
  });
});
