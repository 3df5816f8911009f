/** What plans are made for: models with their analyses, each under five budgets. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { readAnalysis } from '../../src/compress/analysis-file.ts';
import type { Budget } from '../../src/compress/planning/budget.ts';
import { costCandidates, type NetworkCosts } from '../../src/compress/planning/layer-costs.ts';
import { makeCandidates } from '../../src/compress/planning/make-candidates.ts';
import { type Analysis, defaultSparsities } from '../../src/compress/sensitivity.ts';
import { type Conventions, paperConventions } from '../../src/cost/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { loadModel, saveModel } from '../../src/onnx/index.ts';
import { normalizeNetwork } from '../../src/passes/normalize/normalize-network.ts';

export interface Model {
  readonly name: string;
  readonly graph: Graph;
  readonly analysis: Analysis;
}

export interface Task {
  /** What the budget is. */
  readonly name: string;
  readonly ternary: Conventions['ternary'];
  budgetOf(costs: NetworkCosts): Budget;
}

/** The smallest that a network can become, relative to the original. */
function leastSize({ layers, fixed, reference }: NetworkCosts): number {
  const least = layers.map(({ costs }) => Math.min(...costs.map(({ bytes }) => bytes)));
  return least.reduce((total, bytes) => total + bytes, fixed.bytes) / reference.bytes;
}

export const tasks: readonly Task[] = [
  { name: "the paper's", ternary: 'dense', budgetOf: () => ({ size: 0.49, energy: 0.72, throughput: 1 }) },
  { name: '35 % of the size', ternary: 'dense', budgetOf: () => ({ size: 0.35 }) },
  {
    name: '25 % of the size, zeros skipped',
    ternary: 'zero-skipping',
    budgetOf: () => ({ size: 0.25, energy: 0.5, throughput: 1 }),
  },
  {
    name: '2 % above the least size',
    ternary: 'dense',
    budgetOf: (costs) => ({ size: Number((1.02 * leastSize(costs)).toFixed(4)) }),
  },
  { name: '40 % of the multiplications', ternary: 'dense', budgetOf: () => ({ multiplications: 0.4 }) },
];

/** What the planner chooses from where ternary weights are counted like that, as `tritbank compress` has it. */
export function costsOf({ graph, analysis }: Model, { ternary }: Task): NetworkCosts {
  const grid = ternary === 'dense' ? { sparsities: [0] } : {};
  return costCandidates(graph, makeCandidates(graph, analysis, grid), {
    conventions: { ...paperConventions, ternary },
  });
}

const drawn = {
  name: 'mobilenet-v2-1.0-32-drawn',
  architecture: 'mobilenet-v2',
  options: { width: 1, inputSize: 32, channels: 3, classes: 10, firstStride: 1 },
} as const;

/** MobileNet-V2 for CIFAR-10 with drawn weights, as a file. */
async function saveDrawn(folder: string, seed: number): Promise<string> {
  const path = join(folder, `${drawn.name}.onnx`);
  if (!existsSync(path)) await saveModel(buildNetwork(drawn.architecture, { ...drawn.options, seed }), path);
  return path;
}

export interface Preparation {
  /** Files. */
  readonly models: readonly string[];
  /** Images for the analyses of these. */
  readonly data?: string;
  /** Where analyses are kept, so that each is made once. */
  readonly analyses: string;
  readonly seed: number;
  readonly onProgress: (line: string) => void;
}

/** The analysis of a model, made by the command `analyze` where it is not there yet. */
async function analyzed(path: string, data: string | undefined, options: Preparation): Promise<Model> {
  const name = basename(path, '.onnx');
  const out = join(options.analyses, `${name}.json`);
  if (!existsSync(out)) {
    options.onProgress(`analyze ${name}`);
    const program = resolve(import.meta.dirname, '../../src/cli/main.ts');
    const images = data === undefined ? [] : ['--data', data];
    const rest = ['--sparsities', defaultSparsities.join(','), '--seed', `${options.seed}`, '--out', out, '--quiet'];
    await promisify(execFile)(process.execPath, [...process.execArgv, program, 'analyze', path, ...images, ...rest]);
  }
  return { name, graph: normalizeNetwork(await loadModel(path)), analysis: readAnalysis(out) };
}

export async function prepareModels(options: Preparation): Promise<Model[]> {
  mkdirSync(options.analyses, { recursive: true });
  const models: Model[] = [];
  for (const path of options.models) models.push(await analyzed(path, options.data, options));
  models.push(await analyzed(await saveDrawn(options.analyses, options.seed), undefined, options));
  return models;
}
