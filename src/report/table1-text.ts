/** Table I of the paper on the terminal: our figures, the printed ones, the residual; then what each row is. */

import type { Table1, Table1Row } from '../cost/table1.ts';
import { formatFixed, formatSigned } from './format.ts';
import { alignTable, printNote, printStatements } from './text-table.ts';

const head = [
  '',
  'top-1 (%)',
  'size (KB)',
  'mults (M)',
  '(%)',
  'adds (M)',
  '(%)',
  '+ MACs (M)',
  '(%)',
  'energy',
  'throughput',
];

const millions = (count: number) => formatFixed(count / 1e6, 2);

function computedLine(row: Table1Row): string[] {
  const { change } = row;
  return [
    row.name,
    '',
    formatFixed(row.sizeKB, 2),
    millions(row.multiplications),
    formatSigned(change.multiplications),
    millions(row.additions),
    formatSigned(change.additions),
    millions(row.additionsWithMacs),
    formatSigned(change.additionsWithMacs),
    formatFixed(row.energy, 4),
    formatFixed(row.throughput, 4),
  ];
}

/** The printed figures with the digits that they have, and what ours differ by. */
function paperLines({ paper, residual }: Table1Row): string[][] {
  if (!paper || !residual) return [];
  const includesMacs = paper.additionsInclude === 'macs';
  const printed = (value: number | undefined) =>
    value === undefined ? '' : `${value > 0 ? '+' : ''}${value}`.replace('-', '−');
  const difference = (value: number | undefined, digits = 2) =>
    value === undefined ? '' : formatSigned(value, digits);
  const line = (
    name: string,
    top1: string,
    size: string,
    multiplications: string,
    additions: string,
    rest: string[],
  ) => [
    name,
    top1,
    size,
    '',
    multiplications,
    '',
    includesMacs ? '' : additions,
    '',
    includesMacs ? additions : '',
    ...rest,
  ];
  return [
    line(
      '  paper',
      `${paper.top1}`,
      `${paper.sizeKB}`,
      printed(paper.multiplicationsChange),
      printed(paper.additionsChange),
      [`${paper.energy}`, `${paper.throughput}`],
    ),
    line(
      '  residual',
      '',
      difference(residual.sizeKB),
      difference(residual.multiplicationsChange),
      difference(residual.additionsChange),
      [difference(residual.energy, 4), difference(residual.throughput, 4)],
    ),
  ];
}

const notes = [
  'top-1 is the figure that the paper prints for ImageNet; nothing is trained here.',
  'mults: MACs, and products with the scales a. adds: additions by ternary weights and biases; those inside MACs are left out, ' +
    'and included in the column behind. Changes are against the multiplications and against the MACs of the baseline.',
  'energy, throughput: as fractions of the baseline, at equal area. Zeros skipped: those of freshly drawn factors.',
];

/** No line end behind the last line. */
export function printTable1({ network, accelerator, rows }: Table1): string {
  const table = alignTable(
    head,
    rows.flatMap((row) => [computedLine(row), ...paperLines(row)]),
  );
  const configurations = rows.map((row) => ({ term: row.name, texts: [row.configuration] }));
  const title = `Table I for ${network}, accelerator model '${accelerator}'`;
  return [title, '', table, '', ...notes.map((note) => printNote(note)), '', printStatements(configurations)].join(
    '\n',
  );
}
