/** Figures of layers against those of the whole network. */

import { expect, test } from 'vitest';
import { drawnIntegerNetwork } from '../../test/integer-networks.ts';
import { compileNetwork, defaultArray, macArray, timelineOf } from '../accelerator/index.ts';
import { sumAccesses } from './accesses.ts';
import { layerFigures, peakOf } from './layer-figures.ts';
import { memoriesOf } from './memories.ts';

const compiled = (seed: number, array = defaultArray) =>
  compileNetwork(drawnIntegerNetwork(seed), { ...array, lanes: 8, images: 2 });

test.each([0, 1, 2, 3])('cycles of network %i by their causes are those of its timeline', (seed) => {
  const network = compiled(seed);
  const timeline = timelineOf(network);
  const layers = layerFigures(network, timeline);
  for (const engine of ['mac', 'adder'] as const) {
    const own = layers.filter((layer) => layer.engine === engine);
    const sum = own.reduce((total, { cycles, times }) => total + cycles + times.wait, 0);
    // nothing lies between two instructions
    expect(sum * 2).toBeCloseTo(timeline.spans[engine].at(-1)?.end ?? 0, 6);
  }
});

test.each([0, 1, 4])('accesses of the layers of network %i are those of its memories', (seed) => {
  const network = compiled(seed);
  const sum = sumAccesses(layerFigures(network).map(({ accesses }) => accesses));
  const memories = new Map(memoriesOf(network).map((memory) => [memory.name, memory]));
  expect(sum.activationReads).toBe(memories.get('activations')!.reads);
  expect(sum.activationWrites).toBe(memories.get('activations')!.writes);
  expect(sum.tileReads).toBe(memories.get('adder tile')!.reads);
  // a word of program halts each engine
  expect(sum.programs).toBeLessThan(memories.get('programs')!.reads);
});

test('no layer does more than its lanes can, and operations are those of the network on any array', () => {
  const macs = layerFigures(compiled(2, macArray));
  const both = layerFigures(compiled(2));
  for (const { utilization } of [...macs, ...both]) expect(utilization).toBeGreaterThanOrEqual(0);
  for (const { utilization } of [...macs, ...both]) expect(utilization).toBeLessThanOrEqual(1);
  expect(macs.every(({ engine }) => engine === 'mac')).toBe(true);
  expect(peakOf(defaultArray, 'adder')).toBe(16 * 4);
});
