/** A netlist without modules in modules: cells and the nets between them, numbered through. */

import type { Cell, CellLibrary } from './liberty/library.ts';
import { type Bit, baseName, cellOf, type Netlist } from './netlist.ts';

/** Nets 0 and 1 are the constants. */
export const zero = 0;
export const one = 1;

export interface FlatCell {
  readonly cell: Cell;
  /** The module that it stands in. */
  readonly module: string;
  /** Nets by the pins that are connected. */
  readonly pins: ReadonlyMap<string, number>;
}

export interface FlatNetlist {
  readonly nets: number;
  readonly cells: readonly FlatCell[];
  readonly inputs: ReadonlyMap<string, readonly number[]>;
  readonly outputs: ReadonlyMap<string, readonly number[]>;
}

type Nets = (bit: Bit) => number;

class Flattener {
  private count = 2;
  readonly cells: FlatCell[] = [];
  /** Nets that stand for another one: an output of a module that is its input, or a constant. */
  private readonly aliases = new Map<number, number>();

  constructor(
    private readonly netlist: Netlist,
    private readonly library: CellLibrary,
  ) {}

  private readonly root = (net: number): number => {
    let at = net;
    for (let next = this.aliases.get(at); next !== undefined; next = this.aliases.get(at)) at = next;
    return at;
  };

  /** Numbers for a module's nets, those that `given` does not have. */
  private numbersOf(given: ReadonlyMap<number, number>): Nets {
    const own = new Map(given);
    return (bit) => {
      // what is undefined may be anything
      if (typeof bit === 'string') return bit === '1' ? one : zero;
      let net = own.get(bit);
      if (net === undefined) {
        net = this.count++;
        own.set(bit, net);
      }
      return net;
    };
  }

  private fill(name: string, netOf: Nets): void {
    for (const { type, connections } of Object.values(this.netlist.modules[name]!.cells)) {
      const inner = this.netlist.modules[type];
      if (!inner) {
        const cell = cellOf(this.library, type, name);
        const pins = Object.entries(connections).flatMap(([pin, [bit]]) =>
          bit === undefined ? [] : [[pin, netOf(bit)] as const],
        );
        this.cells.push({ cell, module: baseName(name), pins: new Map(pins) });
        continue;
      }
      const given = new Map<number, number>();
      const joined: [number, Bit][] = [];
      for (const [port, { bits, direction }] of Object.entries(inner.ports)) {
        const outside = connections[port] ?? [];
        for (const [i, bit] of bits.entries()) {
          const net = outside[i] === undefined ? undefined : netOf(outside[i]!);
          if (net === undefined) continue;
          if (direction === 'input' && typeof bit === 'number') given.set(bit, net);
          else if (typeof bit === 'number' && !given.has(bit)) given.set(bit, net);
          else joined.push([net, bit]);
        }
      }
      const numbers = this.numbersOf(given);
      for (const [net, bit] of joined) this.join(net, numbers(bit));
      this.fill(type, numbers);
    }
  }

  private join(net: number, to: number): void {
    const [a, b] = [this.root(net), this.root(to)];
    if (a !== b) this.aliases.set(a, b);
  }

  run(): FlatNetlist {
    const { top, modules } = this.netlist;
    const netOf = this.numbersOf(new Map());
    this.fill(top, netOf);
    const ports = Object.entries(modules[top]!.ports);
    const of = (wanted: 'input' | 'output') =>
      new Map(
        ports
          .filter(([, { direction }]) => direction === wanted)
          .map(([name, { bits }]) => [name, bits.map((bit) => this.root(netOf(bit)))] as const),
      );
    const cells = this.cells.map(({ pins, ...rest }) => {
      const settled = [...pins].map(([pin, net]) => [pin, this.root(net)] as const);
      return { ...rest, pins: new Map(settled) };
    });
    const [inputs, outputs] = [of('input'), of('output')];
    // ports that nothing reads have been numbered now, too
    return { nets: this.count, cells, inputs, outputs };
  }
}

/** All cells of the top module and of those in it. E_UNSUPPORTED for cells that the library does not have. */
export const flattenNetlist = (netlist: Netlist, library: CellLibrary): FlatNetlist =>
  new Flattener(netlist, library).run();
