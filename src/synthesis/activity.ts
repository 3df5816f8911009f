/**
 * Simulation of a netlist, cycle by cycle, which counts how often each net changes. Without delays a net changes at most
 * once in a cycle: glitches, changes on the way to the settled value, are not seen. With unit delays every gate takes the
 * same time: all glitches that different numbers of gates make are seen, more than there are where short ones die out.
 * Flip-flops take over once a cycle; clears and presets take effect with the clock.
 */

import { TritbankError } from '../ir/index.ts';
import { type FlatNetlist, one } from './flatten.ts';
import { buildCircuit, type Circuit, type Gates } from './gates.ts';

/** Values of input ports; ports that are left out keep theirs. The clock runs by itself. */
export type Stimulus = Readonly<Record<string, bigint | number>>;

/** How long gates take. */
export type Delays = 'none' | 'unit';

export class GateSimulator {
  /** Changes of each net of the netlist, apart from the clock's. */
  readonly toggles: Float64Array;
  readonly clock: number | undefined;
  private readonly values: Uint8Array;
  private readonly circuit: Circuit;
  private readonly captured: Uint8Array;
  /** What the gates make of the values of the step before; with unit delays only. */
  private readonly made: Uint8Array;

  constructor(
    private readonly netlist: FlatNetlist,
    private readonly delays: Delays = 'none',
  ) {
    this.circuit = buildCircuit(netlist);
    this.clock = this.circuit.clock;
    this.values = new Uint8Array(this.circuit.nets);
    this.toggles = new Float64Array(this.circuit.nets);
    this.captured = new Uint8Array(this.circuit.states.length / 2);
    this.made = new Uint8Array(this.circuit.combinational.outputs.length);
    this.values[one] = 1;
    const { states } = this.circuit;
    for (let i = 1; i < states.length; i += 2) this.values[states[i]!] = 1;
  }

  /** One cycle: flip-flops take over, inputs change, gates settle. */
  step(inputs: Stimulus): void {
    const { states } = this.circuit;
    for (let i = 0; i < this.captured.length; i++) {
      this.values[states[2 * i]!] = this.captured[i]!;
      this.values[states[2 * i + 1]!] = 1 - this.captured[i]!;
    }
    for (const [port, value] of Object.entries(inputs)) this.drive(port, value);
    if (this.delays === 'unit') this.settleInSteps(this.circuit.combinational);
    else this.settle(this.circuit.combinational);
    this.capture(this.circuit.next);
  }

  /** A port's settled value, without a sign. */
  read(port: string): bigint {
    const nets = this.netlist.outputs.get(port) ?? this.netlist.inputs.get(port);
    if (!nets) throw new TritbankError('E_USAGE', `port ${port}`, 'expected a port of the design, found none');
    return nets.reduce((sum, net, bit) => sum | (BigInt(this.values[net]!) << BigInt(bit)), 0n);
  }

  /** Forgets what was counted. */
  clearToggles(): void {
    this.toggles.fill(0);
  }

  private drive(port: string, value: bigint | number): void {
    const nets = this.netlist.inputs.get(port);
    if (!nets) throw new TritbankError('E_USAGE', `port ${port}`, 'expected an input of the design, found none');
    if (typeof value === 'number' && nets.length <= 32) {
      for (let i = 0; i < nets.length; i++) this.change(nets[i]!, (value >> i) & 1);
      return;
    }
    let rest = BigInt.asUintN(nets.length, BigInt(value));
    for (let from = 0; from < nets.length; from += 32) {
      const word = Number(rest & 0xffff_ffffn);
      rest >>= 32n;
      for (let i = 0; i < 32 && from + i < nets.length; i++) this.change(nets[from + i]!, (word >>> i) & 1);
    }
  }

  private change(net: number, value: number): void {
    if (net === this.clock) return;
    this.toggles[net]! += value ^ this.values[net]!;
    this.values[net] = value;
  }

  private settle({ tables, table, starts, inputs, outputs }: Gates): void {
    const { values, toggles } = this;
    for (let g = 0; g < outputs.length; g++) {
      const start = starts[g]!;
      const end = starts[g + 1]!;
      let index = table[g]!;
      for (let k = start; k < end; k++) index += values[inputs[k]!]! << (k - start);
      const value = tables[index]!;
      const net = outputs[g]!;
      toggles[net]! += value ^ values[net]!;
      values[net] = value;
    }
  }

  /** All gates at the same time, step after step, until nothing changes. Loops were refused: it ends. */
  private settleInSteps({ tables, table, starts, inputs, outputs }: Gates): void {
    const { values, toggles, made } = this;
    let changed = true;
    while (changed) {
      changed = false;
      for (let g = 0; g < outputs.length; g++) {
        const start = starts[g]!;
        let index = table[g]!;
        for (let k = start; k < starts[g + 1]!; k++) index += values[inputs[k]!]! << (k - start);
        made[g] = tables[index]!;
      }
      for (let g = 0; g < outputs.length; g++) {
        const net = outputs[g]!;
        if (made[g] === values[net]) continue;
        toggles[net]!++;
        values[net] = made[g]!;
        changed = true;
      }
    }
  }

  private capture({ tables, table, starts, inputs, outputs }: Gates): void {
    for (let g = 0; g < outputs.length; g++) {
      const start = starts[g]!;
      let index = table[g]!;
      for (let k = start; k < starts[g + 1]!; k++) index += this.values[inputs[k]!]! << (k - start);
      this.captured[g] = tables[index]!;
    }
  }
}
