/**
 * A run that was stopped by an AbortSignal and continued ends where an undisturbed one ends, bit for bit, wherever it
 * was stopped. (`train-kill.test.ts` does the same to the program with signals.)
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLines } from '../../src/files/index.ts';
import { f32 } from '../../src/ir/index.ts';
import { loadCheckpoint, saveCheckpoint } from '../../src/train/checkpoint.ts';
import { type TrainConfig, type TrainProgress, trainNetwork } from '../../src/train/index.ts';
import type { EpochRecord } from '../../src/train/records.ts';
import { essence, quickConfig, readMetrics, writeBars } from './train-data.ts';

let directory = '';
let config: TrainConfig;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-resume-'));
  config = quickConfig(writeBars(join(directory, 'bars'), { train: 96, test: 24 }), { mixup: 0.2 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const at = (name: string) => join(directory, name);
const stepsPerEpoch = 3;

/** Trains until `stop` says so, or to the end; true when it was stopped. */
async function train(out: string, resume: boolean, stop?: (event: TrainProgress) => boolean): Promise<boolean> {
  const controller = new AbortController();
  const onProgress = (event: TrainProgress) => {
    if (stop?.(event)) controller.abort();
  };
  try {
    await trainNetwork(config, { out, resume, force: !resume, signal: controller.signal, onProgress });
    return false;
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return true;
    throw error;
  }
}

const phases = ['full', 'ternary', 'frozen'] as const;

it.each([
  [0, 0, 1],
  [0, 1, 0],
  [1, 1, 0],
] as const)('phases %i, %i, %i: what is exported is what the last epoch measured', async (...shares) => {
  const kept = config;
  config = { ...config, phases: shares, epochs: 2, reestimateBatches: 0 };
  const out = at(`phases-${shares.join('-')}`);
  expect(await train(out, false, (event) => event.kind === 'epoch-end')).toBe(true);
  expect(await train(out, true)).toBe(false);
  config = kept;
  const { metrics, result } = essence(out);
  expect(metrics).toHaveLength(2);
  expect(result.top1).toBe(metrics[1]!.top1);
  expect(result.loss / metrics[1]!.testLoss).toBeCloseTo(1, 4);
});

describe('runs', () => {
  let undisturbed: ReturnType<typeof essence>;
  beforeAll(async () => {
    await train(at('undisturbed'), false);
    undisturbed = essence(at('undisturbed'));
    expect(undisturbed.metrics.map((r) => r.phase)).toEqual(phases);
  });

  it('end alike from the same seed, and otherwise from another', async () => {
    await train(at('again'), false);
    expect(essence(at('again'))).toEqual(undisturbed);
    const kept = config;
    config = { ...config, seed: 2 };
    await train(at('other'), false, (event) => event.kind === 'epoch-end');
    config = kept;
    expect(readMetrics(at('other'))[0]!.trainLoss).not.toBe(undisturbed.metrics[0]!.trainLoss);
  });

  it('go on after an abort in each phase, at its first step, in its middle and at its last step', async () => {
    const out = at('aborted');
    for (const [i, phase] of phases.entries()) {
      // a progress event follows each step; the abort is seen after the next step
      const steps = [1, 2][i % 2]!;
      const stopped = await train(out, i > 0, (event) => {
        return event.kind === 'images' && event.phase === phase && event.done === steps * config.batchSize;
      });
      expect(stopped).toBe(true);
      const { position, frozenFrom } = loadCheckpoint(join(out, 'checkpoint.safetensors'))!;
      expect(position).toMatchObject({ phase: i, epoch: 0, batch: steps + 1, step: i * stepsPerEpoch + steps + 1 });
      expect(frozenFrom.size > 0).toBe(phase === 'frozen');
      expect(existsSync(join(out, 'result.json'))).toBe(false);
    }
    expect(await train(out, true)).toBe(false);
    expect(essence(out)).toEqual(undisturbed);
  });

  it('go on after an abort while they are evaluated, after an epoch and at the end', async () => {
    const out = at('evaluated');
    const evaluates = (phase: string) => (event: TrainProgress) => event.kind === 'evaluate' && event.phase === phase;
    expect(await train(out, false, evaluates('ternary'))).toBe(true);
    const { position } = loadCheckpoint(join(out, 'checkpoint.safetensors'))!;
    expect(position).toMatchObject({ phase: 1, epoch: 0, batch: stepsPerEpoch, step: 2 * stepsPerEpoch });
    expect(readMetrics(out)).toHaveLength(1);
    let isOver = false;
    const end = (event: TrainProgress) => {
      isOver ||= event.kind === 'epoch-end' && event.phase === 'frozen';
      return isOver && event.kind === 'evaluate';
    };
    expect(await train(out, true, end)).toBe(true);
    const records = readLines<EpochRecord>(join(out, 'metrics.jsonl'));
    expect(records.map(({ imagesPerSecond }) => imagesPerSecond > 0)).toEqual([true, true, true]);
    expect(existsSync(join(out, 'result.json'))).toBe(false);
    expect(await train(out, true)).toBe(false);
    expect(essence(out)).toEqual(undisturbed);
  });

  it('go on after an abort between phases and before the export', async () => {
    const out = at('between');
    expect(await train(out, false, (event) => event.kind === 'epoch-end' && event.phase === 'ternary')).toBe(true);
    expect(await train(out, true, (event) => event.kind === 'epoch-end' && event.phase === 'frozen')).toBe(true);
    expect(existsSync(join(out, 'model.onnx'))).toBe(false);
    expect(await train(out, true)).toBe(false);
    expect(essence(out)).toEqual(undisturbed);
    // a finished run that is resumed makes its result anew
    rmSync(join(out, 'model.onnx'));
    expect(await train(out, true)).toBe(false);
    expect(essence(out)).toEqual(undisturbed);
  });

  it('are not continued with a checkpoint that does not fit', async () => {
    const out = at('aborted');
    // a run that is finished would not look at it
    rmSync(join(out, 'result.json'), { force: true });
    const path = join(out, 'checkpoint.safetensors');
    const checkpoint = loadCheckpoint(path)!;
    const state = new Map(checkpoint.state).set('classifier_bias', f32([7]));
    saveCheckpoint(path, { ...checkpoint, state });
    const resumed = trainNetwork(config, { out, resume: true });
    await expect(resumed).rejects.toMatchObject({
      code: 'E_RESUME',
      message: "state 'classifier_bias': expected [4], found [7]",
    });
    await expect(trainNetwork({ ...config, alpha: 0.25, seed: 3 }, { out, resume: true })).rejects.toMatchObject({
      code: 'E_RESUME',
      detail: 'expected alpha 0.5 as it was begun with, found 0.25 (and seed differs)',
    });
    writeFileSync(path, readFileSync(path).subarray(0, 1000));
    await expect(trainNetwork(config, { out, resume: true })).rejects.toMatchObject({ code: 'E_FORMAT' });
    writeFileSync(join(out, 'config.json'), '{');
    await expect(trainNetwork(config, { out, resume: true })).rejects.toMatchObject({ code: 'E_FORMAT' });
  });

  it('that begin anew in a used directory keep nothing of the run before', async () => {
    const out = at('between');
    const before = readdirSync(out).filter((f) => f.startsWith('events'));
    const stopped = await train(out, false, (event) => event.kind === 'phase');
    expect(stopped).toBe(true);
    const files = readdirSync(out).filter((f) => !before.includes(f) && !f.startsWith('events'));
    expect(files.sort()).toEqual([
      'checkpoint.safetensors',
      'config.json',
      'metrics.jsonl',
      'plan.json',
      'provenance.jsonl',
    ]);
    expect(readFileSync(join(out, 'metrics.jsonl'), 'utf8')).toBe('');
    expect(loadCheckpoint(join(out, 'checkpoint.safetensors'))!.position.step).toBe(1);
  });

  it('start each phase with fresh optimizer state, whose first step of Adam is one learning rate long', async () => {
    const kept = config;
    const optimizer = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-12, weightDecay: 0 } as const;
    const schedule = { name: 'constant', warmup: 0 } as const;
    config = { ...quickConfig(at('bars')), optimizer, learningRate: 1e-3, schedule };
    const out = at('adam');
    const weights = () => loadCheckpoint(join(out, 'checkpoint.safetensors'))!.state.get('classifier_bias')!.data;
    expect(await train(out, false, (event) => event.kind === 'epoch-end')).toBe(true);
    const before = weights() as Float32Array;
    expect(loadCheckpoint(join(out, 'checkpoint.safetensors'))!.position).toMatchObject({ phase: 1, batch: 1 });
    rmSync(out, { recursive: true });
    // the state at the end of the first phase, one step earlier
    let atEnd: Float32Array | undefined;
    await train(out, false, (event) => {
      if (event.kind === 'epoch-end') atEnd ??= weights() as Float32Array;
      return event.kind === 'epoch-end';
    });
    config = kept;
    const moved = Array.from(before, (v, i) => Math.abs(v - atEnd![i]!));
    for (const distance of moved) expect(distance).toBeCloseTo(1e-3, 6);
  });
});
