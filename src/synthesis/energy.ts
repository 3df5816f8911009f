/**
 * Energy of a netlist at work, from what its nets do in a simulation:
 *
 *   a change of a net        V^2 / 2 for the capacitance of each pin that it reaches and of the wire to it
 *   a change at a pin        what the cell takes inside, from the library's tables: mean of rise and fall and of conditions
 *   the clock                two changes a cycle at every flip-flop
 *   leakage                  for the length of a cycle
 *
 * Left out: the buffers of the clock's tree, and what the design's inputs take from their drivers' insides. Glitches are
 * seen with unit delays only, and then too many of them: an upper bound, 3.5 times as much for an int8 MAC.
 */

import { type Delays, GateSimulator, type Stimulus } from './activity.ts';
import { type FlatNetlist, flattenNetlist } from './flatten.ts';
import type { Cell, CellLibrary, Edges } from './liberty/library.ts';
import { lookUp, type OperatingPoint } from './liberty/table.ts';
import type { Netlist } from './netlist.ts';
import { wirePerFanOut } from './wires.ts';

export interface EnergyOptions {
  readonly library: CellLibrary;
  /** Default: 100. */
  readonly clockMHz?: number | undefined;
  /** Wire for each pin that a net reaches, in fF; default: of the cells' mean area (`wires.ts`). */
  readonly wire?: number | undefined;
  /** How long inputs take to change, in ns, where tables are looked up; default: 0.15. */
  readonly transition?: number | undefined;
  /** Of gates in the simulation; `unit` sees glitches. Default: `none`. */
  readonly delays?: Delays | undefined;
}

export interface BlockRun extends EnergyOptions {
  readonly netlist: Netlist;
  /** The input ports of a cycle, the first one 0. */
  readonly stimulus: (cycle: number) => Stimulus;
  readonly cycles: number;
  /** Cycles before the counted ones; default: 4. */
  readonly warmUp?: number | undefined;
}

/** pJ a cycle, by cause. */
export interface EnergyKinds {
  /** Clock pins of flip-flops, their wires, and what the clock's changes take inside. */
  readonly clock: number;
  /** Capacitances of all other pins. */
  readonly pins: number;
  readonly wires: number;
  /** Inside of cells. */
  readonly internal: number;
  readonly leakage: number;
}

export interface BlockEnergy {
  readonly pJPerCycle: number;
  readonly byKind: EnergyKinds;
  /** By module, pJ a cycle of all its instances; a pin belongs to the module of its cell. */
  readonly byModule: Readonly<Record<string, number>>;
  /** Mean number of changes of a net in a cycle, without the clock's. */
  readonly activity: number;
}

const defaultClockMHz = 100;
const defaultTransition = 0.15;
const defaultWarmUp = 4;

/** Mean of rise and fall, and of conditions. */
function meanEnergy(energies: readonly Edges[], point: OperatingPoint): number {
  const means = energies.map(({ rise, fall }) => {
    const both = [rise, fall].flatMap((table) => (table ? lookUp(table, point) : []));
    // a direction that is left out takes nothing
    return both.reduce((a, b) => a + b, 0) / 2;
  });
  return means.length === 0 ? 0 : means.reduce((a, b) => a + b, 0) / means.length;
}

/**
 * Simulates a netlist and says what it took. E_UNSUPPORTED for latches, gated clocks and loops of gates.
 *
 * @example
 * import { energyOfBlock, openLibrary, synthesize } from './index.ts';
 *
 * const opened = openLibrary();
 * const source = 'module add(input clk, input [7:0] x, output reg [15:0] sum); always @(posedge clk) sum <= sum + x; endmodule';
 * const { netlist } = await synthesize({ sources: { 'add.v': source }, top: 'add' }, { library: opened });
 * const { library } = opened;
 * const { pJPerCycle } = energyOfBlock({ netlist, library, stimulus: (cycle) => ({ x: (cycle * 77) % 256 }), cycles: 1000 });
 */
export function energyOfBlock({
  netlist,
  stimulus,
  cycles,
  warmUp = defaultWarmUp,
  ...options
}: BlockRun): BlockEnergy {
  const flat = flattenNetlist(netlist, options.library);
  const simulator = new GateSimulator(flat, options.delays);
  for (let cycle = 0; cycle < warmUp + cycles; cycle++) {
    if (cycle === warmUp) simulator.clearToggles();
    simulator.step(stimulus(cycle));
  }
  return energyOfToggles(flat, simulator, cycles, options);
}

/** What the counted changes took. */
export function energyOfToggles(
  { cells, nets }: FlatNetlist,
  { toggles, clock }: Pick<GateSimulator, 'toggles' | 'clock'>,
  cycles: number,
  { library, clockMHz = defaultClockMHz, wire, transition = defaultTransition }: EnergyOptions,
): BlockEnergy {
  const meanArea = cells.reduce((sum, { cell }) => sum + cell.area, 0) / Math.max(1, cells.length);
  const wireLoad = wire === undefined ? wirePerFanOut(meanArea) : wire / 1000;
  const loads = loadsOf(cells, nets, wireLoad);
  const half = library.volts ** 2 / 2;
  const kinds = { clock: 0, pins: 0, wires: 0, internal: 0, leakage: 0 };
  const byModule: Record<string, number> = {};
  const period = 1000 / clockMHz;
  const inside = insideEnergies(transition);
  for (const { cell, module, pins } of cells) {
    let total = 0;
    const add = (kind: keyof EnergyKinds, energy: number) => {
      kinds[kind] += energy;
      total += energy;
    };
    for (const [name, net] of pins) {
      const isClock = net === clock;
      const changes = isClock ? 2 : toggles[net]! / cycles;
      if (changes === 0) continue;
      const input = cell.inputs.get(name);
      if (input) {
        add(isClock ? 'clock' : 'pins', changes * half * input.capacitance);
        add(isClock ? 'clock' : 'wires', changes * half * wireLoad);
        add(isClock ? 'clock' : 'internal', changes * inside.input(cell, name));
      } else {
        const output = cell.outputs.get(name);
        if (output) add('internal', changes * meanEnergy(output.energies, { load: loads[net]!, transition }));
      }
    }
    // nW for ns are 1e-18 J
    add('leakage', cell.leakage * period * 1e-6);
    byModule[module] = (byModule[module] ?? 0) + total;
  }
  const pJPerCycle = Object.values(kinds).reduce((a, b) => a + b, 0);
  return { pJPerCycle, byKind: kinds, byModule, activity: activityOf(toggles.subarray(0, nets), loads, cycles, clock) };
}

/** pF that each net drives. */
function loadsOf(cells: FlatNetlist['cells'], nets: number, wireLoad: number): Float64Array {
  const loads = new Float64Array(nets);
  for (const { cell, pins } of cells) {
    for (const [name, net] of pins) {
      const input = cell.inputs.get(name);
      if (input) loads[net]! += input.capacitance + wireLoad;
    }
  }
  return loads;
}

/** Energies of input pins depend on nothing but the cell: looked up once. */
function insideEnergies(transition: number): { input(cell: Cell, pin: string): number } {
  const known = new Map<Cell, Map<string, number>>();
  return {
    input(cell, pin) {
      const pins = known.get(cell) ?? new Map<string, number>();
      known.set(cell, pins);
      let energy = pins.get(pin);
      if (energy === undefined) {
        energy = meanEnergy(cell.inputs.get(pin)!.energies, { load: 0, transition });
        pins.set(pin, energy);
      }
      return energy;
    },
  };
}

function activityOf(toggles: Float64Array, loads: Float64Array, cycles: number, clock: number | undefined): number {
  let [changes, count] = [0, 0];
  for (let net = 2; net < toggles.length; net++) {
    if (net === clock || loads[net] === 0) continue;
    changes += toggles[net]!;
    count++;
  }
  return count === 0 ? 0 : changes / count / cycles;
}
