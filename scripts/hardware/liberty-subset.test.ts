import { expect, it } from 'vitest';
import { parseGroups } from '../../src/synthesis/liberty/groups.ts';
import { parseLibrary } from '../../src/synthesis/liberty/library.ts';
import { lookUp } from '../../src/synthesis/liberty/table.ts';
import { subsetLibrary } from './liberty-subset.ts';

/** Of load l (pF) and transition t (ns). */
const delay = (l: number, t: number) => 0.02 + 4 * l + 0.3 * t;
const transitions = [0.01, 0.1, 1];
const loads = [0.0005, 0.01, 0.1];

const table = (name: string) =>
  `${name} (full) { index_1 ("${transitions.join(', ')}"); index_2 ("${loads.join(', ')}");
    values (${transitions.map((t) => `"${loads.map((l) => delay(l, t)).join(', ')}"`).join(', ')}); }`;
const arc = (from: string, more = '') => `timing () { related_pin : "${from}"; ${more}
  ${['cell_rise', 'cell_fall', 'rise_transition', 'fall_transition'].map(table).join('\n')} }`;
const input = (name: string, more = '') => `pin (${name}) { direction : input; capacitance : 0.002; ${more}
  internal_power () { rise_power (edge) { index_1 ("0.01, 1"); values ("0.001, 0.002"); } } }`;
const constraint = (type: string) => `timing () { related_pin : "CK"; timing_type : ${type};
  rise_constraint (check) { index_1 ("0.01, 1"); index_2 ("0.01, 1"); values ("0.1, 0.2", "0.3, 0.4"); } }`;

const full = `library (full) {
  time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW"; capacitive_load_unit (1, "pf");
  default_operating_conditions : "tt";
  operating_conditions (tt) { voltage : 1.8; }
  lu_table_template (full) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance; }
  lu_table_template (edge) { variable_1 : input_transition_time; }
  lu_table_template (check) { variable_1 : related_pin_transition; variable_2 : constrained_pin_transition; }
  cell (inv) { area : 3.75360001; cell_footprint : "inv"; cell_leakage_power : 0.5; ${input('A')}
    pin (Y) { direction : output; function : "!A";
      internal_power () { related_pin : "A"; ${table('rise_power')} } ${arc('A')} } }
  cell (dff) { area : 20; ff ("IQ", "IQ_N") { clocked_on : "CK"; next_state : "D"; }
    ${input('D', `${constraint('setup_rising')} ${constraint('hold_rising')}`)} ${input('CK')}
    pin (Q) { direction : output; function : "IQ"; ${arc('CK', 'timing_type : rising_edge;')} } }
  cell (nand) { area : 4; ${input('A')} pin (Y) { direction : output; function : "!A"; } }
}`;

const make = (cells: readonly string[]) =>
  subsetLibrary(parseGroups(full, 'full.lib'), { cells, name: 'some', heading: ['Two cells.'] }, 'full.lib');

it('keeps what the reader reads of the chosen cells', () => {
  const text = make(['inv', 'dff']);
  expect(text).toMatch(/^\/\*\n \* Two cells\.\n \*\/\nlibrary \(some\) \{/);
  expect(text).not.toMatch(/cell_footprint|hold_rising/);
  const [before, after] = [parseLibrary(full, 'full.lib'), parseLibrary(text, 'some.lib')];
  expect([after.name, after.volts, [...after.cells.keys()]]).toEqual(['some', 1.8, ['inv', 'dff']]);
  const [inv, old] = [after.cells.get('inv')!, before.cells.get('inv')!];
  expect([inv.area, inv.leakage, inv.inputs.get('A')!.capacitance]).toEqual([3.754, 0.5, 0.002]);
  expect(inv.outputs.get('Y')!.function).toEqual(old.outputs.get('Y')!.function);
  const dff = after.cells.get('dff')!;
  expect(dff.flipFlop!.state).toEqual(['IQ', 'IQ_N']);
  expect(dff.inputs.get('D')!.setups).toEqual(before.cells.get('dff')!.inputs.get('D')!.setups);
  const point = { load: 0.015, transition: 0.15 };
  const [arc] = inv.outputs.get('Y')!.arcs;
  expect(lookUp(arc!.delay.rise!, point)).toBeCloseTo(delay(0.015, 0.15), 3);
  expect(lookUp(inv.outputs.get('Y')!.energies[0]!.rise!, point)).toBeCloseTo(delay(0.015, 0.15), 3);
  expect(lookUp(inv.inputs.get('A')!.energies[0]!.rise!, point)).toBeCloseTo(0.001 + (0.001 * 0.14) / 0.99, 5);
});

it('refuses a cell that is not there', () => {
  expect(() => make(['inv', 'xor'])).toThrow('full.lib: expected the cell xor, found none of that name');
});
