/** Look-up tables of liberty files: delays, transition times and energies over load and input transition. */

import { TritbankError } from '../../ir/index.ts';
import type { Group } from './groups.ts';
import type { Scales } from './units.ts';

/** Where a table is looked up: load in pF, transition time of the input in ns. */
export interface OperatingPoint {
  readonly load: number;
  readonly transition: number;
}

type Axis = keyof OperatingPoint;

export interface Table {
  /** At most two, in the order of the table's dimensions. */
  readonly axes: readonly { readonly axis: Axis; readonly points: readonly number[] }[];
  /** Row by row. */
  readonly values: readonly number[];
}

const axisOf: Readonly<Record<string, Axis>> = {
  total_output_net_capacitance: 'load',
  input_net_transition: 'transition',
  input_transition_time: 'transition',
  related_pin_transition: 'transition',
  constrained_pin_transition: 'transition',
};

export const numbersIn = (values: readonly string[]): number[] =>
  values.flatMap((value) => value.split(/[\s,]+/).filter((word) => word !== '')).map(Number);

export interface TableSurroundings {
  readonly scales: Scales;
  /** What the table's values are multiplied by. */
  readonly scale: number;
  /** Those of the library, by name. */
  readonly templates: ReadonlyMap<string, Group>;
  readonly where: string;
}

/**
 * The table of a group such as `rise_power (template) {...}`; undefined where it is over something else than load and
 * transition. E_FORMAT for numbers that are none or too few.
 */
export function parseTable(group: Group, { scales, scale, templates, where }: TableSurroundings): Table | undefined {
  const values = numbersIn(group.attributes.get('values') ?? []).map((value) => value * scale);
  const template = templates.get(group.args[0] ?? '');
  const axes: { axis: Axis; points: number[] }[] = [];
  for (const i of [1, 2, 3]) {
    const variable = template?.attributes.get(`variable_${i}`)?.[0];
    if (variable === undefined) continue;
    const axis = axisOf[variable];
    if (axis === undefined) return undefined;
    const points = group.attributes.get(`index_${i}`) ?? template?.attributes.get(`index_${i}`) ?? [];
    const unit = axis === 'load' ? scales.capacitance : scales.time;
    axes.push({ axis, points: numbersIn(points).map((value) => value * unit) });
  }
  const count = axes.reduce((product, { points }) => product * points.length, 1);
  if (axes.length > 2) return undefined;
  const good = [...values, ...axes.flatMap(({ points }) => points)].every(Number.isFinite);
  if (!good || count === 0 || values.length !== count) {
    const expected = `${count} numbers in ${group.name}`;
    throw new TritbankError('E_FORMAT', `${where} line ${group.line}`, `expected ${expected}, found ${values.length}`);
  }
  return { axes, values };
}

/** Which two neighbours a value lies between, and how far from the first to the second; beyond the ends, on their lines. */
function bracket(points: readonly number[], value: number): { low: number; share: number } {
  if (points.length === 1) return { low: 0, share: 0 };
  let low = 0;
  while (low < points.length - 2 && value >= points[low + 1]!) low++;
  const [a, b] = [points[low]!, points[low + 1]!];
  return { low, share: b === a ? 0 : (value - a) / (b - a) };
}

/** The table's value at a point: linear between its points, and beyond them on the last line. */
export function lookUp({ axes, values }: Table, point: OperatingPoint): number {
  const [first, second] = axes;
  if (!first) return values[0]!;
  const row = bracket(first.points, point[first.axis]);
  const column = second ? bracket(second.points, point[second.axis]) : { low: 0, share: 0 };
  const width = second?.points.length ?? 1;
  const at = (r: number, c: number) => values[r * width + c]!;
  const along = (r: number) => {
    const start = at(r, column.low);
    return column.share === 0 ? start : start + column.share * (at(r, column.low + 1) - start);
  };
  const start = along(row.low);
  return row.share === 0 ? start : start + row.share * (along(row.low + 1) - start);
}
