/** Compressions for a machine: the packed file, laid out or compiled for it, keeps what was asked for. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadImages, simulate, timelineOf } from '../../src/accelerator/index.ts';
import { type CompressSettings, compressModel } from '../../src/compress/index.ts';
import { readPlan } from '../../src/cost/index.ts';
import { compileStream, measuredArrays } from '../../src/hardware/index.ts';
import { quantizeInput, readIntegerNetwork } from '../../src/integer/index.ts';
import type { Graph } from '../../src/ir/index.ts';
import { buildNetwork } from '../../src/models/index.ts';
import { loadModel } from '../../src/onnx/index.ts';
import { inferShapes } from '../../src/passes/index.ts';
import { readTarget } from '../../src/targets/index.ts';
import { writeBars } from './train-data.ts';

let directory: string;
let network: Graph;
const at = (name: string) => join(directory, name);

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-target-'));
  writeBars(at('bars'), { train: 64, test: 24 });
  network = buildNetwork('ds-cnn', { width: 0.5, inputSize: 28, channels: 1, classes: 4, firstStride: 2, seed: 1 });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (name: string, settings: CompressSettings, warn?: (line: string) => void) =>
  compressModel(
    network,
    { data: at('bars'), images: 16, method: 'none', ratios: [0.5, 1], threads: 1, ...settings },
    { out: at(name), ...(warn && { warn }) },
  );

describe('an array', () => {
  test('the compiled program keeps the limit of cycles within 3 %', async () => {
    const { result } = await run('array', { target: 'lists', limits: { cycles: 0.5 } });
    expect([result.config.activations, result.forms.activations]).toEqual(['int8', 'int8']);
    const { totals, layers } = readPlan(join(at('array'), 'plan.json')).target!;
    const { predicted, control } = totals.cycles!;
    expect(predicted).toBeLessThanOrEqual(0.5 * control);
    expect(Object.values(layers).some(({ predicted: [, adder] }) => adder! > 0)).toBe(true);
    // the file that was written, run by the cycle model
    const packed = readIntegerNetwork(inferShapes(await loadModel(result.model)));
    const compiled = compileStream(packed, measuredArrays.lists);
    const { channels, height, width } = packed.input.tensor;
    const image = Float32Array.from({ length: channels * height * width }, (_, i) => Math.sin(i));
    const images = Array.from({ length: compiled.array.images }, () => quantizeInput(packed.input, image));
    expect(simulate(compiled, loadImages(compiled, images)).outputs).toHaveLength(images.length);
    const cycles = timelineOf(compiled).cycles / images.length;
    expect(cycles).toBeLessThan(0.5 * control * 1.03);
    expect(Math.abs(cycles / predicted - 1)).toBeLessThan(0.03);
    expect(result.target).toMatchObject({ name: 'lists', model: { cycles } });
    expect(Math.abs(result.target!.control.cycles! / control - 1)).toBeLessThan(0.001);
  });

  test('a file of one is taken as the target where an accelerator is asked for', async () => {
    const file = at('array.json');
    writeFileSync(file, JSON.stringify({ ...measuredArrays.trits, lanes: 8, adderRate: 4 }));
    const { result } = await run('file', { accelerator: file, limits: { cycles: 0.9 } });
    expect([result.config.accelerator, result.config.target, result.target!.name]).toEqual(['paper', file, file]);
    expect(result.target!.model.cycles! / result.target!.control.cycles!).toBeLessThan(0.9);
  });
});

describe('a core', () => {
  test('the program keeps the limits of instructions and flash within 3 %', async () => {
    const limits = { instructions: 0.95, flash: 0.95, ram: '64K' };
    const { result } = await run('core', { target: 'm0plus', limits });
    const { name, model, control } = result.target!;
    expect(name).toBe('cortex-m0plus');
    expect(model.instructions! / control.instructions!).toBeLessThan(0.95 * 1.03);
    expect(model.flash! / control.flash!).toBeLessThan(0.95 * 1.03);
    const { totals } = readPlan(join(at('core'), 'plan.json')).target!;
    expect(totals.flash!.control).toBe(control.flash);
    expect(Math.abs(model.flash! / totals.flash!.predicted - 1)).toBeLessThan(0.03);
  });

  test('a limit that is out of reach says what can be reached, before anything is built', async () => {
    await expect(run('none', { target: 'cortex-m4', limits: { ram: '1K' } })).rejects.toThrow(
      /budget: expected a reachable one, found ram 1K: the closest possible is ram \d+ bytes/,
    );
    await expect(run('neither', { target: 'cortex-m4', limits: { flash: 0.01 } })).rejects.toThrow(
      /found flash 0.01: the closest possible is flash 0\.\d{3}/,
    );
  });
});

describe('the runtime', () => {
  test('the file keeps the share of latency within 3 % by the same costs, and both files were measured', async () => {
    const { result } = await run('wasm', { target: 'wasm', limits: { latency: 0.9 } });
    const { planned, predicted, measured } = result.target!.latency!;
    expect(planned).toBeLessThanOrEqual(0.9);
    expect(Math.abs(predicted / planned - 1)).toBeLessThan(0.03);
    expect(measured).toBeGreaterThan(0);
    const { runtime } = result;
    expect(result.target!.measured!.model.latency).toBe(runtime!.milliseconds);
    const planLayers = readPlan(join(at('wasm'), 'plan.json')).target!.layers;
    const names = result.target!.layers!.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(planLayers)));
    for (const { model, control } of result.target!.layers!) expect(Math.min(model, control)).toBeGreaterThan(0);
  });

  test('a plan is not slower than int8 unless the budget asks for it', async () => {
    const warnings: string[] = [];
    const here = readTarget('wasm').isHere ? 'wasm' : 'wasm-relaxed';
    const { result } = await run('size', { target: here, budget: { size: 0.45 } }, (line) => warnings.push(line));
    const { latency } = readPlan(join(at('size'), 'plan.json')).target!.totals;
    const isSlower = latency!.predicted > latency!.control;
    expect(warnings.some((line) => line.includes(`slower on ${here}`))).toBe(isSlower);
    // planned for an engine that this is not
    const target = readTarget('wasm').isHere ? 'wasm-relaxed' : 'wasm';
    const more: string[] = [];
    const settings = { target, budget: { size: 0.45 }, limits: { latency: 3 } };
    const { result: allowed } = await run('slow', settings, (line) => more.push(line));
    expect(more).toContainEqual(expect.stringContaining(`times were not measured: ${target} is an engine with`));
    expect(warnings.some((line) => line.includes('not measured'))).toBe(false);
    expect(allowed.relative.size).toBeLessThanOrEqual(0.45);
    expect(result.relative.size).toBeLessThanOrEqual(0.45);
  });
});

test.each<[CompressSettings, string]>([
  [
    { target: 'wasm', limits: { latency: 20 } },
    "limits.latency: expected a share of the int8 network's up to 10, found 20",
  ],
  [{ limits: { cycles: 0.5 } }, 'target: expected one that has cycles, found none'],
  [{ target: 'lists', limits: { flash: 0.5 } }, "target 'lists': expected limits on cycles, found one on flash"],
  [{ target: 'm9', limits: { cycles: 0.5 } }, 'target: expected one of wasm, wasm-relaxed, cortex-m0plus,'],
  [{ target: 'lists', limits: { cycles: 0 } }, "limits.cycles: expected a share of the int8 network's up to 10"],
  [{ target: 'lists', activations: 'float' }, 'target: expected activations int8, which every target computes in'],
  [{ target: 'lists', data: undefined as never }, 'target: expected images to calibrate 8 bits with, found none'],
])('refuses %j', async (settings, message) => {
  await expect(run('refused', { budget: { size: 0.9 }, ...settings })).rejects.toThrow(message);
});
