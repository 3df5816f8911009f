/** From measured units to an accelerator model, which `tritbank cost` and the planner take as any other. */

import type { Accelerator, MeasuredUnit, NumberFormat, OperationCost } from '../cost/index.ts';
import type { FpgaFigures } from './fpga.ts';
import { type SramProcess, sramCost } from './sram.ts';
import type { OperandBits } from './traces.ts';
import type { Unit, UnitMeasures } from './units.ts';

export interface ModelNames {
  readonly name: string;
  /** The command that measured the units. */
  readonly command: string;
}

/** Adder lanes of the format int8; other ones have formats of their own. */
const usualInputs = 4;

const formatName = (inputs: number, bits: OperandBits) =>
  inputs === usualInputs ? `int${bits}` : `int${bits}-${inputs}-input${inputs === 1 ? '' : 's'}`;

/** Four digits: more would say more than is known. */
const round = (value: number) => Number(value.toPrecision(4));

const costOf = ({ energy, area }: OperationCost): OperationCost => ({ energy: round(energy), area: round(area) });

/** A product outside of a MAC is done by a MAC. An adder lane does `inputs` additions a cycle. */
function formatsOf(
  mac: OperationCost,
  adders: readonly (OperationCost & { readonly inputs: number })[],
  bits: OperandBits = 8,
) {
  const formats = adders.map(({ inputs, energy, area }): [string, NumberFormat] => [
    formatName(inputs, bits),
    {
      bytes: bits / 8,
      mac: costOf(mac),
      multiplication: costOf(mac),
      addition: costOf({ energy, area: area / inputs }),
    },
  ]);
  const usual = formats.find(([name]) => name === `int${bits}`) ?? formats[0]!;
  return { defaultFormat: usual[0], formats: Object.fromEntries([usual, ...formats.filter((one) => one !== usual)]) };
}

const unitOf = ({ area, energy, idle }: Unit): MeasuredUnit => ({
  area: round(area),
  energy: round(energy),
  idle: round(idle),
});

/** Words of the memories behind the lanes. */
const weightBits = 64;
const activationBits = 128;

function memoryOf(process: SramProcess): Accelerator['memory'] {
  const [weights, activations] = [weightBits, activationBits].map((bits) => sramCost({ words: 1024, bits }, process));
  return {
    weights: { energyPerByte: round(weights!.read / (weightBits / 8)) },
    activations: { energyPerByte: round((activations!.read + activations!.write) / 2 / (activationBits / 8)) },
  };
}

/**
 * The model of units that were measured on a library. With a process the SRAM model gives the energies of memory, of
 * macros of 1024 words.
 */
export function modelOfUnits(
  measures: UnitMeasures,
  { name, command }: ModelNames,
  process?: SramProcess,
): Accelerator {
  const { mac, adders, requantizer, rowHold, library, tool, clockMHz, volts, goal, data, glitches } = measures;
  const { operandBits } = measures;
  const kind = `int${operandBits}`;
  const units: Record<string, MeasuredUnit> = { mac: unitOf(mac) };
  for (const unit of adders) units[`adder, ${unit.inputs} ${unit.inputs === 1 ? 'input' : 'inputs'}`] = unitOf(unit);
  if (requantizer) units.requantizer = unitOf(requantizer);
  if (rowHold) units['sums held, a lane'] = unitOf(rowHold);
  const memory = process ? memoryOf(process) : null;
  return {
    name,
    description:
      `Units of hardware/rtl, mapped to ${library} (for ${goal}) and simulated at ${volts} V and ${clockMHz} MHz on ` +
      `${data}. A MAC has ${kind} operands and ${2 * operandBits + 8} bits of sum, an adder lane adds ${usualInputs} ${kind} inputs a ` +
      `cycle to ${operandBits + 12} bits (the formats ${kind}-1-input, ${kind}-2-inputs, ${kind}-8-inputs: as many). A product ` +
      'outside of a MAC is done by one.' +
      (memory ? ' Memory: SRAM of 1024 words, 64 bits wide for weights and 128 for activations.' : ''),
    source: 'Measured: see measured.command, docs/hardware-synthesis.md.',
    units: { energy: 'pJ', area: 'um2' },
    ...formatsOf(mac, adders, operandBits),
    memory,
    measured: {
      command,
      tool,
      library,
      clockMHz,
      uncertainty:
        `Energies ${glitches ? 'with the glitches of unit delays, an upper bound' : 'without glitches (with those of unit delays a MAC takes 3.5 times as much, an addition 1.7 to 3.2 times: in relation to a MAC a quarter less with 4 inputs, half as much with 1)'}, ` +
        'without clock tree, with estimated wires. ' +
        'Areas are those of the cells; placed, they cover about 70 %. ' +
        (memory ? 'Memory within 20 % for SG13G2, within a factor of two for other processes.' : ''),
      units,
    },
  };
}

/** What a unit of an FPGA takes: a cell of a table with its flip-flop. */
const cellsOf = ({ luts, flipFlops }: FpgaFigures) => Math.max(luts, flipFlops);

/** The model of units on an FPGA, in logic cells. There is no measure of energy: cells at work stand for it. */
export function modelOfFpga(
  mac: FpgaFigures,
  adders: readonly (FpgaFigures & { readonly inputs: number })[],
  { name, command }: ModelNames,
): Accelerator {
  const clocks = [mac, ...adders].map(({ clockMHz }) => clockMHz ?? 0);
  const cost = (figures: FpgaFigures, operations: number) => ({
    area: cellsOf(figures),
    energy: cellsOf(figures) / operations,
  });
  const units: Record<string, MeasuredUnit> = { mac: { ...cost(mac, 1), idle: 0 } };
  for (const unit of adders) {
    units[`adder, ${unit.inputs} ${unit.inputs === 1 ? 'input' : 'inputs'}`] = { ...cost(unit, unit.inputs), idle: 0 };
  }
  return {
    name,
    description:
      `Units of hardware/rtl on a Lattice iCE40 ${mac.device.toUpperCase()}, in logic cells, without its multipliers: ` +
      `a MAC (int8, 24 bits of sum) and adder lanes of ${usualInputs} inputs (20 bits; formats for 1, 2, 8). Energy is not ` +
      'measured: the logic cells that are at work for an operation stand for it.',
    source: 'Measured: see measured.command, docs/hardware-synthesis.md.',
    units: { energy: 'logic cell', area: 'logic cell' },
    ...formatsOf(
      cost(mac, 1),
      adders.map((unit) => ({ inputs: unit.inputs, ...cost(unit, unit.inputs) })),
    ),
    memory: null,
    measured: {
      command,
      tool: mac.tools.join(', '),
      library: `iCE40 ${mac.device}`,
      clockMHz: round(Math.min(...clocks)),
      uncertainty: 'Cells are counted before packing, a few per cent more are used. Energies are no energies.',
      units,
    },
  };
}
