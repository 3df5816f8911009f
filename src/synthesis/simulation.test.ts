/** Flattening, simulation, energy and timing of netlists that are small enough to be computed by hand. */

import { expect, it } from 'vitest';
import { libertyText } from '../../test/fixtures/liberty.ts';
import { GateSimulator } from './activity.ts';
import { energyOfBlock } from './energy.ts';
import { flattenNetlist } from './flatten.ts';
import { parseLibrary } from './liberty/library.ts';
import { type Bit, countModules, type Module, type Netlist, sizeOf } from './netlist.ts';
import { longestPath } from './timing.ts';

const library = parseLibrary(libertyText({ latch: true }), 'cells.lib');

type Cells = Readonly<Record<string, readonly [type: string, pins: Readonly<Record<string, Bit | Bit[]>>]>>;
type Ports = Readonly<Record<string, readonly Bit[]>>;

function moduleOf(inputs: Ports, outputs: Ports, cells: Cells): Module {
  const ports = (given: Ports, direction: 'input' | 'output') =>
    Object.entries(given).map(([name, bits]) => [name, { direction, bits }] as const);
  const instances = Object.entries(cells).map(([name, [type, pins]]) => {
    const connections = Object.entries(pins).map(([pin, bits]) => [pin, [bits].flat()]);
    return [name, { type, connections: Object.fromEntries(connections) }] as const;
  });
  return {
    ports: Object.fromEntries([...ports(inputs, 'input'), ...ports(outputs, 'output')]),
    cells: Object.fromEntries(instances),
  };
}

const only = (module: Module): Netlist => ({ top: 'top', modules: { top: module } });

/** A flip-flop whose state is turned by each cycle with `a`. */
const toggle = only(
  moduleOf({ clk: [2], a: [3] }, { q: [4] }, { x: ['XOR2', { A: 3, B: 4, Y: 5 }], f: ['DFF', { CK: 2, D: 5, Q: 4 }] }),
);

/** Two halves of an adder of two bits, a module each; `carry` passes through unchanged. */
const hierarchy: Netlist = {
  top: 'top',
  modules: {
    top: moduleOf(
      { a: [2, 3], b: [4, 5] },
      { sum: [6, 7], high: [8], copy: [9], one: [10] },
      {
        low: ['half', { a: 2, b: 4, s: 6, c: 11, through: 9, constant: 10 }],
        upper: ['half', { a: 3, b: 5, s: 7, c: 8 }],
      },
    ),
    half: moduleOf(
      { a: [2], b: [3] },
      { s: [4], c: [5], through: [2], constant: ['1'] },
      { x: ['XOR2', { A: 2, B: 3, Y: 4 }], n: ['NAND2', { A: 2, B: 3, Y: 6 }], i: ['INV', { A: 6, Y: 5 }] },
    ),
  },
};

it('counts cells and instances', () => {
  expect(sizeOf(hierarchy, 'half', library)).toEqual({ area: 14, cells: 3, flipFlops: 0 });
  expect(sizeOf(hierarchy, 'top', library)).toEqual({ area: 0, cells: 0, flipFlops: 0 });
  expect([...countModules(hierarchy)]).toEqual([
    ['top', 1],
    ['half', 2],
  ]);
});

it('simulates modules in modules', () => {
  const simulator = new GateSimulator(flattenNetlist(hierarchy, library));
  for (let a = 0; a < 4; a++) {
    for (let b = 0; b < 4; b++) {
      simulator.step({ a, b: BigInt(b) });
      expect(simulator.read('sum')).toBe(BigInt(a ^ b));
      expect(simulator.read('high')).toBe(BigInt(a & b) >> 1n);
      expect(simulator.read('copy')).toBe(BigInt(a & 1));
      expect(simulator.read('one')).toBe(1n);
    }
  }
});

it('takes states over once a cycle', () => {
  const simulator = new GateSimulator(flattenNetlist(toggle, library));
  const seen = [1, 1, 0, 1, 0, 0].map((a) => {
    simulator.step({ a });
    return Number(simulator.read('q'));
  });
  expect(seen).toEqual([0, 1, 0, 0, 1, 1]);
});

it('clears, and has inverse outputs', () => {
  const netlist = only(
    moduleOf({ clk: [2], d: [3], r: [4] }, { q: [5], qn: [6] }, { f: ['DFFR', { CK: 2, D: 3, R: 4, Q: 5, QN: 6 }] }),
  );
  const simulator = new GateSimulator(flattenNetlist(netlist, library));
  const seen = [
    [1, 1],
    [1, 0],
    [1, 1],
    [0, 1],
    [0, 1],
  ].map(([d, r]) => {
    simulator.step({ d: d!, r: r! });
    return `${simulator.read('q')}${simulator.read('qn')}`;
  });
  expect(seen).toEqual(['01', '10', '01', '10', '01']);
});

it('drives wide ports, also with negative numbers', () => {
  const bits = Array.from({ length: 40 }, (_, i) => i + 2);
  const netlist = only(moduleOf({ x: bits }, { y: bits }, {}));
  const simulator = new GateSimulator(flattenNetlist(netlist, library));
  simulator.step({ x: -3 });
  expect(simulator.read('y')).toBe(2n ** 40n - 3n);
  simulator.step({ x: 0x12_3456_789an });
  expect(simulator.read('y')).toBe(0x12_3456_789an);
});

it('sees glitches with unit delays only', () => {
  // y = a & !a is always 0, but for the time that the inverter takes
  const netlist = only(
    moduleOf({ a: [2] }, { y: [4] }, { i: ['INV', { A: 2, Y: 3 }], g: ['AND2', { A: 2, B: 3, Y: 4 }] }),
  );
  const changes = (['none', 'unit'] as const).map((delays) => {
    const simulator = new GateSimulator(flattenNetlist(netlist, library), delays);
    simulator.step({ a: 0 });
    simulator.clearToggles();
    simulator.step({ a: 1 });
    expect(simulator.read('y')).toBe(0n);
    return simulator.toggles.reduce((sum, count) => sum + count, 0);
  });
  // a and the inverter, then the gate twice
  expect(changes).toEqual([2, 4]);
});

it.each([
  ['a latch', { l: ['LAT', { D: 3, G: 2, Q: 4 }] }, /another state \(LAT\)/],
  [
    'an unmapped latch',
    { l: ['$_DLATCH_P_', { D: 3, E: 2, Q: 4 }] },
    /module top: expected cells of tiny, found a latch/,
  ],
  [
    'a loop',
    { a: ['INV', { A: 4, Y: 5 }], b: ['NAND2', { A: 5, B: 3, Y: 4 }] },
    /gates without a loop, found 2 that wait/,
  ],
  [
    'a gated clock',
    { g: ['AND2', { A: 2, B: 3, Y: 5 }], f: ['DFF', { CK: 5, D: 3, Q: 4 }] },
    /one clock, an input of the design, found a gated one/,
  ],
  ['two clocks', { f: ['DFF', { CK: 2, D: 3, Q: 4 }], g: ['DFF', { CK: 3, D: 2, Q: 5 }] }, /one clock.* found 2 nets/],
] as const)('refuses %s', (_, cells, message) => {
  const netlist = only(moduleOf({ clk: [2], a: [3] }, { q: [4] }, cells as unknown as Cells));
  expect(() => new GateSimulator(flattenNetlist(netlist, library))).toThrow(message);
});

it('refuses ports that are not there', () => {
  const simulator = new GateSimulator(flattenNetlist(toggle, library));
  expect(() => simulator.step({ b: 1 })).toThrow('port b: expected an input of the design, found none');
  expect(() => simulator.read('b')).toThrow('port b: expected a port of the design, found none');
});

it('adds up what changes take', () => {
  const run = { netlist: toggle, library, cycles: 100, clockMHz: 50, wire: 5 };
  const busy = energyOfBlock({ ...run, stimulus: () => ({ a: 1 }) });
  // q and the gate's output change in each cycle, a never; V^2 / 2 = 2
  expect(busy.byKind.clock).toBeCloseTo(2 * (2 * 0.01 + 2 * 0.005 + 0.001), 12);
  expect(busy.byKind.pins).toBeCloseTo(2 * 2 * 0.01, 12);
  expect(busy.byKind.wires).toBeCloseTo(2 * 2 * 0.005, 12);
  // both outputs 3 fJ, both pins that they reach 1 fJ
  expect(busy.byKind.internal).toBeCloseTo(2 * 0.003 + 2 * 0.001, 12);
  // 11 nW for 20 ns
  expect(busy.byKind.leakage).toBeCloseTo(11e-9 * 20e-9 * 1e12, 15);
  expect(busy.pJPerCycle).toBeCloseTo(
    Object.values(busy.byKind).reduce((a, b) => a + b, 0),
    12,
  );
  expect(busy.byModule).toEqual({ top: busy.pJPerCycle });
  const idle = energyOfBlock({ ...run, stimulus: () => ({ a: 0 }) });
  expect(idle.pJPerCycle).toBeCloseTo(busy.byKind.clock + busy.byKind.leakage, 12);
  const half = energyOfBlock({ ...run, stimulus: (cycle) => ({ a: cycle & 1 }) });
  // a in each cycle, q and the output in every second one
  expect(half.byKind.pins).toBeCloseTo(2 * (1 + 0.5 + 0.5) * 0.01, 12);
});

it('gives the energy of pins to the module that they are in', () => {
  const { byModule, pJPerCycle } = energyOfBlock({
    netlist: hierarchy,
    library,
    stimulus: (cycle) => ({ a: cycle & 3, b: (cycle >> 2) & 3 }),
    cycles: 64,
  });
  expect(Object.keys(byModule)).toEqual(['half']);
  expect(byModule.half).toBeCloseTo(pJPerCycle, 12);
});

it('finds the longest path', () => {
  const chain = only(
    moduleOf(
      { clk: [2] },
      { q: [3] },
      {
        f: ['DFF', { CK: 2, D: 6, Q: 3 }],
        a: ['INV', { A: 3, Y: 4 }],
        b: ['INV', { A: 4, Y: 5 }],
        c: ['INV', { A: 5, Y: 6 }],
      },
    ),
  );
  const { nanoseconds, from, to } = longestPath(flattenNetlist(chain, library), library);
  // four stages of 0.1 ns and 1 ns for each 100 fF of a pin and its wire; 0.2 ns before the clock
  const load = 0.01 + (3 * 0.2 * Math.sqrt(26 / 4 / 0.7)) / 1000;
  expect(nanoseconds).toBeCloseTo(4 * (0.1 + load * 10) + 0.2, 9);
  expect([from, to]).toEqual(['top', 'top']);
});

it('puts buffers where a net reaches many pins', () => {
  const fan = (count: number) => {
    const inverters = Array.from({ length: count }, (_, i) => [`i${i}`, ['INV', { A: 3, Y: 10 + i }]] as const);
    const outputs = Array.from({ length: count }, (_, i) => 10 + i);
    const netlist = only(
      moduleOf({ a: [2] }, { y: outputs }, { d: ['INV', { A: 2, Y: 3 }], ...Object.fromEntries(inverters) }),
    );
    return longestPath(flattenNetlist(netlist, library), library).nanoseconds;
  };
  const [eight, nine, all] = [fan(8), fan(9), fan(64)];
  expect(nine!).toBeGreaterThan(eight! * 1.5);
  expect(all!).toBeCloseTo(nine!, 1);
});
