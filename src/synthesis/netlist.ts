/** Netlists of mapped designs, as yosys writes them in JSON, and what can be read off them. */

import { TritbankError } from '../ir/index.ts';
import type { Cell, CellLibrary } from './liberty/library.ts';

/** A net's number in its module, or a constant: '0', '1', 'x', 'z'. */
export type Bit = number | string;

export interface Port {
  readonly direction: 'input' | 'output' | 'inout';
  /** From the lowest bit on. */
  readonly bits: readonly Bit[];
}

export interface Instance {
  /** A cell of the library, or another module. */
  readonly type: string;
  readonly connections: Readonly<Record<string, readonly Bit[]>>;
}

export interface Module {
  readonly ports: Readonly<Record<string, Port>>;
  readonly cells: Readonly<Record<string, Instance>>;
  /** Values of its parameters; absent where they are not known. */
  readonly parameters?: Readonly<Record<string, number>>;
}

/** Modules by name, those that they consist of included. */
export interface Netlist {
  readonly top: string;
  readonly modules: Readonly<Record<string, Module>>;
}

interface WrittenModule extends Module {
  /** In bits. */
  readonly parameter_default_values?: Readonly<Record<string, string>>;
}

/** What yosys's `write_json` wrote; attributes and names of nets are left out. */
export function readNetlist(json: string, top: string): Netlist {
  const { modules } = JSON.parse(json) as { modules: Record<string, WrittenModule> };
  const kept = Object.entries(modules).map(([name, { ports, cells, parameter_default_values: values = {} }]) => {
    const own = Object.entries(cells).map(([cell, { type, connections }]) => [cell, { type, connections }] as const);
    const numbers = Object.entries(values).filter(([, bits]) => /^[01]+$/.test(bits));
    const parameters = Object.fromEntries(numbers.map(([key, bits]) => [key, Number.parseInt(bits, 2)]));
    return [name, { ports, cells: Object.fromEntries(own), parameters }] as const;
  });
  const netlist = { top, modules: Object.fromEntries(kept) };
  if (!netlist.modules[top]) throw new Error(`internal: no module ${top} in the netlist`);
  return netlist;
}

/** `mac_lane` of `$paramod$49f1\mac_lane` or `$paramod\mac_lane\ACC_BITS=...`. */
export const baseName = (module: string): string => {
  const parts = module.split('\\');
  return module.startsWith('$paramod') ? (parts[1] ?? module) : module;
};

/** The library's cell of that name. E_UNSUPPORTED for one that it does not have: yosys's own that was not mapped. */
export function cellOf({ cells, name }: CellLibrary, type: string, module: string): Cell {
  const cell = cells.get(type);
  if (cell) return cell;
  const kind = /DLATCH|_SR_/i.test(type) ? 'a latch' : 'a cell';
  const found = `${kind} that it does not have: ${type}`;
  throw new TritbankError('E_UNSUPPORTED', `module ${baseName(module)}`, `expected cells of ${name}, found ${found}`);
}

/** What a module consists of, without the modules in it. */
export interface ModuleSize {
  readonly area: number;
  readonly cells: number;
  readonly flipFlops: number;
}

export function sizeOf(netlist: Netlist, module: string, library: CellLibrary): ModuleSize {
  let [area, cells, flipFlops] = [0, 0, 0];
  for (const { type } of Object.values(netlist.modules[module]!.cells)) {
    if (netlist.modules[type]) continue;
    const cell = cellOf(library, type, module);
    area += cell.area;
    cells++;
    if (cell.flipFlop) flipFlops++;
  }
  return { area, cells, flipFlops };
}

/** How often each module occurs in the top module, itself included. */
export function countModules({ top, modules }: Netlist): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const visit = (name: string, times: number) => {
    counts.set(name, (counts.get(name) ?? 0) + times);
    const inside = new Map<string, number>();
    for (const { type } of Object.values(modules[name]!.cells)) {
      if (modules[type]) inside.set(type, (inside.get(type) ?? 0) + 1);
    }
    for (const [type, count] of inside) visit(type, times * count);
  };
  visit(top, 1);
  return counts;
}
