/** Area and energy of the accelerator's units, each mapped to a library's cells and simulated on data of a layer. */

import { type EnergyOptions, energyOfBlock } from './energy.ts';
import { type Design, type SynthesisOptions, synthesize } from './synthesize.ts';
import type { LayerTrace, OperandBits, UnitTraces } from './traces.ts';
import {
  adderStimulus,
  countAdditions,
  holdStimulus,
  macStimulus,
  requantizerStimulus,
  type StimulusOf,
} from './unit-stimuli.ts';

export interface Unit {
  /** Of one instance, in the library's unit. */
  readonly area: number;
  readonly cells: number;
  /** pJ for an operation: a product with its addition, one addition, a value. */
  readonly energy: number;
  /** pJ for a cycle in which nothing changes: clock and leakage. */
  readonly idle: number;
}

export interface AdderUnit extends Unit {
  /** Additions in a cycle. */
  readonly inputs: number;
}

export interface UnitMeasures {
  readonly library: string;
  readonly tool: string;
  readonly goal: string;
  readonly volts: number;
  readonly clockMHz: number;
  /** Whether they are in the energies. */
  readonly glitches: boolean;
  /** Whose data were simulated. */
  readonly data: string;
  readonly mac: Unit;
  readonly adders: readonly AdderUnit[];
  readonly operandBits: OperandBits;
  /** Of arrays with operands of 8 bits: there is no other one. */
  readonly requantizer?: Unit;
  /** The registers that hold finished sums, one lane's share of them; a value is one that is taken and given. */
  readonly rowHold?: Unit;
}

export interface UnitOptions extends SynthesisOptions, Omit<EnergyOptions, 'library'> {
  /** Verilog with the modules mac_lane, adder_lane, requantizer and row_hold. */
  readonly sources: Design['sources'];
  /** Inputs of adder lanes to measure; default: 1, 2, 4, 8. */
  readonly inputs?: readonly number[];
  /** Cycles to simulate; default: 4096. */
  readonly cycles?: number;
  /** Of the lanes; the traces have to be as wide. Default: 8. */
  readonly operandBits?: OperandBits;
}

const holdLanes = 16;
/** Room for sums of 256 products, and of 4096 activations. */
const sumBitsOf = (operandBits: number) => 2 * operandBits + 8;
const adderSumBitsOf = (operandBits: number) => operandBits + 12;
const sumBits = sumBitsOf(8);
const warmUp = 16;

interface Run {
  readonly top: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** What to begin anew for each pass. */
  readonly stimulus: () => StimulusOf;
  /** Inputs of a cycle in which nothing is done. */
  readonly rest: Readonly<Record<string, number>>;
  /** Operations in the counted cycles. */
  readonly operations: number;
}

/**
 * Measures the units. Errors are those of `synthesize` and `energyOfBlock`.
 *
 * @example
 * import { drawnTraces, measureUnits, openLibrary } from './index.ts';
 *
 * declare const sources: Record<string, string>;
 * const { mac, adders } = await measureUnits({ sources, library: openLibrary() }, drawnTraces());
 * for (const { inputs, energy } of adders) console.log(inputs, energy / mac.energy);
 */
export async function measureUnits(options: UnitOptions, traces: UnitTraces): Promise<UnitMeasures> {
  const { sources, inputs = [1, 2, 4, 8], cycles = 4096, clockMHz = 100, wire, transition, delays, library } = options;
  const { operandBits = 8 } = options;
  const tools = new Set<string>();
  const measure = async ({ top, parameters, stimulus, rest, operations }: Run): Promise<Unit> => {
    options.onStep?.(`${top} ${Object.values(parameters).join(' ')}`.trim());
    const { onStep: _, ...quiet } = options;
    const { synthesis, netlist } = await synthesize({ sources, top, parameters }, quiet);
    tools.add(synthesis.tool);
    const simulate = { netlist, library: library.library, clockMHz, wire, transition, delays };
    const busy = energyOfBlock({ ...simulate, cycles, warmUp, stimulus: stimulus() });
    const idle = energyOfBlock({ ...simulate, cycles: 8, warmUp, stimulus: () => rest });
    const { area, cells } = synthesis;
    return { area, cells, energy: (busy.pJPerCycle * cycles) / operations, idle: idle.pJPerCycle };
  };
  const adders: AdderUnit[] = [];
  const { filters, ternary } = traces;
  const mac = await measure({
    top: 'mac_lane',
    parameters: { OPERAND_BITS: operandBits, ACC_BITS: sumBitsOf(operandBits) },
    stimulus: () => macStimulus(filters),
    rest: { enable: 0 },
    operations: cycles,
  });
  for (const count of inputs) {
    const stimulus = () => adderStimulus(ternary, count, operandBits);
    const parameters = { INPUTS: count, OPERAND_BITS: operandBits, ACC_BITS: adderSumBitsOf(operandBits) };
    const operations = countAdditions(stimulus(), warmUp, cycles);
    const unit = await measure({ top: 'adder_lane', parameters, stimulus, rest: { enable: 0 }, operations });
    adders.push({ inputs: count, ...unit });
  }
  const made = {
    library: library.library.name,
    volts: library.library.volts,
    clockMHz,
    glitches: delays === 'unit',
    data: traces.source,
    ...{ goal: options.goal ?? 'speed', operandBits, mac, adders },
  };
  if (operandBits !== 8) return { ...made, tool: [...tools].join(', ') };
  const requantizer = await measure({
    top: 'requantizer',
    parameters: { SUM_BITS: sumBits, MULTIPLIER_BITS: 24, ADDITIONS: 0 },
    stimulus: () => requantizerStimulus(filters),
    rest: {},
    operations: cycles,
  });
  const rowHold = share(await measure(holdRun(filters, cycles)), holdLanes);
  return { ...made, tool: [...tools].join(', '), requantizer, rowHold };
}

const holdRun = (trace: LayerTrace, cycles: number): Run => ({
  top: 'row_hold',
  parameters: { LANES: holdLanes, ROWS: 1, RATE: 1, BITS: sumBits },
  stimulus: () => holdStimulus(trace, holdLanes, sumBits),
  rest: { load: 0, advance: 0 },
  operations: cycles,
});

/** One lane's part of a unit that serves several; its energy is that of a value as it is. */
const share = ({ area, cells, energy, idle }: Unit, lanes: number): Unit => ({
  area: area / lanes,
  cells: cells / lanes,
  energy,
  idle: idle / lanes,
});
