/** `tritbank fine-tune` as users meet it: a small network trained further, as it is and with ternary weights. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isTernary } from '../../src/ir/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { type RunResult, trainNetwork } from '../../src/train/index.ts';
import { startProgram } from '../program.ts';
import { quickConfig, writeBars } from './train-data.ts';

let directory = '';
const at = (...names: string[]) => join(directory, ...names);
const start = (line: string) => startProgram(['fine-tune', ...line.split(' ')], directory);
const readJson = (...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8')) as Record<string, unknown>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-fine-tune-'));
  writeBars(at('bars'), { train: 128, test: 48 });
  const { layerKinds: _all, ...config } = quickConfig(at('bars'), { method: 'fp', model: 'ds-cnn', width: 0.25 });
  await trainNetwork({ ...config, epochs: 4, augment: false }, { out: at('original') });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const quick = '--data bars --epochs 1 --threads 1 --calibration-batches 1 --reestimate-batches 2 --quiet';

test('a ternary weight network learns from the model', async () => {
  const { status, stdout } = await start(`original/model.onnx --method twn ${quick} --out ternary --json`);
  expect(status).toBe(0);
  expect(JSON.parse(stdout) as RunResult).toMatchObject({
    method: 'twn',
    out: 'ternary',
    report: 'ternary/report.html',
  });
  expect(readJson('ternary', 'config.json')).toMatchObject({
    model: 'original/model.onnx',
    method: 'twn',
    granularity: 'filter',
    distillation: { kind: 'kd' },
  });
  const { initializers } = await loadModel(at('ternary', 'model.onnx'));
  expect(initializers.filter(({ constant }) => isTernary(constant!)).length).toBeGreaterThan(6);
});

test('in full precision there is no teacher, unless one is asked for', async () => {
  expect((await start(`original/model.onnx ${quick} --out longer`)).status).toBe(0);
  expect(readJson('longer', 'config.json')).toMatchObject({ method: 'fp' });
  expect(readJson('longer', 'config.json')).not.toHaveProperty('distillation');
  expect((await start(`original/model.onnx ${quick} --distill-weight 0.5 --out taught`)).status).toBe(0);
  expect(readJson('taught', 'config.json')).toMatchObject({ distillation: { kind: 'kd', weight: 0.5 } });
});

test('the configuration of a run begins another one', async () => {
  const line = 'original/model.onnx --config ternary/config.json --seed 2 --quiet --out again';
  expect((await start(line)).status).toBe(0);
  const { seed: _seed, ...again } = readJson('again', 'config.json');
  expect(readJson('ternary', 'config.json')).toMatchObject(again);
});

describe('a run that is there', () => {
  test('is not overwritten; with --resume, one that is finished stays', async () => {
    const line = `original/model.onnx --method twn ${quick} --out ternary`;
    const refused = await start(line);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(
      /^error E_USAGE: --out: expected a directory without a run, --resume to go on with it, or --force/,
    );
    const before = readFileSync(at('ternary', 'result.json'));
    expect((await start(`${line} --resume`)).status).toBe(0);
    expect(readFileSync(at('ternary', 'result.json'))).toEqual(before);
  });
});

test.each([
  ['original/model.onnx --out x', '--data: expected a name or a directory, found none'],
  [
    'original/model.onnx --data bars --granularity tensor --out x',
    '--granularity: expected --method twn with it, found --method fp',
  ],
  ['original/model.onnx --data bars --method hybrid --out x', "--method: expected one of fp, twn, found 'hybrid'"],
  ['original/model.onnx --data bars --config bars --out x', 'bars: expected a readable JSON file, found EISDIR'],
])('wrong usage: %s', async (line, message) => {
  const { status, stderr } = await start(line);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
  expect(existsSync(at('x'))).toBe(false);
});
