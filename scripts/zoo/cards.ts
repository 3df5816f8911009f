/**
 * Cards of the models that `results/cifar10` keeps, computed from what is stored there and from the files themselves:
 * nothing is typed by hand.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wilsonInterval } from '../../src/classifier/statistics.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import type { ModelCard, ZooFile } from '../../src/zoo/index.ts';
import { rows } from '../results/rows.ts';
import { readStored, type StoredRun } from '../results/stored.ts';

/** What a row's model is called behind its network and its data; the row's own name where it has none here. */
const endings: Readonly<Record<string, string>> = {
  'full-precision': 'full',
  'size-25': 'quarter',
  'size-25-int8': 'quarter-int8',
  'size-20': 'fifth',
};

/** Test images of CIFAR-10, on which all top-1 of these results were measured. */
const samples = 10_000;
const licence = (JSON.parse(readFileSync('package.json', 'utf8')) as { license: string }).license;

/** A file of the zoo, and the file of the results that it is a copy of. */
export interface ZooCopy extends ZooFile {
  readonly from: string;
}

export interface ZooEntry {
  readonly card: ModelCard;
  readonly copies: readonly ZooCopy[];
}

/** One image on one thread, by the model's name; measured by `npm run zoo -- --measure`. */
export interface Latencies {
  readonly machine: string;
  readonly date: string;
  readonly milliseconds: Readonly<Record<string, number>>;
}

function copyOf(from: string, path: string): ZooCopy {
  const content = readFileSync(from);
  return { path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex'), from };
}

const fileOf = ({ path, bytes, sha256 }: ZooCopy): ZooFile => ({ path, bytes, sha256 });

/** A plan is that of the run itself, or of the run whose network was exported in 8 bits. */
function planOf(folder: string, run: StoredRun): string | undefined {
  if (run.row.scheme === 'fp') return undefined;
  const names = [run.row.name, run.row.name.replace(/-int8$/, '')];
  return names.map((name) => join(folder, `${name}-${run.seed}`, 'plan.json')).find((path) => existsSync(path));
}

async function entryOf(
  folder: string,
  network: string,
  run: StoredRun,
  latencies: Latencies | undefined,
): Promise<ZooEntry> {
  const { row, seed } = run;
  const name = `${network}-cifar10-${endings[row.name] ?? row.name}`;
  const model = copyOf(join(folder, `${row.name}-${seed}`, 'model.onnx'), `models/${name}.onnx`);
  const planned = planOf(folder, run);
  const plan = planned === undefined ? undefined : copyOf(planned, `plans/${name}.json`);
  const graph = inferShapes(await loadModel(model.from));
  const milliseconds = latencies?.milliseconds[name];
  const inputSize = Number(graph.inputs[0]!.shape.at(-1));
  const card: ModelCard = {
    name,
    description: `${network} for ${inputSize}x${inputSize} images, ${row.label}`,
    data: 'cifar10',
    classes: Number(graph.outputs[0]!.shape.at(-1)),
    inputSize,
    file: fileOf(model),
    ...(plan && { plan: fileOf(plan) }),
    accuracy: {
      top1: run.top1,
      interval: [...wilsonInterval(Math.round(run.top1 * samples), samples)],
      samples,
    },
    parameters: run.parameters,
    energy: { dense: run.dense.energy, zerosSkipped: run.zeroSkipping.energy },
    throughput: { dense: run.dense.throughput, zerosSkipped: run.zeroSkipping.throughput },
    ...(latencies &&
      milliseconds !== undefined && {
        latency: { milliseconds, machine: latencies.machine, date: latencies.date },
      }),
    recipe: run.command,
    machine: run.machine,
    date: run.date,
    licence,
  };
  return { card, copies: [model, ...(plan ? [plan] : [])] };
}

/** The models of the tables' rows that a folder of results has, in the tables' order. */
export async function zooEntries(
  results: string,
  networks: readonly string[],
  latencies?: Latencies,
): Promise<ZooEntry[]> {
  const entries: ZooEntry[] = [];
  for (const network of networks) {
    const folder = join(results, network);
    const runs = readStored(folder).filter(({ row, seed }) =>
      existsSync(join(folder, `${row.name}-${seed}`, 'model.onnx')),
    );
    for (const row of rows) {
      const run = runs.find((one) => one.row === row);
      if (run) entries.push(await entryOf(folder, network, run, latencies));
    }
  }
  return entries;
}
