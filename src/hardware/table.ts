/**
 * Table I, measured: networks on arrays, each beside the control, which is the first case. Arrays of different areas are
 * compared by throughput per area: what as many of them do as fit the control's area, fractions included.
 */

import type { ArrayParameters } from '../accelerator/index.ts';
import type { IntegerNetwork } from '../integer/index.ts';
import { type ArrayFigures, clockLimitOf, energyWithMemory, type MeasureOptions, measureArray } from './measure.ts';

export interface MeasuredCase {
  readonly name: string;
  readonly configuration: string;
  readonly arrayName: string;
  readonly array: ArrayParameters;
  readonly network: IntegerNetwork;
  readonly image: Int8Array;
}

export interface MeasuredRow extends Omit<MeasuredCase, 'network' | 'image'> {
  /** For one image in a stream, and alone. */
  readonly cycles: number;
  readonly latency: number;
  readonly busy: ArrayFigures['busy'];
  /** Images a second at the clock of all rows. */
  readonly throughput: number;
  /** uJ an image; absent where the gates were not simulated. */
  readonly energy?: number;
  readonly energyWithMemory?: number;
  /** um2. */
  readonly area: number;
  readonly areaWithMemory: number;
  /** MHz, by an estimate of the longest path. */
  readonly clockLimit: number;
  readonly relative: Relative;
  readonly figures: ArrayFigures;
}

/** As fractions of the control's: throughputs on equal areas. */
export interface Relative {
  readonly throughput: number;
  readonly throughputWithMemory: number;
  readonly energy?: number;
  readonly energyWithMemory?: number;
}

export interface MeasuredTable {
  readonly library: string;
  readonly tool: string;
  readonly clockMHz: number;
  readonly rows: readonly MeasuredRow[];
}

type Measured = Omit<MeasuredRow, 'relative'>;

/** What is compared. */
type Compared = Pick<Measured, 'throughput' | 'area' | 'areaWithMemory' | 'energy' | 'energyWithMemory'>;

function describe(one: MeasuredCase, figures: ArrayFigures, clockMHz: number): Measured {
  const { network: _network, image: _image, ...about } = one;
  const { cycles, latency, busy, energy, area, memory } = figures;
  const withMemory = energyWithMemory(figures, clockMHz);
  return {
    ...about,
    ...{ cycles, latency, busy, area, areaWithMemory: area + memory.area },
    throughput: (clockMHz * 1e6) / cycles,
    ...(energy !== undefined && { energy, energyWithMemory: withMemory! }),
    clockLimit: clockLimitOf(figures),
    figures,
  };
}

/** Of a row beside the control. */
export function relate(row: Compared, control: Compared): Relative {
  const ratio = row.throughput / control.throughput;
  return {
    throughput: (ratio * control.area) / row.area,
    throughputWithMemory: (ratio * control.areaWithMemory) / row.areaWithMemory,
    ...(row.energy !== undefined &&
      control.energy !== undefined && {
        energy: row.energy / control.energy,
        energyWithMemory: row.energyWithMemory! / control.energyWithMemory!,
      }),
  };
}

export interface TableOptions extends MeasureOptions {
  readonly clockMHz: number;
  readonly onCase?: (done: number, total: number, name: string) => void;
}

/** Measures all cases, the control first. Throws what `measureArray` throws. */
export async function measureTable(cases: readonly MeasuredCase[], options: TableOptions): Promise<MeasuredTable> {
  const { onCase, clockMHz } = options;
  const rows: MeasuredRow[] = [];
  for (const [n, one] of cases.entries()) {
    onCase?.(n, cases.length, one.name);
    const figures = await measureArray(one.network, one.image, one.array, options);
    const row = describe(one, figures, clockMHz);
    rows.push({ ...row, relative: relate(row, rows[0] ?? row) });
  }
  onCase?.(cases.length, cases.length, '');
  const [first] = rows;
  return { library: first?.figures.library ?? '', tool: first?.figures.tool ?? '', clockMHz, rows };
}
