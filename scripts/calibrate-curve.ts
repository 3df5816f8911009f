/**
 * The curve of lost accuracy against size for compression without training: a pretrained classifier, calibrated with
 * unlabelled training images at several budgets, evaluated on the test images of the same data.
 *
 *   npx tsx scripts/calibrate-curve.ts MODEL.onnx DATA_DIRECTORY OUT.json [IMAGES]
 *
 * OUT.json is written again after each row, and rows that it has are not measured again. Classes in the calibration images
 * may flatter a network on test images of the same classes, so some rows are calibrated with the first half of the classes
 * and evaluated on the other half.
 */

import { existsSync, readFileSync } from 'node:fs';
import { classCountOf, type Evaluation, evaluateGraph, readNormalisation } from '../src/classifier/index.ts';
import { type CalibrateOptions, calibrate } from '../src/compress/calibrate/calibrate.ts';
import { measureCost, storageSchemes } from '../src/cost/index.ts';
import { type Dataset, openDataset, type Split, selectImages } from '../src/data/index.ts';
import { describeMachine, writeFileAtomic } from '../src/files/index.ts';
import type { Graph } from '../src/ir/index.ts';
import { loadModel } from '../src/onnx/index.ts';
import { normalizeNetwork } from '../src/passes/normalize/normalize-network.ts';
import { bankPlan, findLayers, type LayerKind, type Plan, upTo } from '../src/quantize/index.ts';

interface Row {
  readonly name: string;
  /** Share of filters in full precision. */
  readonly alpha: number;
  /** Hidden units per ternary filter. */
  readonly widthRatio: number;
  readonly kinds: readonly LayerKind[];
  readonly options?: CalibrateOptions;
  /** Calibrated with the first half of the classes, evaluated on the others. */
  readonly unseen?: boolean;
}

const bank = (alpha: number, widthRatio: number) => ({ alpha, widthRatio, kinds: ['pointwise'] as const });
const rows: readonly Row[] = [
  { name: 'hybrid alpha 0.5 r 2', ...bank(0.5, 2) },
  { name: 'hybrid alpha 0.5 r 1.25', ...bank(0.5, 1.25) },
  { name: 'hybrid alpha 0.25 r 1.5', ...bank(0.25, 1.5) },
  { name: 'ternary r 2', ...bank(0, 2) },
  { name: 'hybrid alpha 0.5 r 1.25, other classes', ...bank(0.5, 1.25), unseen: true },
  { name: 'ternary r 1', ...bank(0, 1) },
  { name: 'hybrid alpha 0.5 r 1.25, the rest not refitted', ...bank(0.5, 1.25), options: { refitOthers: false } },
  {
    name: 'hybrid alpha 0.5 r 1.25, the rest not refitted, other classes',
    ...bank(0.5, 1.25),
    options: { refitOthers: false },
    unseen: true,
  },
  { name: 'hybrid alpha 0.75 r 1.25', ...bank(0.75, 1.25) },
  { name: 'ternary r 1, other classes', ...bank(0, 1), unseen: true },
  { name: 'hybrid alpha 0.5 r 1.25, classifier too', ...bank(0.5, 1.25), kinds: ['pointwise', 'classifier'] },
];

const [modelPath, dataPath, outPath, imagesText = '256'] = process.argv.slice(2);
if (!modelPath || !dataPath || !outPath) {
  console.error('usage: calibrate-curve.ts MODEL.onnx DATA_DIRECTORY OUT.json [IMAGES]');
  process.exit(2);
}
const images = Number(imagesText);
const seed = 0;

const model = normalizeNetwork(await loadModel(modelPath));
const normalisation = readNormalisation(model, 3);
if (!normalisation) throw new Error(`${modelPath}: expected input_mean and input_std in its metadata`);
const dataset = await openDataset(dataPath, {
  imageSize: model.inputs[0]!.shape[2] as number,
  labels: 'index',
  classCount: classCountOf(model),
});

/** How many filters stay; which ones, calibration chooses. */
function planOf({ alpha, widthRatio, kinds }: Row): Plan {
  const layers = findLayers(model).filter(({ kind }) => kinds.includes(kind));
  const banks = layers.map(({ name, filters, inputs, kind }) => {
    const kept = Math.round(alpha * filters);
    const wanted = Math.round(widthRatio * (filters - kept));
    // a factorisation through more hidden units than inputs saves nothing in a classifier
    return [name, bankPlan(filters, upTo(kept), kind === 'classifier' ? Math.min(wanted, inputs) : wanted)] as const;
  });
  return { layers: Object.fromEntries(banks) };
}

const scoreOf = ({ top1, top5, loss, samples }: Evaluation) => ({ top1, top5, loss, samples });

/** The share of images on which both say the same. */
function agreement(a: Evaluation, b: Evaluation): number {
  return a.predictions.filter((p, i) => p === b.predictions[i]).length / a.samples;
}

const evaluate = (graph: Graph, { classes }: Dataset, split: Split) =>
  evaluateGraph(graph, split, classes, normalisation, { threads: 1 });

function sizeOf(graph: Graph) {
  const { bytes, relative, counts, parameters } = measureCost(graph, { scheme: storageSchemes.hybrid });
  const coded = measureCost(graph, { scheme: { ...storageSchemes.hybrid, packing: 'entropy' } });
  return { bytes, entropyBytes: coded.bytes, parameters, ternaryNonZero: counts.ternaryNonZero, relative };
}

/** The images of the classes in `classes`. */
function ofClasses(split: Split, classes: ReadonlySet<number>): Split {
  const indices = [...split.labels.keys()].filter((i) => classes.has(split.labels[i]!));
  return selectImages(split, indices);
}

const present = [...new Set(dataset.test.labels)].sort((a, b) => a - b);
const seen = new Set(present.slice(0, present.length / 2));
const unseen = new Set(present.filter((c) => !seen.has(c)));

const original = await evaluate(model, dataset, dataset.test);
const unseenTest = ofClasses(dataset.test, unseen);
const originalUnseen = await evaluate(model, dataset, unseenTest);

async function measure(row: Row) {
  const [train, test, reference] = row.unseen
    ? [ofClasses(dataset.train, seen), unseenTest, originalUnseen]
    : [dataset.train, dataset.test, original];
  const onProgress: CalibrateOptions['onProgress'] = ({ done, total, layer, remaining }) =>
    process.stderr.write(`${row.name}: ${done}/${total} ${layer}, ${remaining.toFixed(0)} s left\n`);
  const options = { images, seed, threads: 1, reselect: true, onProgress, ...row.options };
  const { graph, layers, seconds } = await calibrate(model, planOf(row), train, options);
  const found = await evaluate(graph, dataset, test);
  return {
    ...row,
    date: new Date().toISOString(),
    ...scoreOf(found),
    originalTop1: reference.top1,
    drop: reference.top1 - found.top1,
    agreement: agreement(found, reference),
    ...sizeOf(graph),
    seconds,
    maxResidentMegabytes: process.resourceUsage().maxRSS / 1024,
    layers,
  };
}

const percent = (x: number) => (100 * x).toFixed(1);
const known: Awaited<ReturnType<typeof measure>>[] = existsSync(outPath)
  ? JSON.parse(readFileSync(outPath, 'utf8')).rows
  : [];
for (const row of rows) {
  if (known.some(({ name }) => name === row.name)) continue;
  known.push(await measure(row));
  const text = {
    command: `npx tsx scripts/calibrate-curve.ts ${process.argv.slice(2).join(' ')}`,
    seed,
    machine: describeMachine(),
    date: new Date().toISOString(),
    images,
    model: model.name,
    data: dataset.name,
    original: { ...scoreOf(original), ...sizeOf(model), unseen: scoreOf(originalUnseen) },
    rows: known,
  };
  writeFileAtomic(outPath, `${JSON.stringify(text, null, 1)}\n`);
  const { top1, originalTop1, bytes, relative, agreement: same, seconds } = known.at(-1)!;
  console.log(
    `${row.name.padEnd(52)} ${percent(top1)} % (original ${percent(originalTop1)} %), ${percent(same)} % as original, ` +
      `${Math.round(bytes / 1024)} KB = ${percent(relative.size)} %, ${seconds.toFixed(0)} s`,
  );
}
