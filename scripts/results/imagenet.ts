/** The page of results/imagenet, from the figures of scripts/imagenet/calibrated.ts. */

import { existsSync, readdirSync } from 'node:fs';
import { formatCount, formatFixed, formatKilobytes, formatSigned } from '../../src/report/format.ts';
import { calibratedRows } from '../imagenet/rows.ts';
import type { CalibratedFigures } from '../imagenet/stored.ts';
import { fillPage } from './pages.ts';
import { type Column, table } from './tables.ts';

const folder = 'results/imagenet';

/** A network on all halves that were measured. */
interface Pooled {
  readonly label: string;
  readonly images: number;
  readonly right: number;
  /** Of files and counts the mean: plans of two halves differ a little. */
  readonly bytes: number;
  readonly energy: number;
  readonly multiplications: number;
  /** Images that only this one has right, and only the original. */
  readonly change?: { readonly gained: number; readonly lost: number };
  /** Images of which it says what the original says. */
  readonly same?: number;
}

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0);
const mean = <T>(items: readonly T[], of: (item: T) => number) => sum(items, of) / items.length;

function poolRow(label: string, runs: readonly CalibratedFigures[]): Pooled {
  return {
    label,
    images: sum(runs, (run) => run.images),
    right: sum(runs, (run) => run.right.row),
    bytes: mean(runs, (run) => run.bytes.row),
    energy: mean(runs, (run) => run.relative.energy),
    multiplications: mean(runs, (run) => run.relative.multiplications),
    change: { gained: sum(runs, (run) => run.gained), lost: sum(runs, (run) => run.lost) },
    same: sum(runs, (run) => run.same),
  };
}

/** Operations of the controls: the original's, counted in the same format. */
const same = { energy: 1, multiplications: 1 } as const;

/** The original and its controls, which all rows of a half share. */
function poolControls(figures: readonly CalibratedFigures[]): Pooled[] {
  const halves = [...new Set(figures.map(({ half }) => half))].map((half) => figures.find((one) => one.half === half)!);
  const images = sum(halves, (one) => one.images);
  const int4 = halves.filter(({ right }) => right.int4 !== undefined);
  return [
    {
      ...same,
      label: 'original, float',
      images,
      right: sum(halves, ({ right }) => right.original),
      bytes: mean(halves, ({ bytes }) => bytes.original),
    },
    {
      ...same,
      label: 'int8',
      images,
      right: sum(halves, ({ right }) => right.int8),
      bytes: mean(halves, ({ bytes }) => bytes.int8),
    },
    ...(int4.length === halves.length
      ? [
          {
            ...same,
            label: 'int4',
            images,
            right: sum(int4, ({ right }) => right.int4!),
            bytes: mean(int4, ({ bytes }) => bytes.int4!),
          },
        ]
      : []),
  ];
}

/** Half of a paired difference's 95 % interval, in points. */
function halfWidth({ gained, lost }: { readonly gained: number; readonly lost: number }, images: number): number {
  return (196 * Math.sqrt(Math.max(0, gained + lost - (gained - lost) ** 2 / images))) / images;
}

function tableOf(figures: readonly CalibratedFigures[]): string {
  const controls = poolControls(figures);
  const original = controls[0]!;
  const rows = calibratedRows.flatMap(({ name, label }) => {
    const runs = figures.filter((one) => one.row === name);
    const note = runs.some(({ earlier }) => earlier) ? ' \\*' : '';
    return runs.length > 0 ? [poolRow(`${label}${note}`, runs)] : [];
  });
  const columns: Column<Pooled>[] = [
    { title: '', cell: ({ label }) => label },
    { title: 'file, KB', cell: ({ bytes }) => formatKilobytes(bytes) },
    { title: 'of 16 bits', cell: ({ bytes }) => formatFixed((2 * bytes) / original.bytes, 3) },
    { title: 'energy', cell: ({ energy }) => formatFixed(energy, 3) },
    { title: 'multiplications', cell: ({ multiplications }) => formatFixed(multiplications, 3) },
    { title: 'images', cell: ({ images }) => formatCount(images) },
    { title: 'top-1, %', cell: ({ right, images }) => formatFixed((100 * right) / images, 1) },
    {
      title: 'points',
      cell: (row) => {
        if (row === original) return '';
        const of = figures.filter(({ half }) => row.images === original.images || half === 1);
        const base = row.images === original.images ? original.right : of[0]!.right.original;
        const points = formatSigned((100 * (row.right - base)) / row.images, 1);
        return row.change ? `${points} ± ${formatFixed(halfWidth(row.change, row.images), 1)}` : points;
      },
    },
    {
      title: 'as the original, %',
      cell: ({ same, images }) => (same === undefined ? '' : formatFixed((100 * same) / images, 1)),
    },
  ];
  const isMarked = figures.some(({ earlier }) => earlier);
  const note = '\\* By the calibration as it was before: all filters of a layer counted alike.';
  return [table(columns, [...controls, ...rows]), ...(isMarked ? [note] : [])].join('\n\n');
}

function describe(model: string, figures: readonly CalibratedFigures[]): string {
  const machines = [...new Set(figures.map(({ machine }) => machine))].join('; ');
  const dates = [...new Set(figures.map(({ date }) => date))].sort();
  const commands = calibratedRows.flatMap(({ name }) => figures.find((one) => one.row === name)?.command ?? []);
  return [
    `## \`${model}\``,
    tableOf(figures),
    `${machines}; ${dates.join(' to ')}. Commands, of the first half:`,
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
