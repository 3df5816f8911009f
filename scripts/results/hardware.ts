/** The page of results/hardware, from the stored output of its commands. */

import { join } from 'node:path';
import type { ExploredArray } from '../../src/hardware/index.ts';
import { formatCount, formatFixed } from '../../src/report/format.ts';

const folder = 'results/hardware';

interface Row {
  readonly name: string;
  readonly arrayName: string;
  readonly cycles: number;
  readonly busy: { readonly mac: number; readonly adder: number };
  readonly array: { readonly adders: number };
  readonly area: number;
  readonly areaWithMemory: number;
  readonly energy?: number;
  readonly energyWithMemory?: number;
  readonly relative: {
    readonly throughput: number;
    readonly throughputWithMemory: number;
    readonly energy?: number;
    readonly energyWithMemory?: number;
  };
}

interface Table {
  readonly machine: string;
  /** ISO 8601. */
  readonly date: string;
  readonly library: string;
  readonly tool: string;
  readonly clockMHz: number;
  readonly memory: string;
  readonly rows: readonly Row[];
}

interface Outcome {
  readonly network: string;
  readonly array: string;
  readonly images: number;
  readonly equal: boolean;
  readonly cycles: number;
  readonly modelCycles: number;
  readonly seconds: number;
}

/** Cycles of pretrained networks, from `scripts/hardware/measure-at-size.ts`. */
interface AtSize {
  readonly rows: readonly { readonly network: string; readonly array: string; readonly cycles: number }[];
}

/** Areas are those of the table: they do not depend on the network. */
function planned224(known: readonly Row[], { rows }: AtSize): string {
  const areaOf = (array: string) => known.find(({ arrayName }) => arrayName === array)!.area;
  const cyclesOn = (array: string) => rows.find((row) => row.array === array)!.cycles;
  const planned = rows.find(({ network }) => network === 'network')!;
  const gain = (array: string) => (cyclesOn(array) * areaOf(array)) / (planned.cycles * areaOf(planned.array));
  return `MobileNet-V1 0.5 with its pretrained weights, planned for \`lists x2\` at 160 pixels (\`compress --target 'lists x2'
--max-cycles 0.2\`, calibrated), with the input made 224: ${whole(planned.cycles)} cycles, where the same network in int8 takes
${whole(cyclesOn('mac'))} on \`mac\` and ${whole(cyclesOn('mac x4'))} on \`mac x4\`: ${fixed(gain('mac'), 2)} and ${fixed(gain('mac x4'), 2)} times the throughput per area
of the core. Its accuracy at 224 was not measured.`;
}

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], left: number, rows: readonly (readonly string[])[]) =>
  [line(head), line(head.map((_, i) => (i < left ? '---' : '---:'))), ...rows.map(line)].join('\n');

const fixed = (value: number | undefined, digits: number) => (value === undefined ? '' : formatFixed(value, digits));
const whole = (value: number | undefined) => (value === undefined ? '' : formatCount(Math.round(value)));
const percent = (share: number) => formatFixed(100 * share, 1);

const head = ['network', 'array', 'cycles', 'MACs busy, %', 'adders busy, %', 'area, mm2', 'with memory'];
const relativeHead = ['throughput', 'with memory'];
const energyHead = ['energy', 'with memory'];

function rowsOf({ rows }: Table): string {
  const hasEnergy = rows.some(({ energy }) => energy !== undefined);
  const cells = rows.map((row) => [
    ...[row.name, row.arrayName, whole(row.cycles), percent(row.busy.mac)],
    ...[row.array.adders === 0 ? '' : percent(row.busy.adder), fixed(row.area / 1e6, 3)],
    fixed(row.areaWithMemory / 1e6, 1),
    ...(hasEnergy ? [whole(row.energy), whole(row.energyWithMemory)] : []),
    ...[fixed(row.relative.throughput, 2), fixed(row.relative.throughputWithMemory, 2)],
    ...(hasEnergy ? [fixed(row.relative.energy, 2), fixed(row.relative.energyWithMemory, 2)] : []),
  ]);
  const absolute = hasEnergy ? ['energy, uJ', 'with memory'] : [];
  return table([...head, ...absolute, ...relativeHead, ...(hasEnergy ? energyHead : [])], 2, cells);
}

function compareProcesses(tables: readonly Table[]): string {
  const [first] = tables;
  const rows = first!.rows.map(({ name, arrayName }, i) => [
    name,
    arrayName,
    ...tables.flatMap(({ rows }) => [fixed(rows[i]!.area / 1e6, 3), fixed(rows[i]!.relative.throughput, 2)]),
  ]);
  const heads = tables.flatMap(({ library }) => [`${library}: area, mm2`, 'throughput']);
  return table(['network', 'array', ...heads], 2, rows);
}

function exploredRows(arrays: readonly ExploredArray[]): string {
  const sorted = [...arrays].sort((a, b) => b.throughputPerArea - a.throughputPerArea);
  const cells = sorted.map((one) => [
    ...[one.name, whole(one.cycles), percent(one.busy.mac), one.array.adders === 0 ? '' : percent(one.busy.adder)],
    ...[fixed(one.area / 1e6, 3), fixed(one.areaWithMemory / 1e6, 1), fixed(one.throughputPerArea, 1)],
  ]);
  const head = ['array', 'cycles', 'MACs busy, %', 'adders busy, %', 'area, mm2', 'with memory', 'images/s/mm2'];
  return table(head, 1, cells);
}

const checkRows = (outcomes: readonly Outcome[]) =>
  table(
    ['network', 'array', 'images', 'cycles of the RTL', 'of the model', 'all words', 'seconds'],
    2,
    outcomes.map((one) => [
      ...[one.network, one.array, whole(one.images), whole(one.cycles), whole(one.modelCycles)],
      ...[one.equal ? 'equal' : 'DIFFER', whole(one.seconds)],
    ]),
  );

/** Path and text. `read` throws for files that are not there. */
export function makeHardwarePage(read: (path: string) => string): readonly [string, string] {
  const open = <T>(name: string) => JSON.parse(read(join(folder, name))) as T;
  const [main, large] = [open<Table>('table1.json'), open<Table>('table1-224.json')];
  const processes = [main, open<Table>('table1-sky130.json'), open<Table>('table1-sg13g2.json')];
  const explored = open<{ readonly arrays: readonly ExploredArray[] }>('explore-quarter.json');
  const { outcomes } = open<{ readonly outcomes: readonly Outcome[] }>('rtl.json');
  const [control, uniform] = [large.rows[0]!, large.rows.find(({ name }) => name === 'hybrid')!];
  const small = main.rows.find(({ name }) => name === 'hybrid')!;
  const find = (name: string) => main.rows.find((row) => row.name === name)!;
  const [fair, quarter, planned] = [
    find('int8, 4 MACs a lane'),
    find('hybrid, quarter, 2 MACs a lane'),
    find('hybrid, planned, 2 MACs a lane'),
  ];
  const against = (one: Row, other: Row) => fixed(one.relative.throughput / other.relative.throughput, 2);
  const ratio = (a?: number, b?: number) => (a === undefined || b === undefined ? '' : fixed(a / b, 2));
  const text = `# Table I measured on arrays

MobileNet-V1 0.5 for CIFAR-10 (32 x 32) at 8 bits, on arrays of 16 lanes; what each figure is, is in
[docs/hardware.md](../../docs/hardware.md).

\`\`\`sh
tritbank table1 --measured --data cifar10 --json                                          # table1.json
tritbank table1 --measured --network v1-0.5-224 --no-energy --json                        # table1-224.json
tritbank table1 --measured --data cifar10 --no-energy --liberty FILE --memory sky130      # table1-sky130.json
tritbank table1 --measured --data cifar10 --no-energy --liberty FILE --memory sg13g2      # table1-sg13g2.json
tritbank hardware explore --macs 1,2 --inputs 0,8,16 --weights lists --json               # explore-quarter.json
npm run rtl                                                                               # rtl.json
npx tsx scripts/hardware/measure-at-size.ts --size 224 --data DIR MODEL.onnx=mac,...          # planned-224.json
npm run results -- --stored                                                               # this page
\`\`\`

${main.library} (180 nm) for area, ${main.tool}; ${main.clockMHz} MHz; SRAM by the model for ${main.memory}.
${main.machine}; ${main.date.slice(0, 10)}.
Trained networks are those of the zoo (the control is its full-precision one, exported); TWN, StrassenNets and
\`hybrid\` have drawn weights: their cycles and areas do not depend on that beyond the share of zeros, their energies do.

The last columns are relative to the first row, the control: throughput per area of the core and with memories, energy
of the core and with memories.

${rowsOf(main)}

- The quarter network has ${fixed(quarter.relative.throughput, 2)} times the throughput of the control per area of the core on \`lists x2\`, and
  ${fixed(quarter.relative.energy, 2)} of the energy of the core, ${fixed(quarter.relative.energyWithMemory, 2)} with memories.
- Beside the fairer baseline of 4 MACs a lane that is ${against(quarter, fair)} times the throughput, ${ratio(quarter.energy, fair.energy)} of its energy, ${ratio(quarter.energyWithMemory, fair.energyWithMemory)} with
  memories.
- The network planned at the paper's size gains ${fixed(planned.relative.throughput, 2)} times: its full-precision filters keep the MACs busy while
  adders wait; \`compress --accelerator ARRAY.json --max-cycles\` plans for both engines.
- On none of these arrays are both engines above 85 % busy.

## Arrays for the quarter network

By images a second (at 50 MHz) and mm2 of the core. \`16 x 2 MACs at 2, 8 inputs at 4, lists in 4 copies\`: 16 lanes of
2 MACs, of whose sums 2 are requantized in a cycle; an adder lane of 8 inputs for each pixel, 4 of whose sums are
requantized in a cycle; lists of non-zeros, every word of the tile in 4 banks.

${exploredRows(explored.arrays)}

## Other processes

Areas as synthesised with SkyWater's and IHP's 130 nm libraries; throughput per area, of each library's own control.

${compareProcesses(processes)}

## 224 x 224, 1000 classes

MobileNet-V1 0.5, drawn weights, in streams as long as 16-bit row addresses allow.

${rowsOf(large)}

As uniform as the paper's, the hybrid gains nothing here, ${fixed(uniform.relative.throughput, 2)} of the control's throughput per area, and no more at
32 x 32 (${fixed(small.relative.throughput, 2)}): its full-precision half and the products with \`a\` keep the one MAC a lane ${percent(uniform.busy.mac)} % busy, while
adders, ${percent(1 - control.area / uniform.area)} % of the core with what serves them, are at work for ${percent(uniform.busy.adder)} % of the time. To be ${fixed(control.cycles / uniform.cycles, 2)} times as fast on
${fixed(uniform.area / control.area, 2)} times the area is a loss. What gains is a plan that gives the adders more to do, as the quarter network
has it.

${planned224([...main.rows, ...large.rows], open<AtSize>('planned-224.json'))}

## The Verilog against the cycle model

Every word that the hardware writes, and the cycle of every instruction, in Verilator.

${checkRows(outcomes)}
`;
  return [join(folder, 'README.md'), text];
}
