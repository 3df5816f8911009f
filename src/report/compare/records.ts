/**
 * Many runs beside one another: what each run directory says, and groups of runs that differ in nothing but the seed, with
 * mean and spread.
 */

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { CompressResult } from '../../compress/index.ts';
import {
  compressionFiles,
  differencesOf,
  kindOf,
  type RunKindName,
  readLines,
  readObject,
  storedConfig,
  trainingFiles,
} from '../../files/index.ts';
import { TritbankError } from '../../ir/errors.ts';
import type { EpochRecord, RunResult } from '../../train/records.ts';

/** One run directory. Figures of a run that is not finished are those of its last epoch, or absent. */
export interface ComparedRun {
  readonly path: string;
  readonly kind: RunKindName;
  readonly isFinished: boolean;
  readonly seed: number;
  readonly config: Readonly<Record<string, unknown>>;
  /** 0..1, of test images; of a run that is not finished, of what it evaluates after epochs. */
  readonly top1?: number;
  /** Nats. */
  readonly loss?: number;
  readonly bytes?: number;
  /** Relative to the original network or architecture at 16 bits. */
  readonly size?: number;
  readonly energy?: number;
  readonly throughput?: number;
  /** Training and its evaluations. */
  readonly seconds?: number;
  readonly history: readonly EpochRecord[];
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; 0 of one run. */
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
}

export const measures = ['top1', 'loss', 'bytes', 'size', 'energy', 'throughput', 'seconds'] as const;
export type Measure = (typeof measures)[number];

export interface RunGroup {
  /** In what it differs from the other groups: `alpha 0.5, method hybrid`; where that is much, what its runs are called. */
  readonly name: string;
  readonly paths: readonly string[];
  readonly seeds: readonly number[];
  readonly finished: number;
  readonly figures: { readonly [M in Measure]?: Spread };
}

export interface Comparison {
  readonly runs: readonly ComparedRun[];
  readonly groups: readonly RunGroup[];
}

const historyIn = (directory: string): EpochRecord[] => {
  const path = join(directory, trainingFiles.metrics);
  return existsSync(path) ? readLines<EpochRecord>(path) : [];
};

function figuresOf(kind: RunKindName, path: string, history: readonly EpochRecord[]): Partial<ComparedRun> {
  const last = history.at(-1);
  const seconds = last && { seconds: last.seconds };
  const file = join(path, trainingFiles.result);
  if (!existsSync(file))
    return { isFinished: false, ...seconds, ...(last && { top1: last.top1, loss: last.testLoss }) };
  if (kind === 'compress') {
    const { accuracy, bytes, relative } = readObject<CompressResult>(file);
    const { size, energy, throughput } = relative;
    const after = accuracy && { top1: accuracy.after.top1, loss: accuracy.after.loss };
    return { isFinished: true, ...seconds, ...after, bytes, size, energy, throughput };
  }
  const { top1, loss, bytes, bytes16, energy, throughput, seconds: all } = readObject<RunResult>(file);
  return {
    isFinished: true,
    ...{ top1, loss, bytes, size: bytes / bytes16, seconds: all },
    ...(energy !== undefined && { energy }),
    ...(throughput !== undefined && { throughput }),
  };
}

/** What the run in `path` says. E_FILE, E_FORMAT where there is none or a damaged one. */
export function readComparedRun(path: string): ComparedRun {
  const config = storedConfig<Record<string, unknown>>(path);
  const kind = config && kindOf(config);
  if (!config || !kind) {
    throw new TritbankError('E_FILE', path, 'expected a run directory with its config.json, found none');
  }
  const history = historyIn(kind === 'compress' ? join(path, compressionFiles.training) : path);
  const seed = Number(config.seed ?? 0);
  return { path, kind, seed, config, history, isFinished: false, ...figuresOf(kind, path, history) };
}

/** Values that are found anew by each run, or say where it ran. */
const incidental = new Set(['seed', 'threads', 'start', 'teacher', 'network']);

const settingsOf = ({ kind, config }: ComparedRun): Record<string, unknown> => ({
  command: kind,
  ...Object.fromEntries(Object.entries(config).filter(([key]) => !incidental.has(key))),
});

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
  return { mean, deviation, min: Math.min(...values), max: Math.max(...values) };
}

const shown = (value: unknown): string =>
  value === undefined ? 'default' : typeof value === 'string' ? value : JSON.stringify(value);

/** More settings than this are no name. */
const mostSettings = 3;

/** What the directories of runs are called, without what tells their seeds apart: `planned` of `runs/planned-1`, `-2`, `-3`. */
function stemOf(paths: readonly string[]): string {
  const names = paths.map((path) => basename(resolve(path)));
  const [first = ''] = names;
  let length = first.length;
  while (!names.every((name) => name.startsWith(first.slice(0, length)))) length--;
  return first.slice(0, length).replace(/[-_.](seed)?-?\d*$/, '');
}

const valueAt = (settings: object, key: string): unknown =>
  key.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], settings);

/** The directory that all runs are in, with the separator behind it; empty where they have none in common. */
export function commonDirectory(runs: readonly ComparedRun[]): string {
  const [first = '', ...rest] = runs.map(({ path }) => path.slice(0, path.search(/[^/\\]*[/\\]*$/)));
  return rest.every((folder) => folder === first) ? first : '';
}

/** Groups of `runs` in the order of their first ones. E_USAGE without runs. */
export function compareRuns(runs: readonly ComparedRun[]): Comparison {
  if (runs.length === 0) throw new TritbankError('E_USAGE', 'compare', 'expected run directories, found none');
  const byKey = new Map<string, ComparedRun[]>();
  for (const run of runs) {
    const key = JSON.stringify(settingsOf(run));
    byKey.set(key, [...(byKey.get(key) ?? []), run]);
  }
  const settings = [...byKey.values()].map(([first]) => settingsOf(first!));
  const keys = [...new Set(settings.flatMap((one) => differencesOf(settings[0]!, one).map(({ key }) => key)))];
  // an object and what is in it would say the same twice
  const leaves = keys.filter((key) => !keys.some((other) => other.startsWith(`${key}.`)));
  const groups = [...byKey.values()].map((members, i): RunGroup => {
    const parts = leaves.map((key) => `${key} ${shown(valueAt(settings[i]!, key))}`);
    const isShort = parts.length <= mostSettings;
    const stem = isShort ? '' : stemOf(members.map(({ path }) => path));
    const name = isShort
      ? parts.join(', ')
      : stem || `${parts.slice(0, mostSettings).join(', ')} and ${parts.length - mostSettings} more`;
    // figures of epochs would be mixed with those of files
    const finished = members.filter(({ isFinished }) => isFinished);
    const figures = measures.flatMap((measure) => {
      const values = finished.flatMap((run) => run[measure] ?? []);
      return values.length > 0 ? [[measure, spreadOf(values)] as const] : [];
    });
    return {
      name: name || String(settings[i]!.method ?? settings[i]!.command),
      paths: members.map(({ path }) => path),
      seeds: members.map(({ seed }) => seed),
      finished: finished.length,
      figures: Object.fromEntries(figures),
    };
  });
  // groups whose runs are called alike are told apart by their first runs
  const isTaken = (name: string) => groups.filter((group) => group.name === name).length > 1;
  const named = groups.map((one) => (isTaken(one.name) ? { ...one, name: basename(resolve(one.paths[0]!)) } : one));
  return { runs, groups: named };
}
