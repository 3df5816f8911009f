/** Coefficients of the cost functions, as `scripts/mcu/fit-costs.ts` found them: `kernels-c/mcu/costs.json`. */

import { packageText } from '../../files/package-text.ts';
import type { CoreName } from '../cores.ts';
import type { KernelName, Work } from './terms.ts';

type Coefficients = Readonly<Record<string, number>>;

export interface CoreCosts {
  readonly instructions: { readonly [K in KernelName]?: Coefficients };
  readonly cycles: { readonly [K in KernelName]?: Coefficients };
  /** Bytes of each source file's code, by its name without `.c`; `network` is the table of steps and what is around it. */
  readonly code: Readonly<Record<string, number>>;
  /** Bytes of stack, at the most. */
  readonly stack: number;
}

export interface Costs {
  /** Gaps for each weight that is not zero, by the share of weights of one sign; shares rise. */
  readonly gaps: readonly (readonly [share: number, gaps: number])[];
  readonly cores: { readonly [K in CoreName]?: CoreCosts };
}

let costs: Costs | undefined;

/** Reads them when they are asked for. */
export function readCosts(): Costs {
  costs ??= JSON.parse(packageText('kernels-c/mcu/costs.json')) as Costs;
  return costs;
}

export function coreCosts(core: CoreName): CoreCosts {
  const found = readCosts().cores[core];
  if (!found) throw new Error(`internal: no costs of ${core}`);
  return found;
}

/** Instructions and cycles of a kernel's work. */
export function costOf(core: CoreName, { kernel, terms }: Work): { instructions: number; cycles: number } {
  const { instructions, cycles } = coreCosts(core);
  const sum = (coefficients: Coefficients = {}) =>
    Object.entries(terms).reduce((total, [name, count]) => total + (coefficients[name] ?? 0) * count, 0);
  return { instructions: sum(instructions[kernel]), cycles: sum(cycles[kernel]) };
}
