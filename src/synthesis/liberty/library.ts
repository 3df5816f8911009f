/**
 * A standard-cell library: areas, pin capacitances, functions, flip-flops, internal energy, leakage and delays, from a
 * liberty file. Left out: buses, noise, several supplies, currents of composite models.
 */

import { TritbankError } from '../../ir/index.ts';
import { parseFunction, type TruthTable } from './function.ts';
import { type Group, parseGroups } from './groups.ts';
import { parseTable, type Table } from './table.ts';
import { readScales, type Scales } from './units.ts';

/** Figures for both directions of a toggle; what a file does not have is undefined. */
export interface Edges {
  readonly rise: Table | undefined;
  readonly fall: Table | undefined;
}

/** The way from an input, or a clock, to an output: delay and the output's transition time, in ns. */
export interface Arc {
  readonly from: string;
  readonly delay: Edges;
  readonly transition: Edges;
}

export interface InputPin {
  readonly name: string;
  /** In pF. */
  readonly capacitance: number;
  /** Energy of a toggle inside of the cell, whatever the outputs do, for each condition that the file has. */
  readonly energies: readonly Edges[];
  /** Time before the clock's edge at which a flip-flop's input has to be there. */
  readonly setups: readonly Edges[];
}

export interface OutputPin {
  readonly name: string;
  /** Over input pins and the names of the flip-flop's state. */
  readonly function: TruthTable | undefined;
  /** Energy of a toggle inside of the cell, for each condition and input that the file has. */
  readonly energies: readonly Edges[];
  readonly arcs: readonly Arc[];
}

export interface FlipFlop {
  /** What the state is called in functions, and its inverse. */
  readonly state: readonly [string, string];
  readonly next: TruthTable;
  /** Takes the state over when it becomes 1. */
  readonly clock: TruthTable;
  /** Hold the state at 0 and at 1, whatever the clock does. */
  readonly clear: TruthTable | undefined;
  readonly preset: TruthTable | undefined;
}

export interface Cell {
  readonly name: string;
  /** In the library's unit, by convention um2. */
  readonly area: number;
  /** In nW. */
  readonly leakage: number;
  readonly inputs: ReadonlyMap<string, InputPin>;
  readonly outputs: ReadonlyMap<string, OutputPin>;
  readonly flipFlop: FlipFlop | undefined;
  /** Has a state that is not a flip-flop's: a latch, a clock gate, a memory. */
  readonly isOtherState: boolean;
}

export interface CellLibrary {
  readonly name: string;
  /** Supply voltage. */
  readonly volts: number;
  readonly cells: ReadonlyMap<string, Cell>;
}

/**
 * Reads a liberty file's text. `where`, usually the file, begins the place in an error: E_FORMAT for what is no liberty
 * file, or one without voltage, areas, gates or flip-flops.
 *
 * @example
 * import { readFileSync } from 'node:fs';
 * import { parseLibrary } from './library.ts';
 *
 * const { volts, cells } = parseLibrary(readFileSync('cells.lib', 'utf8'), 'cells.lib');
 * console.log(volts, cells.get('INVX1')?.area);
 */
export function parseLibrary(text: string, where: string): CellLibrary {
  const library = parseGroups(text, where);
  const scales = readScales(library, where);
  const templates = new Map(
    library.groups.filter(({ name }) => name.endsWith('_template')).map((group) => [group.args[0] ?? '', group]),
  );
  const cells = new Map<string, Cell>();
  for (const group of library.groups) {
    if (group.name !== 'cell' || group.groups.some(({ name }) => name === 'bus' || name === 'bundle')) continue;
    const cell = new CellReader(group, { scales, templates, where, library }).read();
    cells.set(cell.name, cell);
  }
  const read = { name: library.args[0] ?? where, volts: voltsOf(library, scales, where), cells };
  requireUsable(read, where);
  return read;
}

function voltsOf(library: Group, { voltage }: Scales, where: string): number {
  const conditions = library.attributes.get('default_operating_conditions')?.[0];
  const given = library.groups.find(
    ({ name, args }) => name === 'operating_conditions' && (conditions === undefined || args[0] === conditions),
  );
  const text = given?.attributes.get('voltage')?.[0] ?? library.attributes.get('nom_voltage')?.[0];
  const volts = Number(text) * voltage;
  if (volts > 0) return volts;
  throw new TritbankError('E_FORMAT', `${where} nom_voltage`, `expected a supply voltage, found ${text ?? 'none'}`);
}

function requireUsable({ cells }: CellLibrary, where: string): void {
  const all = [...cells.values()];
  const demand = (expected: string, has: (cell: Cell) => boolean) => {
    if (all.some(has)) return;
    throw new TritbankError('E_FORMAT', where, `expected ${expected}, found none among ${all.length} cells`);
  };
  demand('cells with an area', ({ area }) => area > 0);
  demand('a flip-flop (a cell with ff, next_state and clocked_on)', ({ flipFlop, area }) => !!flipFlop && area > 0);
  demand('an inverter', ({ inputs, outputs, flipFlop }) => {
    const [output] = outputs.values();
    return !flipFlop && inputs.size === 1 && output?.function?.values.join() === '1,0';
  });
  demand('input pins with a capacitance', ({ inputs }) => [...inputs.values()].some((pin) => pin.capacitance > 0));
}

interface Surroundings {
  readonly scales: Scales;
  readonly templates: ReadonlyMap<string, Group>;
  readonly where: string;
  readonly library: Group;
}

const otherState = new Set(['latch', 'latch_bank', 'statetable', 'memory', 'ff_bank']);

class CellReader {
  private readonly name: string;
  private readonly where: string;

  constructor(
    private readonly group: Group,
    private readonly around: Surroundings,
  ) {
    this.name = group.args[0] ?? '';
    this.where = `${around.where} cell ${this.name}`;
  }

  read(): Cell {
    const { group, around } = this;
    const inputs = new Map<string, InputPin>();
    const outputs = new Map<string, OutputPin>();
    for (const pin of group.groups) {
      if (pin.name !== 'pin') continue;
      for (const name of pin.args) {
        const direction = pin.attributes.get('direction')?.[0];
        if (direction === 'input') inputs.set(name, this.input(pin, name));
        else if (direction === 'output') outputs.set(name, this.output(pin, name));
      }
    }
    const flipFlops = group.groups.filter(({ name }) => name === 'ff');
    const isClockGate = group.attributes.has('clock_gating_integrated_cell');
    return {
      name: this.name,
      area: this.number(group, 'area') ?? 0,
      leakage: this.leakage() * around.scales.leakage,
      inputs,
      outputs,
      flipFlop: flipFlops.length === 1 ? this.flipFlop(flipFlops[0]!) : undefined,
      isOtherState: flipFlops.length > 1 || isClockGate || group.groups.some(({ name }) => otherState.has(name)),
    };
  }

  private number(group: Group, name: string): number | undefined {
    const text = group.attributes.get(name)?.[0];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    throw new TritbankError('E_FORMAT', `${this.where} ${name}`, `expected a number, found '${text}'`);
  }

  /** The cell's figure, or the mean over the conditions for which there is one, or the library's. */
  private leakage(): number {
    const own = this.number(this.group, 'cell_leakage_power');
    if (own !== undefined) return own;
    const values = this.group.groups
      .filter(({ name }) => name === 'leakage_power')
      .flatMap((group) => this.number(group, 'value') ?? []);
    if (values.length > 0) return values.reduce((a, b) => a + b, 0) / values.length;
    return this.number(this.around.library, 'default_cell_leakage_power') ?? 0;
  }

  private input(pin: Group, name: string): InputPin {
    const { library, scales } = this.around;
    const capacitance = this.number(pin, 'capacitance') ?? this.number(library, 'default_input_pin_cap') ?? 0;
    const setups = pin.groups
      .filter((group) => group.name === 'timing' && group.attributes.get('timing_type')?.[0]?.startsWith('setup'))
      .map((group) => this.edges(group, 'rise_constraint', 'fall_constraint', scales.time));
    return { name, capacitance: capacitance * scales.capacitance, energies: this.energies(pin), setups };
  }

  private output(pin: Group, name: string): OutputPin {
    const { scales } = this.around;
    const text = pin.attributes.get('function')?.[0];
    const isThreeState = pin.attributes.has('three_state');
    const arcs = pin.groups
      .filter((group) => group.name === 'timing')
      .flatMap((group) => {
        const delay = this.edges(group, 'cell_rise', 'cell_fall', scales.time);
        const transition = this.edges(group, 'rise_transition', 'fall_transition', scales.time);
        const from = group.attributes.get('related_pin')?.[0] ?? '';
        // asynchronous clears and presets are no way of a signal from clock to clock
        const type = group.attributes.get('timing_type')?.[0] ?? 'combinational';
        if (!/^(combinational|rising_edge|falling_edge)/.test(type) || (!delay.rise && !delay.fall)) return [];
        return from.split(/\s+/).map((one) => ({ from: one, delay, transition }));
      });
    return {
      name,
      function: text === undefined || isThreeState ? undefined : parseFunction(text, `${this.where} pin ${name}`),
      energies: this.energies(pin),
      arcs,
    };
  }

  private energies(pin: Group): Edges[] {
    const { energy } = this.around.scales;
    return pin.groups
      .filter(({ name }) => name === 'internal_power')
      .map((group) => {
        const both = this.edges(group, 'power', 'power', energy);
        const { rise, fall } = this.edges(group, 'rise_power', 'fall_power', energy);
        return { rise: rise ?? both.rise, fall: fall ?? both.fall };
      })
      .filter(({ rise, fall }) => rise || fall);
  }

  private edges(group: Group, rise: string, fall: string, scale: number): Edges {
    const table = (wanted: string) => {
      const found = group.groups.find(({ name }) => name === wanted);
      return found && parseTable(found, { ...this.around, where: this.where, scale });
    };
    return { rise: table(rise), fall: table(fall) };
  }

  /** Undefined without next state or clock: no flip-flop that can be simulated. */
  private flipFlop({ args, attributes }: Group): FlipFlop | undefined {
    const read = (name: string) => {
      const text = attributes.get(name)?.[0];
      return text === undefined ? undefined : parseFunction(text, `${this.where} ff ${name}`);
    };
    const [next, clock] = [read('next_state'), read('clocked_on')];
    if (!next || !clock) return undefined;
    return { state: [args[0] ?? '', args[1] ?? ''], next, clock, clear: read('clear'), preset: read('preset') };
  }
}
