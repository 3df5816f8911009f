/** Takes from finished run directories what `results/` keeps: figures, history, configuration, plan. */

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CompressResult } from '../../src/compress/index.ts';
import {
  measureCost,
  measureStorage,
  type NetworkCost,
  type Packing,
  paperConventions,
  storageSchemes,
} from '../../src/cost/index.ts';
import { type ExportResult, exportModel } from '../../src/export/index.ts';
import { describeMachine, writeFileAtomic } from '../../src/files/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/index.ts';
import type { RunResult } from '../../src/train/index.ts';
import { type Row, rowOf, rows } from './rows.ts';
import type { Counted, RunFigures } from './stored.ts';

const readJson = <T>(path: string) => JSON.parse(readFileSync(path, 'utf8')) as T;

/** Commands without this machine's directories. */
const clean = (command: string) =>
  command
    .replace(/ --data-dir \S+/, '')
    .replace(/ --from \S*\//, ' --from ')
    .replaceAll(/\S*\/(?=runs\/)/g, '')
    .replace(/^\S*\/main\.js/, 'tritbank');

/** What a run says of itself, whichever command made it. */
interface Outcome {
  /** The float network whose operations and values are counted. */
  readonly model: string;
  readonly top1: number;
  /** The file, where it is packed already. */
  readonly exported?: string;
  /** The training's run directory; absent for a run without. */
  readonly training?: string;
  readonly command: string;
  readonly date: string;
}

function readOutcome(directory: string): Outcome {
  const result = readJson<RunResult | CompressResult | ExportResult>(join(directory, 'result.json'));
  if ('plan' in result) {
    const { accuracy, command, date } = result;
    if (!accuracy) throw new Error(`${directory}: expected a run with test images`);
    const training = join(directory, 'training');
    const network = join(directory, 'network.onnx');
    // runs of earlier releases have it under another name
    const model = existsSync(network) ? network : join(directory, 'model.onnx');
    const packed = result.config.activations === 'int8' && { exported: join(directory, 'model.onnx') };
    return { model, top1: accuracy.after.top1, ...packed, ...(existsSync(training) && { training }), command, date };
  }
  if ('history' in result) {
    const { top1, command, date } = result;
    return { model: join(directory, 'model.onnx'), top1, training: directory, command, date };
  }
  const { accuracy, model, command, date } = result;
  if (!accuracy) throw new Error(`${directory}: expected an export that was compared on test images`);
  return { model, exported: join(directory, 'model.onnx'), top1: accuracy.after, command, date };
}

function count(graph: Graph, row: Row, ternary: 'dense' | 'zero-skipping', original: NetworkCost): Counted {
  const conventions = { ...paperConventions, ternary };
  const cost = measureCost(graph, { format: row.format, scheme: row.scheme, conventions });
  return {
    multiplications: cost.multiplications,
    additions: cost.additions,
    relativeMultiplications: cost.multiplications / original.multiplications,
    energy: cost.energy / original.energy,
    throughput: original.areaTime / cost.areaTime,
  };
}

function zerosIn(graph: Graph): number | undefined {
  const counts = measureStorage(graph).layers.flatMap(({ ternary }) => ternary ?? []);
  const total = counts.reduce((sum, { minus, zero, plus }) => sum + minus + zero + plus, 0);
  return total > 0 ? counts.reduce((sum, { zero }) => sum + zero, 0) / total : undefined;
}

/** Keeps a run's model, packed; returns its bytes. */
async function keepModel({ model, exported }: Outcome, target: string): Promise<number> {
  const path = join(target, 'model.onnx');
  if (exported === undefined) await exportModel({ model, out: path });
  else copyFileSync(exported, path);
  return statSync(path).size;
}

/** The uncompressed network of a folder's runs, every value at 16 bits. */
interface Original {
  readonly cost: NetworkCost;
  readonly top1: number;
}

async function measure(
  { model, top1, training, command, date }: Outcome,
  row: Row,
  { cost: original, top1: start }: Original,
): Promise<RunFigures> {
  const graph = normalizeNetwork(await loadModel(model));
  const scheme = storageSchemes[row.scheme];
  const stored = (packing: Packing) => measureStorage(graph, { ...scheme, packing });
  const { parameters, bytes } = stored('two-bit');
  const trained = training === undefined ? undefined : readJson<RunResult>(join(training, 'result.json'));
  const zeros = zerosIn(graph);
  return {
    top1,
    ...(rows.includes(row) && row.scheme !== 'fp' && !row.isApart && { start }),
    ...(trained && { epochs: trained.epochs, seconds: Math.round(trained.seconds) }),
    parameters,
    bytes: {
      twoBit: bytes,
      fiveTrit: stored('five-trit').bytes,
      entropy: stored('entropy').bytes,
      original: original.bytes,
    },
    dense: count(graph, row, 'dense', original),
    zeroSkipping: count(graph, row, 'zero-skipping', original),
    ...(zeros !== undefined && { zeros }),
    command: clean(command),
    machine: trained?.machine ?? describeMachine(),
    date: date.slice(0, 10),
  };
}

/** An original from its run directory, or as it was stored; undefined where neither is there. */
async function readOriginal(directory: string): Promise<Original | undefined> {
  const model = join(directory, 'model.onnx');
  const figures = ['result.json', 'run.json'].map((name) => join(directory, name)).find((path) => existsSync(path));
  if (!figures || !existsSync(model)) return undefined;
  const cost = measureCost(normalizeNetwork(await loadModel(model)), { scheme: 'fp' });
  return { cost, top1: readJson<{ top1: number }>(figures).top1 };
}

/** Configurations and plans name files: of these, what is below the repository is kept. */
function withoutPaths(json: string): string {
  const value: unknown = JSON.parse(json, (key, part: unknown) => {
    if (key === 'dataDir') return undefined;
    if (key === 'from' && typeof part === 'string') return basename(part);
    return typeof part === 'string' ? part.replace(/^.*\/(?=runs\/)/, '') : part;
  });
  return `${JSON.stringify(value, null, 1)}\n`;
}

async function collectRun(directory: string, target: string, row: Row, original: Original): Promise<void> {
  const outcome = readOutcome(directory);
  const measured = await measure(outcome, row, original);
  mkdirSync(target, { recursive: true });
  const isKept = row.keep === true && target.endsWith('-1');
  const figures: RunFigures = { ...measured, ...(isKept && { fileBytes: await keepModel(outcome, target) }) };
  const { training } = outcome;
  const sources = [
    ['config.json', directory],
    ['plan.json', directory],
    ['metrics.jsonl', training],
  ] as const;
  for (const [name, from] of sources) {
    const path = from && join(from, name);
    if (!path || !existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    writeFileAtomic(join(target, name), name.endsWith('.json') ? withoutPaths(text) : text);
  }
  writeFileAtomic(join(target, 'run.json'), `${JSON.stringify(figures, null, 1)}\n`);
}

/**
 * Stores every finished run of a network (`runs/cifar10/NETWORK/ROW-SEED`) in `target`, as `target/ROW-SEED`. Runs whose
 * directories are not there stay as they were stored; so may the original, with which the others are compared. Returns the
 * names of the collected ones.
 */
export async function collectNetwork(runs: string, target: string): Promise<string[]> {
  const finished = readdirSync(runs).filter((name) => existsSync(join(runs, name, 'result.json')));
  const first = 'full-precision-1';
  const original = (await readOriginal(join(runs, first))) ?? (await readOriginal(join(target, first)));
  if (!original) return [];
  const collected: string[] = [];
  for (const name of finished) {
    const known = rowOf(name);
    if (!known) continue;
    await collectRun(join(runs, name), join(target, name), known.row, original);
    collected.push(name);
  }
  return collected;
}
