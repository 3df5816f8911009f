/** `tritbank compress` as users meet it: help, wrong usage, bad models, and a small network compressed in every way. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluateModel } from '../../src/classifier/index.ts';
import {
  type Analysis,
  type CompressConfig,
  type CompressResult,
  compressModel,
  defaultCompress,
} from '../../src/compress/index.ts';
import { measureCost, paperConventions, storageSchemes } from '../../src/cost/index.ts';
import { formatPlan, type PlanFile, readPlan } from '../../src/cost/plan-file.ts';
import { takeLock } from '../../src/files/lock.ts';
import { f32, type Graph, isTernary } from '../../src/ir/index.ts';
import { NetworkBuilder } from '../../src/models/index.ts';
import { loadModel, readModel, saveModel, writeModel } from '../../src/onnx/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { isBank } from '../../src/quantize/index.ts';
import { type RunResult, trainNetwork } from '../../src/train/index.ts';
import { quantizedModel } from '../exporters.ts';
import { expectGolden } from '../golden.ts';
import { startProgram } from '../program.ts';
import { quickConfig, writeBars } from './train-data.ts';
import { smallNetwork } from './train-small.ts';

let directory: string;
let original: RunResult;
const at = (...names: string[]) => join(directory, ...names);
const readJson = <T>(...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8')) as T;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-compress-'));
  writeBars(at('bars'), { train: 128, test: 48 });
  const { layerKinds: _all, ...config } = quickConfig(at('bars'), {
    method: 'fp',
    model: 'ds-cnn',
    width: 0.25,
    epochs: 10,
  });
  original = await trainNetwork({ ...config, augment: false, reestimateBatches: 4 }, { out: at('original') });
  await saveModel(await loadModel(original.model), at('bars.onnx'));
  writeFileSync(at('quantized.onnx'), quantizedModel().bytes);
  const plain = new NetworkBuilder('plain', 1);
  const x = plain.convBlock('depthwise', plain.input(3, 8), { filters: 3, kernel: 3, groups: 3 });
  await saveModel(inferShapes(plain.classifier(x, 3)), at('plain.onnx'));
  const broken = smallNetwork();
  (broken.find('conv_weight')!.constant!.data as Float32Array)[5] = Number.NaN;
  await saveModel(broken, at('broken.onnx'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the program in the test's directory. */
const start = (...args: readonly string[]) => startProgram(['compress', ...args], directory);

test('help', async () => {
  const { status, stdout, stderr } = await start('--help');
  expect([status, stderr]).toEqual([0, '']);
  expectGolden('help-compress', stdout);
});

describe.concurrent('wrong usage', () => {
  const ways = 'compress: expected a budget, a uniform choice or a plan, found';
  test.each([
    ['', "MODEL.onnx: expected an argument of 'tritbank compress', found none"],
    ['bars.onnx --max-size 0.9 --distill both', "--distill: expected one of kd, dist, none, found 'both'"],
    [
      'bars.onnx --max-size 0.9 --data bars --distill none --temperature 3',
      '--temperature: expected --distill kd or dist with it, found none',
    ],
    [
      'bars.onnx --max-size 0.9 --data bars --phases 1,1',
      "--phases: expected three numbers of at least 0, not all 0, separated by commas, found '1,1'",
    ],
    ['bars.onnx --max-size 0.9', '--data: expected images, or --no-training, found neither'],
    ['bars.onnx --no-training', `${ways} none of them`],
    ['bars.onnx --no-training --max-size 0.9 --uniform 0.5,1', `${ways} a budget and a uniform choice`],
    ['bars.onnx --calibrate-only --max-size 0.9', 'data: expected images to calibrate with, found none'],
    [
      'bars.onnx --calibrate-only --no-training --data bars --max-size 0.9',
      '--calibrate-only: expected it without --no-training, found both',
    ],
    [
      'bars.onnx --no-training --uniform 0.5',
      "--uniform: expected alpha and width ratio, separated by a comma, or int8 or int4, found '0.5'",
    ],
    [
      'bars.onnx --no-training --uniform 1.5,1',
      'uniform: expected alpha from 0 to 1 and a width ratio above 0, found 1.5 and 1',
    ],
    ['bars.onnx --no-training --max-size 0', "--max-size: expected a number above 0, found '0'"],
    [
      'bars.onnx --no-training --init draw --max-size 0.9',
      'init: expected decomposed factors without training, found drawn ones',
    ],
  ])('%s', async (line, message) => {
    const found = await start(...line.split(' ').filter((word) => word), ...(line ? ['--out', 'unused'] : []));
    expect(found).toEqual({ status: 2, stdout: '', stderr: `error E_USAGE: ${message}\n` });
    expect(existsSync(at('unused'))).toBe(false);
  });
});

const configOf = (changes: Partial<CompressConfig> = {}): CompressConfig => ({
  ...defaultCompress,
  model: at('bars.onnx'),
  data: at('bars'),
  budget: { size: 0.95 },
  accelerator: 'paper',
  conventions: paperConventions,
  scheme: storageSchemes.hybrid,
  images: 32,
  training: { ...defaultCompress.training, epochs: 1 },
  threads: 1,
  ...changes,
});

/** The same network with other weights. */
async function perturbed(bytes: Uint8Array): Promise<Graph> {
  const graph = readModel(bytes);
  const value = graph.initializers.find(({ constant }) => constant!.data.length > 100)!;
  value.constant = f32(
    value.dims,
    (value.constant!.data as Float32Array).map((v) => 1.01 * v),
  );
  return graph;
}

describe('models', () => {
  const compressed = (name: string) => compressModel(at(name), configOf({ method: 'none' }), { out: at('unused') });
  test.each([
    ['quantized.onnx', 'E_UNSUPPORTED', /expected float weights, found a quantized model/],
    ['plain.onnx', 'E_MODEL', /expected layers that can be compressed, found none among 2 \(/],
    ['broken.onnx', 'E_MODEL', /expected finite weights, found 1 in '.*' that are NaN or infinite/],
    ['absent.onnx', 'E_FILE', /absent.onnx: expected /],
  ])('%s', async (name, code, message) => {
    await expect(compressed(name)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(existsSync(at('unused'))).toBe(false);
  });
});

describe('without data', () => {
  test('a uniform choice, its zeros skipped', async () => {
    const line = '--no-training --quiet --json --ternary zero-skipping --uniform 0.5,1 --out bare-uniform';
    const { status, stdout } = await start('bars.onnx', ...line.split(' '));
    const { plan, relative } = JSON.parse(stdout) as CompressResult;
    expect(status).toBe(0);
    // predicted zeros are those of the decomposition of whole banks
    expect(plan.predicted!.energy / relative.energy).toBeCloseTo(1, 1);
    expect(plan.predicted!.throughput / relative.throughput).toBeCloseTo(1, 1);
  });
  test('sparser decompositions where zeros are skipped', async () => {
    const budget = '--no-training --quiet --json --max-energy 0.5';
    const plans: PlanFile[] = [];
    for (const [out, more] of Object.entries({
      sparse: '--ternary zero-skipping',
      few: '--ternary zero-skipping --sparsities 0',
      dense: '--ternary dense',
    })) {
      const line = `bars.onnx ${budget} ${more} --out bare-${out}`;
      const { status, stdout, stderr } = await start(...line.split(' '));
      expect([status, stderr]).toEqual([0, '']);
      const { plan, relative } = JSON.parse(stdout) as CompressResult;
      expect(relative.energy).toBeLessThan(0.55);
      plans.push(plan);
    }
    const sparsities = ({ layers }: PlanFile) =>
      Object.values(layers).flatMap((layer) => (isBank(layer) ? [layer.sparsity ?? 0] : []));
    const [sparse, few, dense] = plans as [PlanFile, PlanFile, PlanFile];
    expect(sparsities(sparse).some((sparsity) => sparsity > 0)).toBe(true);
    expect(new Set([...sparsities(few), ...sparsities(dense)])).toEqual(new Set([0]));
    expect(sparse.predicted!.loss).toBeLessThan(few.predicted!.loss);
  });

  test('a budget out of reach is answered by the closest that is not', async () => {
    const line = '--no-training --quiet --out bare --force --max-size'.split(' ');
    const run = (share: string) => start('bars.onnx', ...line, share);
    const refused = await run('0.3');
    expect([refused.status, refused.stdout]).toEqual([2, '']);
    const [, closest] = /^error E_USAGE: budget: .* found size 0.3: the closest possible is (\S+)\n$/.exec(
      refused.stderr,
    )!;
    expect(existsSync(at('bare', 'plan.json'))).toBe(false);
    const { status, stdout, stderr } = await run(closest!);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^original .*\nuncompressed, int8 weights .*\ncompressed, fp16 filters, float activations .*\n\nlayers +6 of 6/m,
    );
    expect(stdout).toMatch(
      /\nmodel +bare\/model.onnx\nnetwork +bare\/network.onnx .*\ncontrol +bare\/control.onnx\nreport +bare\/report.html\n/,
    );
    const { accuracy, relative, config } = readJson<CompressResult>('bare', 'result.json');
    expect(accuracy).toBeUndefined();
    expect(relative.size).toBeLessThanOrEqual(Number(closest));
    expect(relative.size).toBeCloseTo(Number(closest), 2);
    expect(config).toMatchObject({ method: 'none', budget: { size: Number(closest) } });
    const page = readFileSync(at('bare', 'report.html'), 'utf8');
    expect(page).toContain('<h2>Sensitivity</h2>');
    expect(page).not.toContain('<h2>Training</h2>');
  });
});

describe('calibration', () => {
  test('prints one object, and is better than chance', async () => {
    const args = ['--data', 'bars', '--images', '32', '--calibrate-only', '--uniform', '0.5,1', '--quiet', '--json'];
    const { status, stdout, stderr } = await start('bars.onnx', ...args, '--out', 'calibrated');
    expect([status, stderr]).toEqual([0, '']);
    const { out, report, ...result } = JSON.parse(stdout) as CompressResult & { out: string; report: string };
    expect([out, report]).toEqual(['calibrated', join('calibrated', 'report.html')]);
    expect(result).toEqual(readJson('calibrated', 'result.json'));
    expect(Object.keys(result.seconds)).toEqual([
      'statistics',
      'analysis',
      'plan',
      'calibrate',
      'save',
      'export',
      'verify',
      'measure',
    ]);
    const { before, after } = result.accuracy!;
    expect(before.top1).toBeCloseTo(original.top1, 12);
    expect(after.top1).toBeGreaterThan(0.5);
    const evaluation = await evaluateModel(at('calibrated', 'model.onnx'), { data: at('bars') });
    expect(evaluation.top1).toBe(after.top1);
    const methods = Object.values(result.plan.layers).map(({ method }) => method);
    expect(methods).toEqual([...Array<string>(5).fill('hybrid'), 'strassen']);
    const { examples, share } = result.agreement!;
    expect(examples).toHaveLength(Math.min(24, Math.round((1 - share) * 48)));
    for (const { before: was, after: is, label, image } of examples) {
      expect(was).not.toBe(is);
      expect(label).toBe(image % 4);
    }
    const page = readFileSync(at('calibrated', 'report.html'), 'utf8');
    expect(page.match(/<img src="data:image\/png/g) ?? []).toHaveLength(examples.length);
  });
});

describe('the packed file with 8-bit activations', () => {
  test('is calibrated on the same images', async () => {
    const args = ['--data', 'bars', '--images', '32', '--calibrate-only', '--uniform', '0.5,1', '--quiet', '--json'];
    const { status, stdout } = await start('bars.onnx', ...args, '--activations', 'int8', '--out', 'eight');
    expect(status).toBe(0);
    const result = JSON.parse(stdout) as CompressResult;
    expect(result.forms).toEqual({ activations: 'int8', filters: 'int8', ternary: 'five-trit' });
    expect(result.config.scheme).toEqual(storageSchemes['hybrid-int8']);
    expect(result.bytes).toBe(statSync(at('eight', 'model.onnx')).size);
    expect((await loadModel(at('eight', 'model.onnx'))).nodes.some(({ op }) => op === 'QuantizeLinear')).toBe(true);
  });

  test('is planned with what rounding hidden units costs: the first layer keeps filters', async () => {
    const planOf = async (...more: readonly string[]) => {
      const args = ['--data', 'bars', '--images', '16', '--no-training', '--max-size', '0.5', ...more];
      const out = `first-${more.length}`;
      const { status, stdout } = await start('bars.onnx', ...args, '--quiet', '--json', '--out', out);
      expect(status).toBe(0);
      return (JSON.parse(stdout) as CompressResult).plan;
    };
    const [float, eight] = [await planOf(), await planOf('--activations', 'int8')];
    expect(Object.values(float.layers)[0]!.method).toBe('strassen');
    expect(Object.values(eight.layers)[0]!.method).toBe('hybrid');
  });

  test('needs images', async () => {
    const { status, stderr } = await start('bars.onnx', '--no-training', '--uniform', '0.5,1', '--activations', 'int8');
    expect([status, stderr]).toEqual([
      2,
      'error E_USAGE: activations: expected images to calibrate 8 bits with, found none\n',
    ]);
  });
});

describe('training', () => {
  const out = () => at('trained');
  const files = ['analysis.json', 'plan.json', 'training/checkpoint.safetensors', 'training/result.json'];
  const stamps = () =>
    files.map((name) => (existsSync(at('trained', name)) ? statSync(at('trained', name)).mtimeMs : 0));
  const run = (changes: Partial<CompressConfig> = {}, resume = true) =>
    compressModel(at('bars.onnx'), configOf(changes), { out: out(), resume, force: !resume });
  const model = () => readFileSync(at('trained', 'model.onnx'));
  const stages = ['statistics', 'analysis', 'plan', 'build', 'train', 'save', 'export', 'verify', 'measure'];
  /** The stages of the last command. */
  const done = () => {
    const records = readFileSync(at('trained', 'provenance.jsonl'), 'utf8').trim().split('\n');
    const kinds = records.map((record) => JSON.parse(record) as { kind: string; stage: string });
    return kinds.slice(kinds.findLastIndex(({ kind }) => kind === 'command') + 1).map(({ stage }) => stage);
  };

  test('leaves a file of each stage', async () => {
    const { result, before, after, analysis, training, samples } = await run({}, false);
    expect(readdirSync(out()).sort()).toEqual([
      'analysis.json',
      'comparison.json',
      'config.json',
      'control.json',
      'control.onnx',
      'footprint.json',
      'model.onnx',
      'network.onnx',
      'plan.json',
      'provenance.jsonl',
      'result.json',
      'training',
    ]);
    expect(Object.keys(result.seconds)).toEqual(stages);
    expect(result).toEqual(readJson('trained', 'result.json'));
    expect(statSync(at('trained', 'result.json')).size).toBeLessThan(10_000);
    // the original at 16 bits is what the figures are relative to
    expect(after.bytes / before.bytes).toBeCloseTo(result.relative.size, 12);
    expect(result.relative.size).toBeLessThanOrEqual(0.95);
    expect(training!.history).toHaveLength(1);
    expect(analysis!.layers.map(({ name }) => name)).toEqual(Object.keys(result.plan.layers));
    expect(samples!.map(({ pixels }) => pixels.length)).toEqual(result.agreement!.examples.map(() => 28 * 28));
    // the file is what is reported, beside the control, and packed
    expect(result.bytes).toBe(statSync(result.model).size);
    expect(result.control.bytes).toBe(statSync(result.control.model).size);
    expect(result.bytes).toBeLessThan(statSync(result.network).size);
    const control = await evaluateModel(result.control.model, { data: at('bars') });
    expect(result.control.top1).toBe(control.top1);
    expect(result.runtime!.weightBytes).toBeGreaterThan(0);
    const exported = await loadModel(result.network);
    expect(exported.initializers.filter(({ constant }) => isTernary(constant!)).length).toBeGreaterThan(6);
    expect(measureCost(exported, { scheme: result.config.scheme }).bytes).toBe(result.countedBytes);
    for (const key of ['input_mean', 'input_std', 'labels']) {
      expect(exported.metadata.get(key)).toBe((await loadModel(original.model)).metadata.get(key));
    }
  });

  test('is resumed from what is there', async () => {
    const whole = { model: model(), stamps: stamps(), plan: readFileSync(at('trained', 'plan.json')) };
    const lose = (...names: string[]) => {
      for (const name of names) rmSync(at('trained', name), { recursive: true, force: true });
    };
    lose('network.onnx', 'result.json');
    const { result } = await run();
    expect(done()).toEqual(['statistics', 'build', 'train', 'save', 'export', 'verify', 'measure', 'result']);
    // the times of stages that were done before are still there
    expect(Object.keys(result.seconds)).toEqual([...stages, 'result']);
    expect(model()).toEqual(whole.model);
    expect([stamps()[0], stamps()[1], stamps()[2]]).toEqual(whole.stamps.slice(0, 3));

    lose('network.onnx', 'result.json', 'training');
    await run();
    expect(stamps().slice(0, 2)).toEqual(whole.stamps.slice(0, 2));
    expect(stamps()[2]).toBeGreaterThan(whole.stamps[2]!);
    expect(model()).toEqual(whole.model);

    lose('network.onnx', 'result.json', 'plan.json');
    await run();
    expect(done()).toEqual(['plan', 'statistics', 'build', 'train', 'save', 'export', 'verify', 'measure', 'result']);
    expect(stamps()[0]).toBe(whole.stamps[0]);
    expect(readFileSync(at('trained', 'plan.json'))).toEqual(whole.plan);
  });

  test('that is finished stays as it is', async () => {
    const before = readJson('trained', 'result.json') as CompressResult;
    const { result, samples } = await compressModel(at('bars.onnx'), configOf(), {
      out: out(),
      resume: true,
      command: 'tritbank compress --resume',
    });
    expect(result).toEqual(before);
    expect(samples).toHaveLength(result.agreement!.examples.length);
    expect(done()).toEqual([]);
    writeFileSync(at('trained', 'comparison.json'), '{');
    await expect(run().then(() => '')).rejects.toMatchObject({
      code: 'E_FORMAT',
      where: at('trained', 'comparison.json'),
    });
    rmSync(at('trained', 'comparison.json'));
    await run();
  });

  test('is not resumed with another network of the same name', async () => {
    const bytes = readFileSync(at('bars.onnx'));
    writeFileSync(at('bars.onnx'), writeModel(await perturbed(bytes)));
    await expect(run().then(() => '')).rejects.toThrow('expected the network as it was, found other weights or layers');
    writeFileSync(at('bars.onnx'), bytes);
  });

  test('loses no analysed layer when it is stopped', async () => {
    const stop = new AbortController();
    const changes = configOf({ method: 'none', images: 16 });
    const stopped = compressModel(at('bars.onnx'), changes, {
      out: at('stopped'),
      signal: stop.signal,
      onProgress: ({ stage, done }) => stage === 'analysis' && done > 0 && stop.abort(),
    });
    await expect(stopped.then(() => '')).rejects.toThrow('aborted');
    const kept = readFileSync(at('stopped', 'analysis.jsonl'), 'utf8').trim().split('\n').length - 1;
    expect(kept).toBeGreaterThan(0);
    let first: number | undefined;
    const { analysis } = await compressModel(at('bars.onnx'), changes, {
      out: at('stopped'),
      resume: true,
      onProgress: ({ stage }) => {
        if (stage === 'analysis')
          first ??= readFileSync(at('stopped', 'analysis.jsonl'), 'utf8').split('\n').length - 2;
      },
    });
    expect(first).toBe(kept + 1);
    expect(existsSync(at('stopped', 'analysis.jsonl'))).toBe(false);
    const whole = await compressModel(at('bars.onnx'), changes, { out: at('whole') });
    expect({ ...analysis, seconds: 0 }).toEqual({ ...whole.analysis, seconds: 0 });
  });

  test('one process at a time', async () => {
    const lock = takeLock(out(), 'tritbank compress');
    await expect(run().then(() => '')).rejects.toMatchObject({ code: 'E_BUSY', where: out() });
    lock.release();
    expect((await run()).result.model).toBe(join(out(), 'model.onnx'));
  });

  test('is not resumed with another configuration', async () => {
    const before = stamps();
    await expect(run({ budget: { size: 0.9 } }).then(() => '')).rejects.toMatchObject({ code: 'E_RESUME' });
    expect(stamps()).toEqual(before);
  });

  test('another budget takes the analysis that is there, even in its own directory', async () => {
    const analysis = at('trained', 'analysis.json');
    const text = readFileSync(analysis, 'utf8');
    const other = { budget: { size: 0.9 }, analysis, method: 'none' } as const;
    const { result } = await compressModel(at('bars.onnx'), configOf({ ...other }), { out: at('other') });
    expect(Object.keys(result.seconds)).not.toContain('analysis');
    expect(result.relative.size).toBeLessThanOrEqual(0.9);
    expect(readFileSync(at('other', 'analysis.json'), 'utf8')).toBe(text);
    const own = at('other', 'analysis.json');
    const again = configOf({ ...other, analysis: own });
    await expect(compressModel(at('bars.onnx'), again, { out: at('other') }).then(() => '')).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining('or --force to replace it, found a run in'),
    });
    await compressModel(at('bars.onnx'), again, { out: at('other'), force: true });
    expect(readFileSync(own, 'utf8')).toBe(text);
    writeFileSync(own, text.replaceAll('conv_pw_2', 'conv_pw_9'));
    await expect(
      compressModel(at('bars.onnx'), configOf({ ...other, analysis: own }), { out: at('third') }),
    ).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining("'conv_pw_9'"),
    });
    expect(existsSync(at('third'))).toBe(false);
  });

  test('an analysis that does not tell what rounding costs leaves it out of a plan for 8 bits, and says so', async () => {
    const known = JSON.parse(readFileSync(at('trained', 'analysis.json'), 'utf8')) as Analysis;
    const layers = known.layers.map(({ relativeNoise: _, ...layer }) => layer);
    writeFileSync(at('earlier.json'), JSON.stringify({ ...known, layers }));
    const warningsWith = async (analysis: string, changes: Partial<CompressConfig> = {}) => {
      const warnings: string[] = [];
      const config = configOf({ method: 'none', activations: 'int8', analysis: at(analysis), ...changes });
      const options = { out: at('rounded'), force: true, warn: (line: string) => warnings.push(line) };
      await compressModel(at('bars.onnx'), config, options);
      return warnings.filter((line) => line.includes('does not tell what rounding hidden units'));
    };
    expect(await warningsWith('earlier.json')).toHaveLength(1);
    expect(await warningsWith('earlier.json', { activations: 'float' })).toEqual([]);
    expect(await warningsWith(join('trained', 'analysis.json'))).toEqual([]);
  });

  test('an edited plan is done as it says, even into its own directory', async () => {
    const plan = readPlan(at('trained', 'plan.json'));
    const edited: PlanFile = {
      ...plan,
      layers: {
        conv_pw_2: { method: 'hybrid', fullPrecision: [3, 11], hidden: 7 },
        conv_pw_3: { method: 'fp' },
      },
    };
    const path = at('trained', 'plan.json');
    writeFileSync(path, formatPlan(edited));
    const { result, after, analysis } = await run({ plan: path, budget: {}, method: 'none' }, false);
    expect(result.plan).toEqual(edited);
    expect(readPlan(path)).toEqual(edited);
    expect(analysis).toBeUndefined();
    const sizes = after.layers.filter(({ hidden }) => hidden > 0);
    expect(sizes.map((layer) => [layer.name, layer.fullPrecision, layer.hidden])).toEqual([['conv_pw_2', 2, 7]]);
    writeFileSync(path, formatPlan({ ...edited, layers: { conv_pw_9: edited.layers.conv_pw_3! } }));
    await expect(run({ plan: path, budget: {}, method: 'none' }, false).then(() => '')).rejects.toMatchObject({
      code: 'E_USAGE',
    });
    expect(existsSync(at('trained', 'result.json'))).toBe(true);
  });
});
