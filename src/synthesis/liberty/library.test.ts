import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { libertyText } from '../../../test/fixtures/liberty.ts';
import { parseLibrary } from './library.ts';
import { defaultLibrary, namedLibraries, openLibrary } from './open.ts';
import { lookUp } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'tritbank-liberty-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (text: string) => parseLibrary(text, 'cells.lib');
const at = { load: 0.05, transition: 0.1 };

it('reads areas, capacitances, functions, energies and delays', () => {
  const { name, volts, cells } = read(libertyText());
  expect({ name, volts, cells: cells.size }).toEqual({ name: 'tiny', volts: 2, cells: 8 });
  const nand = cells.get('NAND2')!;
  expect(nand.area).toBe(4);
  expect(nand.leakage).toBe(1);
  expect([...nand.inputs.values()].map((pin) => [pin.name, pin.capacitance])).toEqual([
    ['A', 0.01],
    ['B', 0.01],
  ]);
  const y = nand.outputs.get('Y')!;
  expect([...y.function!.values]).toEqual([1, 1, 1, 0]);
  expect(y.arcs.map(({ from }) => from)).toEqual(['A', 'B']);
  expect(lookUp(y.arcs[0]!.delay.rise!, at)).toBeCloseTo(0.6, 12);
  expect(lookUp(y.energies[0]!.fall!, at)).toBe(0.003);
  expect(nand.flipFlop).toBeUndefined();
});

it('reads flip-flops', () => {
  const { cells } = read(libertyText());
  const cleared = cells.get('DFFR')!.flipFlop!;
  expect(cleared.state).toEqual(['IQ', 'IQN']);
  expect(cleared.next.variables).toEqual(['D']);
  expect([...cleared.clear!.values]).toEqual([1, 0]);
  expect(cells.get('DFF')!.inputs.get('D')!.setups).toHaveLength(1);
  expect(read(libertyText({ latch: true })).cells.get('LAT')!.isOtherState).toBe(true);
});

it('brings units to pF, ns, nW and pJ', () => {
  const text = libertyText()
    .replace('capacitive_load_unit (1, pf)', 'capacitive_load_unit (100, ff)')
    .replace('time_unit : "1ns"', 'time_unit : "10ps"')
    .replace('leakage_power_unit : "1nW"', 'leakage_power_unit : "100pW"');
  const inverter = read(text).cells.get('INV')!;
  expect(inverter.inputs.get('A')!.capacitance).toBeCloseTo(0.001, 12);
  expect(inverter.leakage).toBeCloseTo(0.1, 12);
  const y = inverter.outputs.get('Y')!;
  expect(lookUp(y.energies[0]!.rise!, at)).toBeCloseTo(0.0003, 12);
  // 0.1 units of 10 ps at no load, 1.1 at 0.1 units of 100 fF
  expect(lookUp(y.arcs[0]!.delay.rise!, { load: 0, transition: 0 })).toBeCloseTo(0.001, 12);
  expect(lookUp(y.arcs[0]!.delay.rise!, { load: 0.01, transition: 0 })).toBeCloseTo(0.011, 12);
});

it.each([
  ['', /line 1: expected a liberty file: library \(NAME\) {, found the end of the file/],
  ['module x;', /expected a liberty file/],
  ['library (x) { cell (', /the end of the file/],
  ['library (x) {\n area : ;\n}', /line 2: expected a value, found ';'/],
  ['library (x) { a "b" }', /expected '\('/],
  ['library (x) { /* open', /expected/],
  ['library (x) { a : "open', /closed text/],
  ['library (x) {} more', /the end of the file after the library/],
  [`library (x) { ${'a () { '.repeat(40)}`, /groups in groups/],
])('refuses %j', (text, message) => expect(() => read(text)).toThrow(message));

it.each([
  [{ flipFlops: false }, /cells.lib: expected a flip-flop .* found none among 6 cells/],
  [{ areas: false }, /cells.lib: expected cells with an area, found none among 8 cells/],
])('says what a library lacks: %j', (choice, message) => expect(() => read(libertyText(choice))).toThrow(message));

it.each([
  ['nom_voltage : 2.0;', '', /nom_voltage: expected a supply voltage, found none/],
  ['"1ns"', '"1 parsec"', /time_unit: expected a unit such as 1ns, found '1 parsec'/],
  ['capacitive_load_unit (1, pf);', '', /capacitive_load_unit: expected a unit such as 1nF, found none/],
  ['area : 20;', 'area : big;', /cell DFF area: expected a number, found 'big'/],
  ['"A ^ B"', '"A ^^ B"', /cell XOR2 pin Y: expected a Boolean function/],
])('names what is wrong: %s to %s', (from, to, message) => {
  expect(() => read(libertyText().replace(from, to))).toThrow(message);
});

it('opens files as they are, and compressed', () => {
  const path = join(folder, 'cells.lib');
  writeFileSync(path, libertyText());
  writeFileSync(`${path}.gz`, gzipSync(libertyText()));
  expect(openLibrary(path).text).toBe(libertyText());
  expect(openLibrary(`${path}.gz`).library.cells.size).toBe(8);
  expect(() => openLibrary(join(folder, 'none.lib'))).toThrow(
    /none.lib: expected a liberty file, or sky130 \(built in\)/,
  );
  writeFileSync(join(folder, 'cut.lib.gz'), gzipSync(libertyText()).subarray(0, 60));
  expect(() => openLibrary(join(folder, 'cut.lib.gz'))).toThrow(/cut.lib.gz: expected a liberty file/);
});

it('has a library built in, which is what is left where none is installed', () => {
  const { path, library } = openLibrary('sky130');
  expect(path).toBe(namedLibraries.sky130);
  expect([library.name, library.volts]).toEqual(['sky130_fd_sc_hd__tt_025C_1v80_subset', 1.8]);
  const cells = [...library.cells.values()];
  expect(cells.length).toBeGreaterThan(25);
  for (const { name, area, leakage, inputs, outputs, flipFlop, isOtherState } of cells) {
    expect([name, area > 3, area < 40, leakage > 0, isOtherState]).toEqual([name, true, true, true, false]);
    for (const { capacitance } of inputs.values()) expect(capacitance).toBeGreaterThan(0.001);
    for (const output of outputs.values()) {
      expect(output.function ?? flipFlop, name).toBeDefined();
      expect(output.energies.length, name).toBeGreaterThan(0);
      for (const { delay } of output.arcs) {
        const [slow, fast] = [0.02, 0.002].map((load) => lookUp(delay.fall!, { load, transition: 0.1 }));
        expect(slow, name).toBeGreaterThan(fast!);
      }
    }
  }
  const clocked = cells.flatMap(({ name, flipFlop }) => (flipFlop ? name.replace(/^.*__/, '') : []));
  expect(clocked).toEqual(['dfxtp_1', 'edfxtp_1']);
  expect(defaultLibrary()).toBe(existsSync(namedLibraries.osu018) ? 'osu018' : 'sky130');
});
