/** Contests in another Node and cold starts: programs of their own, of which this process learns the figures. */

import { expect, it } from 'vitest';
import { benchInNode } from '../../src/bench/node-place.ts';
import { integerModel } from '../runtime-models.ts';

const task = { name: 'small', size: 5, channels: 2, models: new Map([['hybrid', integerModel] as const]) };
const options = { threads: 1, rounds: 2, runs: 1, starts: 1 };

it('measures in the program of a Node, and starts each contestant alone', async () => {
  const rounds: number[] = [];
  const onRound = (done: number) => void rounds.push(done);
  const { engine, measurements, absent } = await benchInNode(task, { ...options, onRound }, process.execPath);
  expect(engine).toBe(`Node ${process.version}`);
  expect(absent).toEqual([]);
  expect(rounds).toEqual([1, 2]);
  expect(measurements.map(({ runtime }) => runtime)).toEqual(['tritbank', 'onnxruntime-web', 'onnxruntime-node']);
  for (const { rounds: times, cold, peak } of measurements) {
    expect(times).toHaveLength(2);
    expect(cold).toBeGreaterThan(0);
    expect(peak).toBeGreaterThan(10e6);
  }
  const [own] = measurements;
  expect(own!.weights).toBeGreaterThan(100);
  expect(own!.memory).toBeGreaterThan(own!.weights!);
});

it('is E_DEVICE for a program that is no Node', async () => {
  const attempt = benchInNode(task, options, '/absent/node');
  await expect(attempt).rejects.toMatchObject({ code: 'E_DEVICE', where: '/absent/node' });
});
