/**
 * Does what planners know before training rank plans as training does? Draws plans for a network, computes for each what
 * could predict its fate, trains each shortly, and keeps all of it in results/planner/rank-NETWORK.json, from which `npm run
 * results` makes the table of rank correlations. Plans that are finished are kept.
 *
 *   npx tsx scripts/planner/rank.ts NETWORK --data-dir DIR [--threads N] [--plans N]
 *
 *   NETWORK      mobilenet-v1-0.5 or mobilenet-v2-0.35: the original of results/cifar10
 *   --data-dir   the folder with CIFAR-10's binary batches; the test images take no part
 *   --threads    of the runtime and of decompositions (default: 1)
 *   --plans      stop when so many plans are finished (default: all)
 *
 * Runs, and what is made once, are in runs/planner/NETWORK. Needs `npm run build`, or `npm run kernels`, once.
 */

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { plainDefaults } from '../../src/compress/defaults.ts';
import { type Split, selectImages, subset } from '../../src/data/index.ts';
import { describeMachine, writeFileAtomic } from '../../src/files/index.ts';
import {
  type Analysis,
  analyzeNetwork,
  buildBanks,
  type ClassifierData,
  calibrate,
  collectStatistics,
  evaluateGraph,
  type FineTuneConfig,
  fineTune,
  type LayerStatistics,
  loadModel,
  normalizeNetwork,
  openDataFor,
} from '../../src/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { deploy, fanIn, findLayers, isBank, toFrozen } from '../../src/quantize/index.ts';
import { networksOf } from '../cifar/setting.ts';
import { takePart } from './images.ts';
import { type DrawnPlan, drawPlans } from './plans.ts';
import type { RankedPlan, RankReport, Score } from './record.ts';

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'data-dir': text, threads: text, plans: text },
});
const [network] = positionals;
const dataDir = values['data-dir'];
if (!networksOf('cifar10').some((name) => name === network) || dataDir === undefined) {
  console.error(`error E_USAGE: expected one of ${networksOf('cifar10').join(', ')} and --data-dir DIR, found others`);
  process.exit(2);
}
const threads = Number(values.threads ?? 1);
const most = Number(values.plans ?? Number.POSITIVE_INFINITY);
const runs = join('runs', 'planner', network!);
const stored = join('results', 'planner', `rank-${network}.json`);

/** Seed of everything but the plans. */
const seed = 1;
const images = { train: 20_000, judge: 5_000, calibrate: 256, early: 1024, probe: 2560 } as const;
const analysed = { ratios: [0.125, 0.25, 0.5, 0.75, 1, 1.5, 2], sparsities: [4], images: 512 } as const;
/** That of `compress` in scripts/results/recipes.ts, with one epoch. */
const recipe: Omit<FineTuneConfig, 'data' | 'seed'> = {
  ...plainDefaults.training,
  ...{ epochs: 1, batchSize: 64, learningRate: 0.02, padding: 'reflect', phases: [0, 0, 1] },
};

const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);

/** What all plans share. */
interface Setting {
  readonly graph: Graph;
  readonly data: ClassifierData;
  readonly statistics: ReadonlyMap<string, LayerStatistics>;
  readonly analysis: Analysis;
  /** Images that are calibrated on, and others that judge before training. */
  readonly calibration: Split;
  readonly early: Split;
}

const folder = join('runs', 'planner', 'images');
const place = { data: 'cifar10', dataDir: folder } as const;

async function prepare(): Promise<Setting> {
  takePart(dataDir!, folder);
  mkdirSync(runs, { recursive: true });
  const graph = normalizeNetwork(
    await loadModel(join('results', 'cifar10', network!, 'full-precision-1', 'model.onnx')),
  );
  const data = await openDataFor(graph, place);
  const chosen = subset(data.dataset.train, images.calibrate + images.early, seed);
  const part = (from: number, to: number) => selectRange(chosen, from, to);
  const statistics = await collectStatistics(graph, data.dataset.train, {
    ...{ images: analysed.images, seed, threads, normalisation: data.normalisation },
  });
  const path = join(runs, 'analysis.json');
  if (!existsSync(path)) {
    say('analysis');
    const { ratios, sparsities } = analysed;
    const found = await analyzeNetwork(graph, { ratios, sparsities, statistics, seed, threads });
    writeFileAtomic(path, JSON.stringify(found));
  }
  const analysis = JSON.parse(readFileSync(path, 'utf8')) as Analysis;
  return {
    ...{ graph, data, statistics, analysis },
    calibration: part(0, images.calibrate),
    early: part(images.calibrate, images.calibrate + images.early),
  };
}

async function score({ data }: Setting, graph: Graph, split: Split): Promise<Score> {
  const { loss, top1 } = await evaluateGraph(graph, split, data.dataset.classes, data.normalisation, { threads });
  return { loss, top1 };
}

/** The share of weights that are ternary in a network's layers that could be banks. */
function ternaryShare(graph: Graph, { layers }: Pick<DrawnPlan, 'layers'>): number {
  let [ternary, all] = [0, 0];
  for (const layer of findLayers(graph)) {
    const plan = layers[layer.name];
    if (!plan) continue;
    all += layer.filters * fanIn(layer);
    if (isBank(plan)) ternary += (layer.filters - plan.fullPrecision.length) * fanIn(layer);
  }
  return ternary / all;
}

async function rank(setting: Setting, plan: DrawnPlan): Promise<RankedPlan> {
  const started = performance.now();
  const { graph, data, statistics } = setting;
  const { network, initial } = await buildBanks(graph, plan, { seed, statistics, threads });
  const decomposed = await score(setting, deploy(toFrozen(network, initial), new Map()), setting.early);
  const { normalisation } = data;
  const found = await calibrate(graph, plan, setting.calibration, {
    images: images.calibrate,
    rounds: 1,
    seed,
    threads,
    normalisation,
  });
  const calibrated = await score(setting, found.graph, setting.early);
  const train = async (name: string, trainSamples?: number) => {
    const out = join(runs, `${plan.name}${name}`);
    const how = { ...recipe, ...place, seed, threads, ...(trainSamples !== undefined && { trainSamples }) };
    const result = await fineTune({ plan, network, initial }, how, { out, resume: true });
    return { result, out };
  };
  const short = await train('-probe', images.probe);
  const probe = await score(setting, await loadModel(short.result.model), setting.early);
  rmSync(short.out, { recursive: true, force: true });
  const { result } = await train('');
  const { layers: _, ...facts } = plan;
  return {
    ...facts,
    ternary: ternaryShare(graph, plan),
    decomposed,
    calibrated,
    errors: Object.fromEntries(found.layers.map(({ name, errors }) => [name, errors])),
    probe,
    trained: { loss: result.loss, top1: result.top1 },
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

const setting = await prepare();
const drawn = await drawPlans(setting.graph, setting.analysis);
say(`${drawn.length} plans`);
/** So that those that are finished first are of all kinds. */
const order = drawn.map((plan, i) => ({ plan, turn: (i * 7) % drawn.length })).sort((a, b) => a.turn - b.turn);
const earlier = existsSync(stored) ? (JSON.parse(readFileSync(stored, 'utf8')) as RankReport) : undefined;
let plans = earlier?.plans ?? [];
const original = earlier?.original ?? (await score(setting, setting.graph, setting.data.dataset.test));
for (const { plan } of order) {
  if (plans.length >= most) break;
  if (plans.some(({ name }) => name === plan.name)) continue;
  const ranked = await rank(setting, plan);
  plans = [...plans, ranked];
  const { predicted, calibrated, trained } = {
    predicted: Object.values(ranked.losses).reduce((sum, one) => sum + one, 0),
    ...ranked,
  };
  const percent = (share: number) => (100 * share).toFixed(2);
  say(
    `${plans.length}/${drawn.length} ${plan.name}: size ${plan.size.toFixed(3)}, predicted ${predicted.toFixed(3)}, calibrated ` +
      `${percent(calibrated.top1)} %, trained ${percent(trained.top1)} %, ${ranked.seconds} s`,
  );
  const report: RankReport = {
    ...{ network: network!, images, original, plans },
    command: `npx tsx scripts/planner/rank.ts ${network} --data-dir data/cifar10 --threads ${threads}`,
    machine: describeMachine(),
    date: new Date().toISOString().slice(0, 10),
  };
  writeFileAtomic(stored, `${JSON.stringify(report, roundFigures, 1)}\n`);
}

/** Six digits say enough. */
function roundFigures(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

function selectRange(split: Split, from: number, to: number): Split {
  return selectImages(
    split,
    Array.from({ length: to - from }, (_, i) => from + i),
  );
}
