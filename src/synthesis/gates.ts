/**
 * A flat netlist as gates in the order in which they can be evaluated: truth tables between nets, and flip-flops. All
 * flip-flops have one clock, an input of the design.
 */

import { TritbankError } from '../ir/index.ts';
import type { FlatCell, FlatNetlist } from './flatten.ts';
import { zero } from './flatten.ts';
import type { TruthTable } from './liberty/function.ts';

/** Truth tables one after the other; gate g reads `inputs[starts[g]] ... inputs[starts[g + 1] - 1]`, lowest bit first. */
export interface Gates {
  readonly tables: Uint8Array;
  readonly table: Int32Array;
  readonly starts: Int32Array;
  readonly inputs: Int32Array;
  readonly outputs: Int32Array;
}

export interface Circuit {
  /** Nets of the netlist, and behind them those of the flip-flops' states. */
  readonly nets: number;
  /** In the order of evaluation. */
  readonly combinational: Gates;
  /** The next states: gate i of them belongs to the states `states[2 i]` and its inverse `states[2 i + 1]`. */
  readonly next: Gates;
  readonly states: Int32Array;
  /** The clock's net; undefined without flip-flops. */
  readonly clock: number | undefined;
}

interface Gate {
  readonly table: TruthTable;
  readonly nets: readonly number[];
  readonly output: number;
}

const unsupported = ({ cell, module }: FlatCell, expected: string, found: string) =>
  new TritbankError('E_UNSUPPORTED', `module ${module}`, `expected ${expected}, found ${found} (${cell.name})`);

/** The net of a function's variable: a pin, or one of the states. */
function netOf({ pins }: FlatCell, variable: string, states: ReadonlyMap<string, number>): number {
  return states.get(variable) ?? pins.get(variable) ?? zero;
}

/** The next state under clear and preset, as one table. */
function nextTable(flat: FlatCell): TruthTable {
  const { next, clear, preset } = flat.cell.flipFlop!;
  if (!clear && !preset) return next;
  const parts = [next, clear, preset].filter((part) => part !== undefined);
  const variables = [...new Set(parts.flatMap((part) => part.variables))];
  const at = (table: TruthTable, index: number) =>
    table.values[
      table.variables.reduce((sum, name, bit) => sum | (((index >> variables.indexOf(name)) & 1) << bit), 0)
    ]!;
  const values = Uint8Array.from({ length: 2 ** variables.length }, (_, i) =>
    clear && at(clear, i) ? 0 : preset && at(preset, i) ? 1 : at(next, i),
  );
  return { variables, values };
}

/** The net that clocks a flip-flop, whichever edge. */
function clockOf(flat: FlatCell): number {
  const { clock } = flat.cell.flipFlop!;
  const [name] = clock.variables;
  const net = clock.variables.length === 1 ? flat.pins.get(name!) : undefined;
  if (net === undefined) throw unsupported(flat, 'flip-flops with a clock', 'one without');
  return net;
}

function pack(gates: readonly Gate[]): Gates {
  const bases = new Map<TruthTable, number>();
  const tables: number[] = [];
  const base = (table: TruthTable) => {
    let found = bases.get(table);
    if (found === undefined) {
      found = tables.length;
      bases.set(table, found);
      tables.push(...table.values);
    }
    return found;
  };
  const starts = new Int32Array(gates.length + 1);
  for (const [i, { nets }] of gates.entries()) starts[i + 1] = starts[i]! + nets.length;
  return {
    table: Int32Array.from(gates, ({ table }) => base(table)),
    tables: Uint8Array.from(tables),
    starts,
    inputs: Int32Array.from(gates.flatMap(({ nets }) => nets)),
    outputs: Int32Array.from(gates, ({ output }) => output),
  };
}

/** Each gate after those whose outputs it reads. */
function inOrder(gates: readonly Gate[], nets: number): Gate[] {
  const driver = new Int32Array(nets).fill(-1);
  for (const [i, { output }] of gates.entries()) driver[output] = i;
  const waits = new Int32Array(gates.length);
  const readers: number[][] = gates.map(() => []);
  for (const [i, gate] of gates.entries()) {
    for (const net of gate.nets) {
      const from = driver[net]!;
      if (from < 0) continue;
      waits[i]!++;
      readers[from]!.push(i);
    }
  }
  const order = gates.flatMap((_, i) => (waits[i] === 0 ? [i] : []));
  for (let at = 0; at < order.length; at++) {
    for (const reader of readers[order[at]!]!) if (--waits[reader]! === 0) order.push(reader);
  }
  if (order.length < gates.length) {
    const found = `${gates.length - order.length} that wait for each other`;
    throw new TritbankError('E_UNSUPPORTED', 'netlist', `expected gates without a loop, found ${found}`);
  }
  return order.map((i) => gates[i]!);
}

/** E_UNSUPPORTED for latches, several clocks, and loops of gates. */
export function buildCircuit(netlist: FlatNetlist): Circuit {
  let { nets } = netlist;
  const [gates, next, states]: [Gate[], Gate[], number[]] = [[], [], []];
  const clocks = new Set<number>();
  const tables = new Map<string, TruthTable>();
  for (const flat of netlist.cells) {
    const { cell, pins } = flat;
    if (cell.isOtherState) throw unsupported(flat, 'flip-flops and gates', 'a cell with another state');
    const own = new Map<string, number>();
    if (cell.flipFlop) {
      const [state, inverse] = [nets++, nets++];
      for (const [i, name] of cell.flipFlop.state.entries()) own.set(name, i === 0 ? state : inverse);
      states.push(state, inverse);
      clocks.add(clockOf(flat));
      const table = tables.get(cell.name) ?? nextTable(flat);
      tables.set(cell.name, table);
      next.push({ table, nets: table.variables.map((name) => netOf(flat, name, own)), output: state });
    }
    for (const output of cell.outputs.values()) {
      const net = pins.get(output.name);
      if (net === undefined) continue;
      const { function: table } = output;
      if (!table) throw unsupported(flat, `a function of pin ${output.name}`, 'none');
      gates.push({ table, nets: table.variables.map((name) => netOf(flat, name, own)), output: net });
    }
  }
  const inputs = new Set([...netlist.inputs.values()].flat());
  const [clock, another] = clocks;
  if (another !== undefined || (clock !== undefined && !inputs.has(clock))) {
    const found = another === undefined ? 'a gated one' : `${clocks.size} nets`;
    throw new TritbankError('E_UNSUPPORTED', 'netlist', `expected one clock, an input of the design, found ${found}`);
  }
  return { nets, combinational: pack(inOrder(gates, nets)), next: pack(next), states: Int32Array.from(states), clock };
}
