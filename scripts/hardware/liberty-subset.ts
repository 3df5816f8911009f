/**
 * A liberty file with some cells of a larger one, and of these what `src/synthesis` and yosys read: areas, leakage,
 * capacitances, functions, flip-flops, delays, setup times, internal power. Delays and powers are looked up at a few
 * points, the same for all cells, which the templates have.
 */

import { TritbankError } from '../../src/ir/index.ts';
import type { Group } from '../../src/synthesis/liberty/groups.ts';
import { lookUp, numbersIn, type OperatingPoint, type Table } from '../../src/synthesis/liberty/table.ts';

export interface Subset {
  /** Names of cells, in the order of the file. */
  readonly cells: readonly string[];
  /** Of the library that is written. */
  readonly name: string;
  /** What is written above it, line by line. */
  readonly heading: readonly string[];
}

interface Points {
  readonly transition: readonly number[];
  readonly load: readonly number[];
}

/** ns and pF, the library's units. Power is nearly a line over the load, and hardly depends on the transition. */
const points = {
  delay: { transition: [0.01, 0.12, 0.65], load: [0.0005, 0.004, 0.024] },
  power: { transition: [0.02, 0.28], load: [0.0005, 0.024] },
} as const satisfies Record<string, Points>;

const digits = 4;

/** Attributes that are kept, by the group that has them. */
const keptAttributes: Readonly<Record<string, readonly string[]>> = {
  library: [
    ...['delay_model', 'time_unit', 'voltage_unit', 'leakage_power_unit', 'current_unit', 'pulling_resistance_unit'],
    ...['capacitive_load_unit', 'default_max_transition', 'default_operating_conditions'],
  ],
  operating_conditions: ['voltage', 'process', 'temperature'],
  cell: ['area', 'cell_leakage_power'],
  ff: ['clocked_on', 'next_state'],
  pin: ['direction', 'function', 'capacitance', 'clock', 'max_capacitance'],
  internal_power: ['related_pin', 'when'],
  timing: ['related_pin', 'timing_sense', 'timing_type', 'when'],
};

/** What is kept in a group. */
const keptGroups: Readonly<Record<string, readonly string[]>> = {
  cell: ['pin', 'ff'],
  pin: ['internal_power', 'timing'],
  internal_power: ['rise_power', 'fall_power'],
  timing: ['cell_rise', 'cell_fall', 'rise_transition', 'fall_transition', 'rise_constraint', 'fall_constraint'],
};
const isTable = (name: string) => [...keptGroups.internal_power!, ...keptGroups.timing!].includes(name);

/** By `timing_type`; a hold time is no part of a path. */
const keptTimings = ['combinational', 'rising_edge', 'setup_rising'];

const axisOf: Readonly<Record<string, keyof OperatingPoint>> = {
  total_output_net_capacitance: 'load',
  input_net_transition: 'transition',
  input_transition_time: 'transition',
};

const isKept = ({ name, attributes }: Group, parent: string): boolean =>
  (keptGroups[parent] ?? []).includes(name) &&
  (name !== 'timing' || keptTimings.includes(attributes.get('timing_type')?.[0] ?? 'combinational'));

const short = (value: number) => String(Number(value.toPrecision(digits)));

function quote(text: string): string {
  if (Number.isFinite(Number(text))) return short(Number(text));
  // units such as 1ns are no words for every reader
  return /^[a-z_]\w*$/i.test(text) ? text : `"${text}"`;
}

const list = (values: readonly number[]) => `"${values.map(short).join(', ')}"`;

const templateTexts = [
  'lu_table_template (delay) {',
  '  variable_1 : input_net_transition;',
  '  variable_2 : total_output_net_capacitance;',
  `  index_1 (${list(points.delay.transition)});`,
  `  index_2 (${list(points.delay.load)});`,
  '}',
  'power_lut_template (power) {',
  '  variable_1 : input_transition_time;',
  '  variable_2 : total_output_net_capacitance;',
  `  index_1 (${list(points.power.transition)});`,
  `  index_2 (${list(points.power.load)});`,
  '}',
  'power_lut_template (input_power) {',
  '  variable_1 : input_transition_time;',
  `  index_1 (${list(points.power.transition)});`,
  '}',
  'lu_table_template (constraint) {',
  '  variable_1 : related_pin_transition;',
  '  variable_2 : constrained_pin_transition;',
  '}',
];

class SubsetWriter {
  private readonly templates: ReadonlyMap<string, Group>;

  constructor(
    private readonly library: Group,
    private readonly where: string,
  ) {
    const all = library.groups.filter(({ name }) => name.endsWith('_template'));
    this.templates = new Map(all.map((group) => [group.args[0] ?? '', group]));
  }

  group(group: Group, indent: string): string[] {
    const { name, args, attributes, groups } = group;
    const inside = `${indent}  `;
    const own = (keptAttributes[name] ?? []).flatMap((key) => {
      const found = attributes.get(key);
      if (!found) return [];
      return found.length > 1
        ? `${inside}${key} (${found.map(quote).join(', ')});`
        : `${inside}${key} : ${quote(found[0]!)};`;
    });
    const inner = groups
      .filter((one) => isKept(one, name))
      .flatMap((one) => (isTable(one.name) ? [`${inside}${this.table(one)}`] : this.group(one, inside)));
    return [`${indent}${name} (${args.map(quote).join(', ')}) {`, ...own, ...inner, `${indent}}`];
  }

  private table(group: Group): string {
    const { name, args, attributes } = group;
    const template = this.templates.get(args[0] ?? '');
    const values = numbersIn(attributes.get('values') ?? []);
    const indices = [1, 2].map((i) => numbersIn(attributes.get(`index_${i}`) ?? []));
    const count = indices.reduce((product, { length }) => product * Math.max(1, length), 1);
    if (values.length !== count) {
      const where = `${this.where} line ${group.line}`;
      throw new TritbankError('E_FORMAT', where, `expected ${count} numbers in ${name}, found ${values.length}`);
    }
    if (name.endsWith('_constraint')) {
      const [rows, columns] = indices as [number[], number[]];
      const lines = rows.map((_, r) => list(values.slice(r * columns.length, (r + 1) * columns.length)));
      return `${name} (constraint) { index_1 (${list(rows)}); index_2 (${list(columns)}); values (${lines.join(', ')}); }`;
    }
    const axes = indices.flatMap((found, i): Table['axes'][number][] => {
      const axis = axisOf[template?.attributes.get(`variable_${i + 1}`)?.[0] ?? ''];
      return axis === undefined || found.length === 0 ? [] : [{ axis, points: found }];
    });
    const wanted: Points = name.endsWith('_power') ? points.power : points.delay;
    const at = (transition: number, load: number) => lookUp({ axes, values }, { transition, load });
    if (axes.length < 2) return `${name} (input_power) { values (${list(wanted.transition.map((t) => at(t, 0)))}); }`;
    const lines = wanted.transition.map((t) => list(wanted.load.map((load) => at(t, load))));
    return `${name} (${name.endsWith('_power') ? 'power' : 'delay'}) { values (${lines.join(', ')}); }`;
  }

  text(name: string, cells: readonly Group[]): string[] {
    const head = this.group({ ...this.library, groups: [], args: [name] }, '').slice(0, -1);
    const conditions = this.library.groups.filter((group) => group.name === 'operating_conditions');
    const inner = [
      ...conditions.flatMap((group) => this.group(group, '  ')),
      ...templateTexts.map((line) => `  ${line}`),
      ...cells.flatMap((group) => this.group(group, '  ')),
    ];
    return [...head, ...inner, '}'];
  }
}

/** The text of the smaller library. E_FORMAT for a cell that the full one does not have; `where` is its file. */
export function subsetLibrary(library: Group, { cells, name, heading }: Subset, where: string): string {
  const chosen = cells.map((cell) => {
    const found = library.groups.find((group) => group.name === 'cell' && group.args[0] === cell);
    if (found) return found;
    throw new TritbankError('E_FORMAT', where, `expected the cell ${cell}, found none of that name`);
  });
  const comment = ['/*', ...heading.map((line) => ` * ${line}`), ' */'];
  return `${[...comment, ...new SubsetWriter(library, where).text(name, chosen)].join('\n')}\n`;
}
