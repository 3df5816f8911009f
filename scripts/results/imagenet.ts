/** The page of results/imagenet, from the figures of scripts/imagenet/calibrated.ts. */

import { existsSync, readdirSync } from 'node:fs';
import { differenceInterval } from '../../src/classifier/statistics.ts';
import { formatCount, formatFixed, formatKilobytes, formatSigned } from '../../src/report/format.ts';
import { calibratedRows } from '../imagenet/rows.ts';
import type { CalibratedFigures } from '../imagenet/stored.ts';
import { fillPage } from './pages.ts';
import { type Column, table } from './tables.ts';

const folder = 'results/imagenet';

/** A network on all parts of the classes that were measured. */
interface Pooled {
  readonly label: string;
  readonly images: number;
  readonly right: number;
  /** Of these images, how many the original has right. */
  readonly before: number;
  /** Of files and counts the mean: plans differ a little by what they were calibrated on. */
  readonly bytes: number;
  readonly multiplications?: number;
  /** In 8 bits, of int8's. */
  readonly in8Bits?: CalibratedFigures['in8Bits'];
  /** Images that only this one has right, and only the original. */
  readonly change?: { readonly gained: number; readonly lost: number };
  /** Beside the network in int8 and in int4 on the same images, where that was compared. */
  readonly against?: Partial<NonNullable<CalibratedFigures['against']>>;
  /** Images of which it says what the original says. */
  readonly same?: number;
}

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);
const mean = <T>(items: readonly T[], of: (item: T) => number) => sum(items, of) / items.length;

const countsOf = (label: string, runs: readonly CalibratedFigures[]) => ({
  label,
  images: sum(runs, ({ images }) => images),
  before: sum(runs, ({ right }) => right.original),
});

const poolCosts = (runs: readonly CalibratedFigures[]): CalibratedFigures['in8Bits'] => {
  const of = (kind: keyof CalibratedFigures['in8Bits']) => ({
    energy: mean(runs, ({ in8Bits }) => in8Bits[kind].energy),
    throughput: mean(runs, ({ in8Bits }) => in8Bits[kind].throughput),
  });
  return { dense: of('dense'), zeroSkipping: of('zeroSkipping') };
};

function poolAgainst(runs: readonly CalibratedFigures[]): Pick<Pooled, 'against'> {
  const of = (name: 'int8' | 'int4') => {
    const parts = runs.flatMap(({ against }) => against?.[name] ?? []);
    if (parts.length < runs.length) return {};
    return { [name]: { gained: sum(parts, ({ gained }) => gained), lost: sum(parts, ({ lost }) => lost) } };
  };
  return { against: { ...of('int8'), ...of('int4') } };
}

const poolRow = (label: string, runs: readonly CalibratedFigures[]): Pooled => ({
  ...countsOf(label, runs),
  right: sum(runs, ({ right }) => right.row),
  bytes: mean(runs, ({ bytes }) => bytes.row),
  in8Bits: poolCosts(runs),
  multiplications: mean(runs, ({ relative }) => relative.multiplications),
  change: { gained: sum(runs, ({ gained }) => gained), lost: sum(runs, ({ lost }) => lost) },
  ...poolAgainst(runs),
  same: sum(runs, ({ same }) => same),
});

/** A network that all rows of as many images share; its operations are the original's, counted in the same format. */
function poolControl(label: string, name: 'original' | 'int8' | 'int4', runs: readonly CalibratedFigures[]): Pooled[] {
  // that of the calibration as it is now, where there is one
  const order = runs.toSorted((a, b) => Number(a.earlier ?? false) - Number(b.earlier ?? false));
  const parts = [...new Set(order.map(({ part }) => part))].map((part) => order.find((one) => one.part === part)!);
  if (parts.length === 0 || parts.some(({ right }) => right[name] === undefined)) return [];
  const right = sum(parts, (one) => one.right[name]!);
  const bytes = mean(parts, (one) => one.bytes[name]!);
  const one = { energy: 1, throughput: 1 };
  const counted = name === 'original' ? {} : { in8Bits: { dense: one, zeroSkipping: one } };
  return [{ ...countsOf(label, parts), ...counted, right, bytes, multiplications: 1 }];
}

/** `+1.2 ± 1.9`: points of the difference, and half of its 95 % interval. */
function printPoints(change: { readonly gained: number; readonly lost: number }, images: number): string {
  const [from, to] = differenceInterval(change, images);
  return `${formatSigned((100 * (change.gained - change.lost)) / images, 1)} ± ${formatFixed(50 * (to - from), 1)}`;
}

/** The rows of most tables are calibrated on so many images. */
const usual = 500;

function tableOf(figures: readonly CalibratedFigures[]): string {
  const runsOf = (images: number) =>
    figures.filter(({ row }) => calibratedRows.find(({ name }) => name === row)?.images === images);
  const controlsOf = (images: number, note: string) =>
    (['int8', 'int4'] as const).flatMap((name) => poolControl(`${name}${note}`, name, runsOf(images)));
  const common = runsOf(usual);
  const [original] = poolControl('original, float', 'original', common.length > 0 ? common : figures);
  if (!original) throw new Error(`${folder}: expected figures of a network, found none`);
  const rows = calibratedRows.flatMap(({ name, label, images }) => {
    const runs = figures.filter((one) => one.row === name);
    const note = runs.some(({ earlier }) => earlier) ? ' \\*' : '';
    if (runs.length === 0) return [];
    const controls = images === usual ? [] : controlsOf(images, `, of ${images} images`);
    return [...controls, poolRow(`${label}${note}`, runs)];
  });
  const share = (value: number | undefined) => (value === undefined ? '' : formatFixed(value, 2));
  const columns: Column<Pooled>[] = [
    { title: '', cell: ({ label }) => label },
    { title: 'file, KB', cell: ({ bytes }) => formatKilobytes(bytes) },
    { title: 'of 16 bits', cell: ({ bytes }) => share((2 * bytes) / original.bytes) },
    { title: 'multiplications', cell: ({ multiplications }) => share(multiplications) },
    { title: 'energy, of int8', cell: ({ in8Bits }) => share(in8Bits?.dense.energy) },
    { title: 'zeros skipped', cell: ({ in8Bits }) => share(in8Bits?.zeroSkipping.energy) },
    { title: 'throughput, of int8', cell: ({ in8Bits }) => share(in8Bits?.dense.throughput) },
    { title: 'zeros skipped', cell: ({ in8Bits }) => share(in8Bits?.zeroSkipping.throughput) },
    { title: 'images', cell: ({ images }) => formatCount(images) },
    { title: 'top-1, %', cell: ({ right, images }) => formatFixed((100 * right) / images, 1) },
    {
      title: 'points',
      cell: (row) => {
        if (row === original) return '';
        if (row.change) return printPoints(row.change, row.images);
        return formatSigned((100 * (row.right - row.before)) / row.images, 1);
      },
    },
    {
      title: 'of int4',
      cell: ({ against, images }) => (against?.int4 ? printPoints(against.int4, images) : ''),
    },
    {
      title: 'as the original, %',
      cell: ({ same, images }) => (same === undefined ? '' : formatFixed((100 * same) / images, 1)),
    },
  ];
  const isMarked = figures.some(({ earlier }) => earlier);
  const note = '\\* By the calibration as it was before: all filters of a layer counted alike.';
  return [table(columns, [original, ...controlsOf(usual, ''), ...rows]), ...(isMarked ? [note] : [])].join('\n\n');
}

function describe(model: string, figures: readonly CalibratedFigures[]): string {
  const machines = [...new Set(figures.map(({ machine }) => machine))].join('; ');
  const dates = [...new Set(figures.map(({ date }) => date))].sort();
  const commands = calibratedRows.flatMap(({ name }) => figures.find((one) => one.row === name)?.command ?? []);
  return [
    `## \`${model}\``,
    tableOf(figures),
    `${machines}; ${dates.join(' to ')}. Commands, of the first part:`,
    commands.map((command) => `    ${command}`).join('\n'),
  ].join('\n\n');
}

/** The page, where there are figures. */
export function makeImageNetPage(read: (path: string) => string): [string, string][] {
  if (!existsSync(folder)) return [];
  const models = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const parts = models
    .sort()
    .map((name) => describe(name.replace('.json', ''), JSON.parse(read(`${folder}/${name}`)) as CalibratedFigures[]));
  const page = `${folder}/README.md`;
  return [[page, fillPage(page, read(page), { calibrated: parts.join('\n\n') })]];
}
