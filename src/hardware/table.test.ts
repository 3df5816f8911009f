import { expect, test } from 'vitest';
import { drawnIntegerNetwork } from '../../test/integer-networks.ts';
import { compileNetwork, defaultArray, macArray, timelineOf } from '../accelerator/index.ts';
import { measureCycles } from './measure.ts';
import { relate } from './table.ts';

const control = {
  ...{ name: 'control', configuration: '', arrayName: 'mac', array: macArray, latency: 0, busy: { mac: 1, adder: 0 } },
  ...{ cycles: 1000, throughput: 50, energy: 10, energyWithMemory: 20, area: 4, areaWithMemory: 40, clockLimit: 100 },
};

test('throughputs are compared on equal areas, energies as they are', () => {
  const row = { ...control, throughput: 300, area: 8, areaWithMemory: 60, energy: 3, energyWithMemory: 9 };
  const { throughput, throughputWithMemory, energy, energyWithMemory } = relate(row as never, control as never);
  expect(throughput).toBeCloseTo(3, 12); // six times as fast on twice the area
  expect(throughputWithMemory).toBeCloseTo(4, 12);
  expect(energy).toBeCloseTo(0.3, 12);
  expect(energyWithMemory).toBeCloseTo(0.45, 12);
});

test('a row without simulation has no energies', () => {
  const { energy: _, energyWithMemory: __, ...row } = control;
  expect(relate(row as never, control as never)).not.toHaveProperty('energy');
});

test('cycles are those of a stream of twelve images', () => {
  const network = drawnIntegerNetwork(4);
  const array = { ...defaultArray, lanes: 8 };
  const { cycles } = timelineOf(compileNetwork(network, { ...array, images: 12 }));
  expect(measureCycles(network, array).cycles).toBe(cycles / 12);
});
