/** What the files of a run directory say, as far as a table and a chart show it. Runs of any release: fields may be absent. */

import { TritbankError } from '#toolkit/ir/errors.ts';
import type { LayerPlan } from '#toolkit/quantize/plan.ts';
import type { RunSource } from './source.ts';

export interface Epoch {
  readonly epoch: number;
  readonly phase: string;
  readonly trainLoss: number | null;
  readonly testLoss: number | null;
  readonly top1: number | null;
}

export interface RunRecord {
  readonly name: string;
  readonly method: string;
  readonly data: string;
  readonly top1: number | null;
  readonly bytes: number | null;
  /** Relative to the uncompressed network at 16 bits. */
  readonly size: number | null;
  readonly energy: number | null;
  readonly throughput: number | null;
  readonly epochs: readonly Epoch[];
  readonly plan: Readonly<Record<string, LayerPlan>> | null;
  /** What could not be read. */
  readonly fault: string | null;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path of keys. */
const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((found, key) => (isObject(found) ? found[key] : undefined), value);

const numberAt = (value: unknown, ...path: string[]): number | null => {
  const found = at(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
};

const textAt = (value: unknown, ...path: string[]): string | null => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : null;
};

const epochOf = (json: unknown): Epoch => ({
  epoch: numberAt(json, 'epoch') ?? 0,
  phase: textAt(json, 'phase') ?? '',
  trainLoss: numberAt(json, 'trainLoss'),
  testLoss: numberAt(json, 'testLoss'),
  top1: numberAt(json, 'top1'),
});

/** A plan of any release in today's form. */
async function planOf(json: unknown, faults: string[]): Promise<RunRecord['plan']> {
  if (json === undefined) return null;
  const { parsePlan } = await import('#toolkit/cost/plan-file.ts');
  try {
    return parsePlan(json, 'plan').layers;
  } catch (error) {
    if (!(error instanceof TritbankError)) throw error;
    faults.push(error.message);
    return null;
  }
}

function methodOf(config: unknown, result: unknown): string {
  const method = textAt(result, 'method') ?? textAt(config, 'method') ?? '?';
  const isCompression = at(config, 'budget') !== undefined || at(result, 'relative') !== undefined;
  if (!isCompression) return method;
  const ways: Readonly<Record<string, string>> = { train: 'trained', calibrate: 'calibrated', none: 'decomposed' };
  return `compressed, ${ways[method] ?? method}`;
}

export async function readRun(source: RunSource): Promise<RunRecord> {
  const faults: string[] = [];
  const text = async (file: string): Promise<string | undefined> => {
    if (!source.files.includes(file)) return undefined;
    try {
      return await source.read(file);
    } catch {
      faults.push(`${file} cannot be read`);
      return undefined;
    }
  };
  const json = async (file: string): Promise<unknown> => {
    const found = await text(file);
    try {
      return found === undefined ? undefined : JSON.parse(found);
    } catch {
      faults.push(`${file} is no JSON`);
      return undefined;
    }
  };
  const [config, result, plan] = [await json('config.json'), await json('result.json'), await json('plan.json')];
  const lines = (await text('metrics.jsonl'))?.split('\n') ?? [];
  const epochs = lines.flatMap((line) => {
    try {
      const found: unknown = line.trim() === '' ? null : JSON.parse(line);
      return isObject(found) ? [epochOf(found)] : [];
    } catch {
      return []; // the last line of a run that was killed
    }
  });
  const [bytes, bytes16] = [numberAt(result, 'bytes'), numberAt(result, 'bytes16')];
  const layers = await planOf(plan ?? at(result, 'plan'), faults);
  const relative = at(result, 'relative') ?? at(plan, 'predicted');
  return {
    name: source.name,
    method: methodOf(config, result),
    data: textAt(result, 'dataset') ?? textAt(config, 'data') ?? '?',
    top1: numberAt(result, 'top1') ?? numberAt(result, 'accuracy', 'after', 'top1') ?? epochs.at(-1)?.top1 ?? null,
    bytes,
    size: numberAt(relative, 'size') ?? (bytes !== null && bytes16 !== null ? bytes / bytes16 : null),
    energy: numberAt(relative, 'energy') ?? numberAt(result, 'energy'),
    throughput: numberAt(relative, 'throughput') ?? numberAt(result, 'throughput'),
    epochs,
    plan: layers,
    fault: faults.length > 0 ? faults.join('; ') : null,
  };
}
