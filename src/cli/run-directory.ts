/** What a command has to know of a run directory before it trains into it, and what it adds afterwards. */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TritbankError } from '../ir/errors.ts';
import type { TrainConfig } from '../train/config.ts';
import type { RunResult } from '../train/records.ts';
import { version } from './command.ts';

export interface StoredRun {
  readonly config: TrainConfig;
  /** Absent while the run is not finished. */
  readonly result: RunResult | undefined;
  readonly hasCheckpoint: boolean;
}

const names = ['config.json', 'plan.json', 'metrics.jsonl', 'checkpoint.safetensors', 'model.onnx', 'result.json'];

/** The run in `directory`, or undefined where there is none. E_FORMAT for damaged files. */
export function readRun(directory: string): StoredRun | undefined {
  const config = readJson<TrainConfig>(join(directory, 'config.json'));
  if (!config) return undefined;
  const result = readJson<RunResult>(join(directory, 'result.json'));
  return { config, result, hasCheckpoint: existsSync(join(directory, 'checkpoint.safetensors')) };
}

/** Removes the files of a run, and no others. */
export function discardRun(directory: string): void {
  if (!existsSync(directory)) return;
  const events = readdirSync(directory).filter((name) => name.startsWith('events.out.tfevents.'));
  for (const name of [...names, 'model.onnx.data', 'report.html', ...events]) {
    rmSync(join(directory, name), { force: true });
  }
}

/** The object in a file that Tritbank wrote, which the caller knows to be of type T. */
function readJson<T extends object>(path: string): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null) return value as T;
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new TritbankError('E_FORMAT', path, `expected a JSON object, found: ${found}`, { cause });
  }
  throw new TritbankError('E_FORMAT', path, 'expected a JSON object, found another value');
}

/** Writes `report.html` about the runs into `directory`; returns its path. */
export async function writeReport(directory: string, runs: readonly RunResult[], title: string): Promise<string> {
  const [{ renderReport }, { writeFileAtomic }] = await Promise.all([
    import('../report/index.ts'),
    import('../files/index.ts'),
  ]);
  const path = join(directory, 'report.html');
  writeFileAtomic(path, await renderReport(runs, { title, generatedBy: `tritbank ${version}` }));
  return path;
}

/** A result without what belongs into the report: history, layers, confusion, samples and class names. */
export function summarize(result: RunResult): Partial<RunResult> {
  const {
    history: _history,
    layers: _layers,
    confusion: _confusion,
    samples: _samples,
    classes: _classes,
    ...rest
  } = result;
  return rest;
}
