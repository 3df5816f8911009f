/** A tiny data set on disk and a configuration to match, for tests that train whole networks in seconds. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../src/ir/index.ts';
import { loadCheckpoint } from '../../src/train/checkpoint.ts';
import { defaultConfig, type EpochRecord, type RunResult, type TrainConfig } from '../../src/train/index.ts';

export interface BarsOptions {
  readonly train?: number;
  readonly test?: number;
  /** Default 4; with fewer, bars at several heights are of one class. */
  readonly labels?: number;
  /** Replaces the label of a training image. */
  readonly relabel?: (label: number, index: number) => number;
}

const side = 28;
const classes = 4;

function writeIdx(path: string, sizes: readonly number[], data: Uint8Array): void {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  for (const [i, value] of [0x800 + sizes.length, ...sizes].entries()) header.writeUInt32BE(value, 4 * i);
  writeFileSync(path, Buffer.concat([header, data]));
}

/**
 * Writes a data set in IDX format into `dir`: grey images of 28 x 28, four classes, each a bright bar at its class's
 * height under noise. Returns `dir`.
 */
export function writeBars(
  dir: string,
  { train = 160, test = 40, labels: count = classes, relabel = (label) => label }: BarsOptions = {},
): string {
  mkdirSync(dir, { recursive: true });
  for (const [part, images] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const pixels = new Uint8Array(images * side * side);
    for (let i = 0; i < images; i++) {
      const random = new Random(1, part, i);
      const top = 7 * (i % classes) + random.int(3);
      for (let at = 0; at < side * side; at++) {
        const row = Math.floor(at / side);
        pixels[i * side * side + at] = (row >= top && row < top + 5 ? 140 : 0) + random.int(100);
      }
    }
    const labels = Uint8Array.from({ length: images }, (_, i) =>
      part === 'train' ? relabel((i % classes) % count, i) : (i % classes) % count,
    );
    writeIdx(join(dir, `${part}-images-idx3-ubyte`), [images, side, side], pixels);
    writeIdx(join(dir, `${part}-labels-idx1-ubyte`), [images], labels);
  }
  return dir;
}

/**
 * Three phases in seconds: the narrowest network, few of its layers compressed, so that compiling the steps is quick.
 */
export function quickConfig(data: string, changes: Partial<TrainConfig> = {}): TrainConfig {
  return {
    ...defaultConfig,
    data,
    width: 0.05,
    firstStride: 2,
    method: 'hybrid',
    layerKinds: ['first', 'classifier'],
    epochs: 3,
    batchSize: 32,
    learningRate: 0.1,
    schedule: { name: 'cosine', warmup: 0.1 },
    emaDecay: 0,
    reestimateBatches: 2,
    threads: 1,
    ...changes,
  };
}

/** The records of a run without what depends on the clock. */
export function readMetrics(out: string): Omit<EpochRecord, 'seconds' | 'imagesPerSecond'>[] {
  const lines = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { seconds: _seconds, imagesPerSecond: _rate, ...record } = JSON.parse(line) as EpochRecord;
    return record;
  });
}

/** What must not depend on how a run came about. */
export function essence(out: string) {
  const result = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8')) as RunResult;
  const { top1, top5, loss, parameters, bytes, epochs, confusion, layers, skipped } = result;
  const { state, frozenFrom, position } = loadCheckpoint(join(out, 'checkpoint.safetensors'))!;
  const { seconds: _seconds, ...place } = position;
  return {
    metrics: readMetrics(out),
    result: { top1, top5, loss, parameters, bytes, epochs, confusion, layers, skipped },
    model: readFileSync(join(out, 'model.onnx')),
    checkpoint: { state, frozenFrom, place },
  };
}
