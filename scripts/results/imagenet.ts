/** The page of results/imagenet, from the figures of scripts/imagenet/calibrated.ts. */

import { existsSync, readdirSync } from 'node:fs';
import { differenceInterval } from '../../src/classifier/statistics.ts';
import { formatCount, formatFixed, formatKilobytes, formatSigned } from '../../src/report/format.ts';
import { calibratedRows } from '../imagenet/rows.ts';
import type { CalibratedFigures } from '../imagenet/stored.ts';
import { drawAccuracyAgainst, type Plotted } from './charts.ts';
import { fillPage } from './pages.ts';
import { type Column, table } from './tables.ts';

const folder = 'results/imagenet';

/** A network on all parts of the classes that were measured. */
interface Pooled {
  readonly label: string;
  readonly color: string;
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

const poolRow = (label: string, color: string, runs: readonly CalibratedFigures[]): Pooled => ({
  ...countsOf(label, runs),
  color,
  right: sum(runs, ({ right }) => right.row),
  bytes: mean(runs, ({ bytes }) => bytes.row),
  in8Bits: poolCosts(runs),
  multiplications: mean(runs, ({ relative }) => relative.multiplications),
  change: { gained: sum(runs, ({ gained }) => gained), lost: sum(runs, ({ lost }) => lost) },
  ...poolAgainst(runs),
  same: sum(runs, ({ same }) => same),
});

const controlColors = { original: 'var(--fp)', int8: 'var(--extra-1)', int4: 'var(--extra-0)' } as const;

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
  const color = controlColors[name];
  return [{ ...countsOf(label, parts), ...counted, color, right, bytes, multiplications: 1 }];
}

/** `+1.2 ± 1.9`: points of the difference, and half of its 95 % interval. */
function printPoints(change: { readonly gained: number; readonly lost: number }, images: number): string {
  const [from, to] = differenceInterval(change, images);
  return `${formatSigned((100 * (change.gained - change.lost)) / images, 1)} ± ${formatFixed(50 * (to - from), 1)}`;
}

/** The rows of most tables are calibrated on so many images. */
const usual = 500;

/** The original, then its controls and what it became. */
function poolAll(figures: readonly CalibratedFigures[]): { original: Pooled; others: Pooled[] } {
  const runsOf = (images: number) =>
    figures.filter(({ row }) => calibratedRows.find(({ name }) => name === row)?.images === images);
  const controlsOf = (images: number, note: string) =>
    (['int8', 'int4'] as const).flatMap((name) => poolControl(`${name}${note}`, name, runsOf(images)));
  const common = runsOf(usual);
  const [original] = poolControl('original, float', 'original', common.length > 0 ? common : figures);
  if (!original) throw new Error(`${folder}: expected figures of a network, found none`);
  const rows = calibratedRows.flatMap(({ name, label, color, images }) => {
    const runs = figures.filter((one) => one.row === name);
    const note = runs.some(({ earlier }) => earlier) ? ' \\*' : '';
    if (runs.length === 0) return [];
    const controls = images === usual ? [] : controlsOf(images, `, of ${images} images`);
    return [...controls, poolRow(`${label}${note}`, color, runs)];
  });
  return { original, others: [...controlsOf(usual, ''), ...rows] };
}

function tableOf(figures: readonly CalibratedFigures[]): string {
  const { original, others } = poolAll(figures);
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
      title: 'beside int4',
      cell: ({ against, images }) => (against?.int4 ? printPoints(against.int4, images) : ''),
    },
    {
      title: 'as the original, %',
      cell: ({ same, images }) => (same === undefined ? '' : formatFixed((100 * same) / images, 1)),
    },
  ];
  const isMarked = figures.some(({ earlier }) => earlier);
  const note = '\\* By the calibration as it was before: all filters of a layer counted alike.';
  return [table(columns, [original, ...others]), ...(isMarked ? [note] : [])].join('\n\n');
}

const charts = {
  size: {
    x: 'File, of the original at 16 bits (%)',
    cost: (row: Pooled, whole: Pooled) => (200 * row.bytes) / whole.bytes,
  },
  energy: {
    x: 'Energy with zeros skipped, of int8 (%)',
    cost: ({ in8Bits }: Pooled) => 100 * (in8Bits?.zeroSkipping.energy ?? 1),
  },
  multiplications: {
    x: 'Multiplications, of the original (%)',
    cost: ({ multiplications = 1 }: Pooled) => 100 * multiplications,
  },
} as const;

/** What is lost, with its interval, against what it costs; by the calibration as it is. */
function drawCharts(model: string, figures: readonly CalibratedFigures[]): [string, string][] {
  const { original, others } = poolAll(figures.filter(({ earlier }) => !earlier));
  return Object.entries(charts).map(([kind, { x, cost }]) => {
    const rows = others.map((row): Plotted => {
      const y = (100 * (row.right - row.before)) / row.images;
      const [low, high] = row.change ? differenceInterval(row.change, row.images).map((end) => 100 * end) : [y, y];
      return {
        label: row.label,
        color: row.color,
        x: cost(row, original),
        y,
        low: low!,
        high: high!,
      };
    });
    const title = `Top-1 accuracy of ${model} beside the original's against ${x}`;
    return [
      `${folder}/${model}-${kind}.svg`,
      drawAccuracyAgainst({ title, x, y: 'Points beside the original', unit: 'points', marginRight: 330 }, rows),
    ];
  });
}

function describe(model: string, figures: readonly CalibratedFigures[]): string {
  const machines = [...new Set(figures.map(({ machine }) => machine))].join('; ');
  const dates = figures.map(({ date }) => date).sort();
  const [first, last] = [dates[0], dates.at(-1)];
  const commands = calibratedRows.flatMap(({ name }) => figures.find((one) => one.row === name)?.command ?? []);
  return [
    `## \`${model}\``,
    tableOf(figures),
    [
      `![Points lost against size](${model}-size.svg)`,
      `![Points lost against energy, zeros skipped](${model}-energy.svg)`,
      `![Points lost against multiplications](${model}-multiplications.svg)`,
    ].join('\n'),
    `${machines}; ${first === last ? first : `${first} to ${last}`}. Commands, of the first part:`,
    commands.map((command) => `    ${command}`).join('\n'),
  ].join('\n\n');
}

/** The page, where there are figures. */
export function makeImageNetPage(read: (path: string) => string): [string, string][] {
  if (!existsSync(folder)) return [];
  const models = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name): [string, CalibratedFigures[]] => [
      name.replace('.json', ''),
      JSON.parse(read(`${folder}/${name}`)) as CalibratedFigures[],
    ]);
  const page = `${folder}/README.md`;
  const calibrated = models.map(([name, figures]) => describe(name, figures)).join('\n\n');
  return [
    ...models.flatMap(([name, figures]) => drawCharts(name, figures)),
    [page, fillPage(page, read(page), { calibrated })],
  ];
}
