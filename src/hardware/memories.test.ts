/** Memories of drawn networks: sizes and accesses, counted another way. */

import { expect, test } from 'vitest';
import { drawnImage, drawnIntegerNetwork } from '../../test/integer-networks.ts';
import { compileNetwork, defaultArray, loadImages, macArray, memoryWords, simulate } from '../accelerator/index.ts';
import { sramProcesses } from '../synthesis/index.ts';
import { measureMemories, memoriesOf } from './memories.ts';

const byName = (memories: ReturnType<typeof memoriesOf>) => new Map(memories.map((memory) => [memory.name, memory]));

test.each([0, 1, 2, 3, 4, 5])('activations of network %i are written as often as the cycle model writes', (seed) => {
  const network = drawnIntegerNetwork(seed);
  const compiled = compileNetwork(network, { ...defaultArray, lanes: 8, images: 1, inFlight: 1 });
  const { writes } = simulate(compiled, loadImages(compiled, [drawnImage(network, seed)]));
  expect(byName(memoriesOf(compiled)).get('activations')!.writes).toBe(writes.mac.length + writes.adder.length);
});

test('constants are in lines of 64 bits without gaps', () => {
  const compiled = compileNetwork(drawnIntegerNetwork(1), { ...macArray, images: 1 });
  const { macWeights } = memoryWords(compiled);
  const weights = byName(memoriesOf(compiled)).get('MAC weights')!;
  expect(weights).toMatchObject({ bits: 64, ports: 1, writes: 0, words: Math.ceil(macWeights.words.length / 8) });
  expect(weights.reads).toBeGreaterThan(0);
});

test('an array of MACs only has no memories of adders', () => {
  const network = drawnIntegerNetwork(3);
  const names = (array: typeof macArray) => [...byName(memoriesOf(compileNetwork(network, array))).keys()];
  expect(names(macArray).filter((name) => /adder|ternary/.test(name))).toEqual([]);
  expect(names(defaultArray).filter((name) => /adder|ternary/.test(name))).toHaveLength(3);
});

test('area and energy are sums, and follow the process', () => {
  const compiled = compileNetwork(drawnIntegerNetwork(2), { ...defaultArray, images: 1 });
  const old = measureMemories(compiled, sramProcesses.osu018);
  const small = measureMemories(compiled, sramProcesses.sg13g2);
  expect(old.area).toBeCloseTo(
    old.memories.reduce((sum, { area }) => sum + area, 0),
    6,
  );
  expect(old.area / small.area).toBeCloseTo((180 / 130) ** 2, 6);
  expect(old.energy / small.energy).toBeCloseTo((180 / 130) * (1.8 / 1.2) ** 2, 6);
});
