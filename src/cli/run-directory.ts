/** What a command has to know of a training run before it trains into its directory, and what it adds afterwards. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../files/machine.ts';
import { readObject, storedConfig } from '../files/run-directory.ts';
import { type TrainConfig, upgradeConfig } from '../train/config.ts';
import type { RunResult } from '../train/records.ts';
import { runFiles } from '../train/run-layout.ts';

export interface StoredRun {
  readonly config: TrainConfig;
  /** Absent while the run is not finished. */
  readonly result: RunResult | undefined;
  readonly hasCheckpoint: boolean;
}

/** The run in `directory`, or undefined where there is none. E_FORMAT for damaged files. */
export function readRun(directory: string): StoredRun | undefined {
  const stored = storedConfig(directory);
  if (!stored) return undefined;
  const result = join(directory, runFiles.result);
  return {
    config: upgradeConfig(stored) as TrainConfig,
    result: existsSync(result) ? readObject<RunResult>(result) : undefined,
    hasCheckpoint: existsSync(join(directory, runFiles.checkpoint)),
  };
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
