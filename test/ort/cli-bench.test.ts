/** `tritbank bench` as users meet it, on a small network: help, wrong usage, figures of every runtime that is installed. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BenchResult } from '../../src/bench/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { saveModel } from '../../src/onnx/index.ts';
import { applyPlan, deploy, makePlan, toFrozen } from '../../src/quantize/index.ts';
import { expectGolden } from '../golden.ts';
import { startProgram } from '../program.ts';

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-bench-'));
  const sizes = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 2, seed: 1 } as const;
  const baseline = buildNetwork('mobilenet-v1', sizes);
  await saveModel(baseline, join(directory, 'baseline.onnx'));
  const plan = makePlan(baseline, { method: 'hybrid', alpha: 0.5, widthRatio: 1.25 });
  const hybrid = deploy(toFrozen(applyPlan(baseline, plan, 1), new Map()), new Map());
  await saveModel(hybrid, join(directory, 'hybrid.onnx'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const start = (...args: readonly string[]) => startProgram(['bench', ...args], directory);

test('help', async () => {
  const { status, stdout, stderr } = await start('--help');
  expect([status, stderr]).toEqual([0, '']);
  expectGolden('help-bench', stdout);
});

describe('wrong usage', () => {
  test.each([
    ['--hybrid hybrid.onnx', '--baseline: expected it with --hybrid, found only that one'],
    [
      '--networks v1-0.5-224 --baseline baseline.onnx --hybrid hybrid.onnx',
      '--networks: expected drawn networks or files, found both',
    ],
    ['--baseline absent.onnx --hybrid hybrid.onnx --quiet --in node', 'absent.onnx: expected '],
  ])('%s', async (line, message) => {
    const { status, stdout, stderr } = await start(...line.split(' '));
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

test('measures every runtime on every form, and all agree', async () => {
  const files = ['--baseline', 'baseline.onnx', '--hybrid', 'hybrid.onnx'];
  const quick = ['--in', 'node', '--rounds', '2', '--runs', '1', '--cold', '0', '--quiet', '--json'];
  const { status, stdout, stderr } = await start(...files, ...quick, '--out', 'bench.json', '--report', 'bench.html');
  expect([status, stderr]).toEqual([0, '']);
  const result = JSON.parse(stdout) as BenchResult;
  expect(result).toEqual(JSON.parse(readFileSync(join(directory, 'bench.json'), 'utf8')));
  const [task] = result.tasks;
  expect(task).toMatchObject({ name: 'baseline', size: 32 });
  const sizes = new Map(task!.models.map(({ form, bytes }) => [form, bytes]));
  expect(sizes.get('hybrid')!).toBeLessThan(sizes.get('int8')!);
  expect(sizes.get('int8')!).toBeLessThan(sizes.get('fp32')! / 2);
  const { measurements, absent } = task!.places[0]!;
  expect(absent).toEqual([]);
  const forms = (name: string) => measurements.filter(({ runtime }) => runtime === name).map(({ form }) => form);
  for (const name of ['tritbank', 'onnxruntime-web', 'onnxruntime-node']) {
    expect(forms(name)).toEqual(['fp32', 'int8', 'int4', 'hybrid', 'hybrid-float']);
  }
  expect(forms('tfjs-wasm')).toEqual(['fp32']);
  // 8-bit results may differ by rounding in the last place of an activation
  for (const { form, difference } of measurements) {
    if (difference !== undefined)
      expect(difference).toBeLessThan(['int8', 'int4', 'hybrid'].includes(form) ? 0.5 : 1e-3);
  }
  const page = readFileSync(join(directory, 'bench.html'), 'utf8');
  expect(page.match(/<svg/g)).toHaveLength(1);
  expect(page).toContain('onnxruntime-web, hybrid');
});
