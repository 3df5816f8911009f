/** Units of liberty files. Here capacitances are in pF, energies in pJ, leakage in nW, times in ns, voltages in V. */

import { TritbankError } from '../../ir/index.ts';
import type { Group } from './groups.ts';

/** What a figure of the file is multiplied by. */
export interface Scales {
  readonly time: number;
  readonly voltage: number;
  readonly leakage: number;
  readonly capacitance: number;
  /** Of internal power: by the format's definition, capacitance times the square of the voltage. */
  readonly energy: number;
}

const prefixes: Readonly<Record<string, number>> = { f: 1e-15, p: 1e-12, n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3 };

/** `100pW` in W; undefined for another text. */
function quantity(text: string, symbol: string): number | undefined {
  const [, factor, prefix] = new RegExp(`^([\\d.eE+-]*)\\s*([fpnumk]?)${symbol}$`, 'i').exec(text.trim()) ?? [];
  if (prefix === undefined) return undefined;
  const value = (factor ? Number(factor) : 1) * prefixes[prefix.toLowerCase()]!;
  return value > 0 ? value : undefined;
}

/** The scales of a library. E_FORMAT for a unit that is missing or none; `where` is the file. */
export function readScales({ attributes }: Group, where: string): Scales {
  const read = (name: string, symbol: string, usual?: string): number => {
    const text = attributes.get(name)?.join('') ?? usual;
    const value = text === undefined ? undefined : quantity(text, symbol);
    if (value !== undefined) return value;
    const found = text === undefined ? 'none' : `'${text}'`;
    throw new TritbankError('E_FORMAT', `${where} ${name}`, `expected a unit such as 1n${symbol}, found ${found}`);
  };
  const capacitance = read('capacitive_load_unit', 'F') * 1e12;
  const voltage = read('voltage_unit', 'V', '1V');
  return {
    time: read('time_unit', 's', '1ns') * 1e9,
    voltage,
    leakage: read('leakage_power_unit', 'W', '1nW') * 1e9,
    capacitance,
    energy: capacitance * voltage ** 2,
  };
}
