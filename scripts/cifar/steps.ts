/** From rows to the commands that make them: what each needs first, when it is done, and how it goes on. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { analysisOf, modelOf, words } from '../results/recipes.ts';
import { allRows, earlierCycles, isRowOf, type Row, rowOf } from '../results/rows.ts';
import { type Place, type Setting, settingOf } from './setting.ts';

export interface Step {
  /** `ROW-SEED`, or `analysis`. */
  readonly name: string;
  /** Arguments of `tritbank`. */
  readonly args: readonly string[];
  /** It is done where this is there. */
  readonly result: string;
  /** The result is what the command prints. */
  readonly isPrinted: boolean;
  /** Where this is there, it was stopped and goes on. */
  readonly begun?: string;
  readonly needs: readonly Step[];
}

const dataOf = ({ data, dataDir }: Place) => ['--data', data, '--data-dir', dataDir];

function analysisStep(place: Place, setting: Setting): Step {
  const ratios = '--ratios 0.125,0.25,0.375,0.5,0.75,1,1.25,1.5,2,3';
  const args = [
    ...['analyze', modelOf(setting, 'full-precision', 1), ...dataOf(place)],
    ...words(`--images 1024 ${ratios} --sparsities 1,4,10 --threads 1 --out ${analysisOf(setting)}`),
  ];
  return { name: 'analysis', args, result: analysisOf(setting), isPrinted: false, needs: needsOf(place, args) };
}

/** The runs, and the analysis, whose files are among the arguments. */
function needsOf(place: Place, args: readonly string[]): Step[] {
  const setting = settingOf(place, 1);
  const inputs = args.slice(0, args.indexOf('--out') < 0 ? undefined : args.indexOf('--out'));
  const paths = inputs.flatMap((arg) => arg.split(',')).filter((path) => path.startsWith(`${setting.runs}/`));
  const names = new Set(paths.map((path) => path.slice(setting.runs.length + 1).split('/')[0]!));
  return [...names].map((name) => {
    if (name === 'analysis.json') return analysisStep(place, setting);
    const known = rowOf(name);
    if (!known) throw new Error(`internal: no row makes ${name}`);
    return stepOf(known.row, known.seed, place);
  });
}

/** What makes a row's run, and before it what that needs. */
export function stepOf({ name: row, make }: Row, seed: number, place: Place): Step {
  const setting = settingOf(place, seed);
  const name = `${row}-${seed}`;
  const out = join(setting.runs, name);
  const own = make(setting);
  const isPrinted = own[0] === 'export';
  const target = isPrinted ? ['--out', join(out, 'model.onnx'), '--json'] : ['--out', out];
  return {
    name,
    args: [...own, ...dataOf(place), '--seed', `${seed}`, ...target],
    result: join(out, 'result.json'),
    isPrinted,
    ...(!isPrinted && { begun: join(out, 'config.json') }),
    needs: needsOf(place, own),
  };
}

/** The rows of a network, each with every seed, ablations with the first. */
export function stepsOfAll(place: Place, seeds: readonly number[]): Step[] {
  // earlier cycles come with the originals that go on from them
  const last = allRows.filter((row) => !earlierCycles.includes(row));
  const wanted = last.filter((row) => isRowOf(row, place));
  return wanted.flatMap((row) => {
    const own = row.name.startsWith('ablation-') ? seeds.slice(0, 1) : seeds;
    return own.map((seed) => stepOf(row, seed, place));
  });
}

/** Steps and what they need, each once, what is needed first. */
export function inOrder(steps: readonly Step[]): Step[] {
  const found = new Map<string, Step>();
  const add = (step: Step) => {
    for (const need of step.needs) add(need);
    if (!found.has(step.result)) found.set(step.result, step);
  };
  for (const step of steps) add(step);
  return [...found.values()];
}

export const isDone = ({ result }: Step) => existsSync(result);

/** The arguments as they have to be now: a run that was stopped goes on. */
export const argsNow = ({ args, begun }: Step): readonly string[] => {
  if (begun === undefined || !existsSync(begun)) return args;
  const at = args.indexOf('--data');
  return [...args.slice(0, at), '--resume', ...args.slice(at)];
};
