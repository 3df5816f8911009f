/** Table I as measured, on the terminal: each row beside the control, then what the paper and the models say. */

import type { Table1Row } from '../cost/table1.ts';
import type { MeasuredRow, MeasuredTable } from '../hardware/table.ts';
import { formatCount, formatFixed } from './format.ts';
import { alignTable, printNote, printStatements } from './text-table.ts';

const head = [
  '',
  'array',
  'cycles',
  'images/s',
  'MACs (%)',
  'adders (%)',
  'area (mm2)',
  '+ memory',
  'clock limit',
  'energy (uJ)',
  '+ memory',
  'throughput',
  '+ memory',
  'energy',
  '+ memory',
];

const known = (value: number | undefined, digits: number) => (value === undefined ? '' : formatFixed(value, digits));

function lineOf(row: MeasuredRow): string[] {
  const { relative } = row;
  return [
    row.name,
    row.arrayName,
    formatCount(Math.round(row.cycles)),
    formatFixed(row.throughput, 1),
    formatFixed(100 * row.busy.mac, 1),
    row.array.adders === 0 ? '' : formatFixed(100 * row.busy.adder, 1),
    formatFixed(row.area / 1e6, 3),
    formatFixed(row.areaWithMemory / 1e6, 2),
    formatFixed(row.clockLimit, 1),
    known(row.energy, 1),
    known(row.energyWithMemory, 1),
    formatFixed(relative.throughput, 3),
    formatFixed(relative.throughputWithMemory, 3),
    known(relative.energy, 3),
    known(relative.energyWithMemory, 3),
  ];
}

const notes = [
  'images/s at the clock of all rows, in a stream of images; MACs, adders: share of the time in which they compute.',
  'area: of the synthesised core; energy: of its gates on the data of an image. Memories by a model, as docs/hardware.md',
  'has it. clock limit: MHz, by an estimate of the longest path. The four columns at the end are fractions of the',
  'first row; throughputs are those on equal areas.',
];

export interface MeasuredTableText extends MeasuredTable {
  readonly network: string;
  readonly data: string;
  readonly memory: string;
  readonly goal: string;
}

/** `analytic`: the rows of Table I as computed, those of the paper among them. No line end behind the last line. */
export function printMeasuredTable(table: MeasuredTableText, analytic: readonly Table1Row[]): string {
  const { network, library, tool, goal, clockMHz, memory, data, rows } = table;
  const computed = analytic.map(({ name, energy, throughput, paper }) => [
    name,
    formatFixed(throughput, 3),
    formatFixed(energy, 3),
    ...(paper ? [`${paper.throughput}`, `${paper.energy}`] : ['', '']),
  ]);
  const arrays = new Map(rows.map(({ arrayName, array }) => [arrayName, array]));
  const about = [...arrays].map(([term, array]) => ({
    term,
    texts: [
      Object.entries(array)
        .filter(([name]) => name !== 'images' && (array.adders > 0 || !/adder|inputs|copies|ternary|gap/.test(name)))
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  }));
  return [
    printNote(
      `Table I measured for ${network} at 8 bits; ${library} for ${goal}, ${tool}; ${clockMHz} MHz; SRAM of ${memory}; images: ${data}`,
    ),
    '',
    alignTable(head, rows.map(lineOf)),
    '',
    ...notes.map((note) => printNote(note)),
    '',
    printNote("Computed with the paper's constants, fractions of its 16-bit baseline, for 224 x 224 pixels:"),
    '',
    alignTable(['', 'throughput', 'energy', "paper's", "paper's"], computed),
    '',
    printStatements(rows.map(({ name, configuration }) => ({ term: name, texts: [configuration] }))),
    '',
    printStatements(about),
  ].join('\n');
}
