/** Energies in a unit that leaves readable numbers: picojoules become microjoules, other units get a prefix. */

export interface EnergyScale {
  /** As it stands behind a number: `µJ`, `M 16-bit MAC`. */
  readonly unit: string;
  /** What a table's head has room for: `µJ`, `M`. */
  readonly short: string;
  /** What energies are divided by to be in it. */
  readonly divisor: number;
}

const jouleExponents: Readonly<Record<string, number>> = { f: -15, p: -12, n: -9, u: -6, µ: -6, m: -3, '': 0 };
const jouleSteps = ['f', 'p', 'n', 'µ', 'm', ''] as const;
const countSteps = ['', 'k', 'M', 'G', 'T'] as const;

/** The prefix with which `largest`, in `unit`, is in 1..1000, or the nearest that there is. */
export function scaleEnergy(unit: string, largest: number): EnergyScale {
  const prefix = /^([fpnumµ]?)J$/.exec(unit)?.[1];
  const isJoule = prefix !== undefined;
  if (!(largest > 0) || !Number.isFinite(largest)) return { unit, short: isJoule ? unit : '', divisor: 1 };
  if (!isJoule) {
    const step = clamp(Math.floor(Math.log10(largest) / 3), countSteps.length);
    const short = countSteps[step]!;
    return { unit: `${short} ${unit}`.trim(), short, divisor: 10 ** (3 * step) };
  }
  const own = jouleExponents[prefix]!;
  const step = clamp(Math.floor((Math.log10(largest) + own + 15) / 3), jouleSteps.length);
  const scaled = `${jouleSteps[step]}J`;
  return { unit: scaled, short: scaled, divisor: 10 ** (3 * step - 15 - own) };
}

const clamp = (step: number, steps: number) => Math.min(Math.max(step, 0), steps - 1);
