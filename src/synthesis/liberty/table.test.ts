import { expect, it } from 'vitest';
import { parseGroups } from './groups.ts';
import { lookUp, parseTable, type Table } from './table.ts';

const scales = { time: 2, voltage: 1, leakage: 1, capacitance: 1, energy: 1 };

function tableOf(content: string, scale = 1): Table | undefined {
  const text = `library (l) {
    lu_table_template (both) {
      variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
      index_1 ("1, 3"); index_2 ("0, 10, 20");
    }
    lu_table_template (strange) { variable_1 : equal_or_opposite_output_net_capacitance; index_1 ("1, 2"); }
    ${content}
  }`;
  const { groups } = parseGroups(text, 'file');
  const templates = new Map(groups.filter(({ name }) => name.endsWith('template')).map((g) => [g.args[0]!, g]));
  return parseTable(groups.at(-1)!, { scales, scale, templates, where: 'file' });
}

const plane = () => tableOf('cell_rise (both) { values ("0, 10, 20", \\\n "2, 12, 22"); }')!;

it.each([
  // transitions of the file are in units of 2 ns
  [{ transition: 2, load: 0 }, 0],
  [{ transition: 6, load: 20 }, 22],
  [{ transition: 4, load: 5 }, 6],
  [{ transition: 2, load: 15 }, 15],
  // beyond the ends the last line goes on
  [{ transition: 2, load: 40 }, 40],
  [{ transition: 8, load: 0 }, 3],
  [{ transition: 0, load: 0 }, -1],
])('at %j it is %d', (point, expected) => expect(lookUp(plane(), point)).toBeCloseTo(expected, 12));

it('takes scalars, own indices, and scales', () => {
  expect(lookUp(tableOf('power (scalar) { values ("7"); }', 3)!, { transition: 1, load: 1 })).toBe(21);
  const own = tableOf('cell_rise (both) { index_1 ("10"); index_2 ("0, 1"); values ("4, 8"); }')!;
  expect(lookUp(own, { transition: 5, load: 0.5 })).toBe(6);
});

it('leaves out tables over other things', () => {
  expect(tableOf('cell_rise (strange) { values ("1, 2"); }')).toBeUndefined();
});

it.each(['values ("1, 2, 3");', 'values ("1, 2, 3", "4, x, 6");', ''])('refuses %j', (values) => {
  expect(() => tableOf(`cell_rise (both) { ${values} }`)).toThrow(/file line \d+: expected 6 numbers in cell_rise/);
});
