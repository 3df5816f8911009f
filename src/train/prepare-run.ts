/** The run directory before the first step: its configuration, what an earlier run left, the checkpoint to go on from. */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeRunDirectory, writeFileAtomic } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import { type Checkpoint, loadCheckpoint } from './checkpoint.ts';
import type { RunOptions } from './context.ts';

export const checkpointName = 'checkpoint.safetensors';
export const modelName = 'model.onnx';
export const resultName = 'result.json';

/**
 * Creates the directory, writes `config.json`, and returns the checkpoint of the run that is to be resumed. E_RESUME
 * for a run with another configuration; without `resume`, what an earlier run left is removed.
 */
export function prepareDirectory(config: object, options: RunOptions): Checkpoint | undefined {
  makeRunDirectory(options.out);
  const configFile = join(options.out, 'config.json');
  const text = `${JSON.stringify(config, null, 2)}\n`;
  if (options.resume && existsSync(configFile)) {
    const differing = differences(readConfig(configFile), JSON.parse(text) as object);
    if (differing) {
      const message = `expected the configuration of the run in ${options.out}, found other values of ${differing}`;
      throw new TritbankError('E_RESUME', configFile, message);
    }
    return loadCheckpoint(join(options.out, checkpointName));
  }
  // What an earlier run left must not be taken for this run's.
  for (const name of [checkpointName, modelName, resultName]) rmSync(join(options.out, name), { force: true });
  writeFileAtomic(configFile, text);
  return undefined;
}

function readConfig(path: string): object {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as object;
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new TritbankError('E_FORMAT', path, `expected a configuration, found: ${found}`, { cause });
  }
}

function differences(a: object, b: object): string {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const value = (o: object, key: string) => (o as Record<string, unknown>)[key];
  return keys.filter((key) => !isDeepStrictEqual(value(a, key), value(b, key))).join(', ');
}
