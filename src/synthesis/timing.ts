/**
 * An estimate of the longest path between flip-flops, from the library's delays. Taken for it: the mean of rising and
 * falling, as along a path they alternate; the slowest input of each gate; wires by fan-out (`wires.ts`). Cells are not
 * sized. A net that reaches more than eight pins is taken to have a tree of buffers, eight pins each, which placement
 * would put there. Inputs of the design come and outputs go with the clock's edge.
 */

import type { FlatCell, FlatNetlist } from './flatten.ts';
import { buildCircuit } from './gates.ts';
import type { Cell, CellLibrary, Edges } from './liberty/library.ts';
import { lookUp, type OperatingPoint } from './liberty/table.ts';
import { wirePerFanOut } from './wires.ts';

export interface TimingPath {
  readonly nanoseconds: number;
  /** Modules of the flip-flops at its ends, or ports of the design. */
  readonly from: string;
  readonly to: string;
}

const firstTransition = 0.15;
const reach = 8;

interface Arrival {
  readonly time: number;
  readonly transition: number;
  readonly from: string;
}

function mean({ rise, fall }: Edges, point: OperatingPoint): number {
  const values = [rise, fall].flatMap((table) => (table ? lookUp(table, point) : []));
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

/** The buffer that takes least area. */
function smallestBuffer({ cells }: CellLibrary): Cell | undefined {
  return [...cells.values()]
    .filter(({ inputs, outputs, flipFlop, isOtherState, area }) => {
      const [output] = outputs.values();
      return inputs.size === 1 && !flipFlop && !isOtherState && area > 0 && output?.function?.values.join() === '0,1';
    })
    .sort((a, b) => a.area - b.area)[0];
}

class Timer {
  private readonly loads: Float64Array;
  private readonly fanOuts: Int32Array;
  private readonly arrivals = new Map<number, Arrival>();
  private readonly buffer: Cell | undefined;
  private readonly start: Arrival = { time: 0, transition: firstTransition, from: 'inputs' };

  constructor(
    private readonly netlist: FlatNetlist,
    library: CellLibrary,
  ) {
    const { cells, nets } = netlist;
    const wire = wirePerFanOut(cells.reduce((sum, { cell }) => sum + cell.area, 0) / Math.max(1, cells.length));
    this.loads = new Float64Array(nets);
    this.fanOuts = new Int32Array(nets);
    for (const { cell, pins } of cells) {
      for (const [name, net] of pins) {
        const input = cell.inputs.get(name);
        if (!input) continue;
        this.loads[net]! += input.capacitance + wire;
        this.fanOuts[net]!++;
      }
    }
    this.buffer = smallestBuffer(library);
  }

  /** What one driver sees of a net, and the buffers behind it. */
  private split(net: number): { load: number; stages: number } {
    const fanOut = this.fanOuts[net]!;
    const load = this.loads[net]!;
    if (fanOut <= reach) return { load, stages: 0 };
    return { load: (load * reach) / fanOut, stages: Math.ceil(Math.log(fanOut / reach) / Math.log(reach)) };
  }

  private leave({ cell }: FlatCell, pin: string, net: number, sources: ReadonlyMap<string, Arrival>): void {
    const { load, stages } = this.split(net);
    let latest: Arrival | undefined;
    for (const { from, delay, transition } of cell.outputs.get(pin)!.arcs) {
      const source = sources.get(from);
      if (!source) continue;
      const point = { load, transition: source.transition };
      const time = source.time + Math.max(0, mean(delay, point));
      if (!latest || time > latest.time) {
        latest = { time, transition: Math.max(0.01, mean(transition, point)), from: source.from };
      }
    }
    if (!latest) return;
    const [arc] = [...(this.buffer?.outputs.values() ?? [])].flatMap(({ arcs }) => arcs);
    for (let stage = 0; arc && stage < stages; stage++) {
      const point: OperatingPoint = { load, transition: latest.transition };
      latest = { ...latest, time: latest.time + mean(arc.delay, point), transition: mean(arc.transition, point) };
    }
    this.arrivals.set(net, latest);
  }

  run(): TimingPath {
    const { cells, inputs, outputs } = this.netlist;
    for (const [name, nets] of inputs) {
      for (const net of nets) this.arrivals.set(net, { ...this.start, from: `input ${name}` });
    }
    const drivers = new Map<number, readonly [FlatCell, string]>();
    for (const flat of cells) {
      const { cell, module, pins } = flat;
      const source = { ...this.start, from: module };
      for (const pin of cell.outputs.keys()) {
        const net = pins.get(pin);
        if (net === undefined) continue;
        const clock = cell.flipFlop?.clock.variables[0];
        if (clock !== undefined) this.leave(flat, pin, net, new Map([[clock, source]]));
        else drivers.set(net, [flat, pin]);
      }
    }
    for (const net of buildCircuit(this.netlist).combinational.outputs) {
      const driver = drivers.get(net);
      if (!driver) continue;
      const [flat, pin] = driver;
      const sources = new Map<string, Arrival>();
      for (const name of flat.cell.inputs.keys()) {
        const arrival = this.arrivals.get(flat.pins.get(name) ?? -1);
        if (arrival) sources.set(name, arrival);
      }
      this.leave(flat, pin, net, sources);
    }
    return this.latest(outputs);
  }

  private latest(outputs: FlatNetlist['outputs']): TimingPath {
    let found: TimingPath = { nanoseconds: 0, from: 'inputs', to: 'outputs' };
    const reachEnd = (net: number, setup: (transition: number) => number, to: string) => {
      const arrival = this.arrivals.get(net);
      if (!arrival) return;
      const nanoseconds = arrival.time + setup(arrival.transition);
      if (nanoseconds > found.nanoseconds) found = { nanoseconds, from: arrival.from, to };
    };
    for (const { cell, module, pins } of this.netlist.cells) {
      if (!cell.flipFlop) continue;
      for (const name of cell.flipFlop.next.variables) {
        const input = cell.inputs.get(name);
        const setup = (transition: number) =>
          Math.max(0, ...(input?.setups ?? []).map((edges) => mean(edges, { load: 0, transition })));
        reachEnd(pins.get(name) ?? -1, setup, module);
      }
    }
    for (const [name, nets] of outputs) for (const net of nets) reachEnd(net, () => 0, `output ${name}`);
    return found;
  }
}

/** The longest path of a netlist. E_UNSUPPORTED for latches, gated clocks and loops of gates. */
export const longestPath = (netlist: FlatNetlist, library: CellLibrary): TimingPath =>
  new Timer(netlist, library).run();
