/** The compressed file beside the original and beside its control, the uncompressed network in int8: one row each. */

import type { Accuracy } from '../classifier/compare.ts';
import type { Interval } from '../classifier/statistics.ts';
import type { Compression } from '../compress/compress.ts';
import type { OriginalFile } from '../compress/deployment.ts';
import type { NetworkCost } from '../cost/records.ts';
import { formatInterval } from './accuracy-words.ts';
import type { Column } from './columns.ts';
import { formatCount, formatFixed, formatKilobytes, formatPercent } from './format.ts';

export interface DeploymentRow {
  readonly name: string;
  readonly file: OriginalFile;
  readonly cost: NetworkCost;
  /** On an accelerator with memory energies. */
  readonly withMemory: NetworkCost;
  readonly top1: number | undefined;
  readonly interval?: Interval | undefined;
}

type Compared = Pick<Compression, 'result' | 'before' | 'after' | 'control' | 'fourBits' | 'withMemory'>;

const formOf = ({ forms }: Compared['result']) =>
  forms.activations === 'int8' ? 'int8' : `${forms.filters} filters, float activations`;

const pick = (accuracy: Partial<Accuracy> | undefined) => ({ top1: accuracy?.top1, interval: accuracy?.interval });

export function deploymentRows({ result, before, after, control, fourBits, withMemory }: Compared): DeploymentRow[] {
  const { accuracy, originalFile } = result;
  const isWhole = result.control.forms.activations === 'int8';
  return [
    { name: 'original', file: originalFile, cost: before, withMemory: withMemory.before, ...pick(accuracy?.before) },
    {
      name: `uncompressed, ${isWhole ? 'int8' : 'int8 weights'}`,
      file: result.control,
      cost: control,
      withMemory: withMemory.control,
      ...pick(result.control),
    },
    ...(result.fourBits && fourBits && withMemory.fourBits
      ? [
          {
            name: 'uncompressed, int4',
            file: result.fourBits,
            cost: fourBits,
            withMemory: withMemory.fourBits,
            ...pick(result.fourBits),
          },
        ]
      : []),
    {
      name: `compressed, ${formOf(result)}`,
      file: result,
      cost: after,
      withMemory: withMemory.after,
      ...pick(accuracy?.after),
    },
  ];
}

const none = '–';
const or = <T>(value: T | undefined, format: (value: T) => string) => (value === undefined ? none : format(value));

/** Energies relative to those of `before`, the original at 16 bits. */
export function deploymentColumns({ result, before, withMemory }: Compared): Column<DeploymentRow>[] {
  const energy = ({ cost }: DeploymentRow) => cost.energy / before.energy;
  const totalOf = ({ energy: arithmetic, memoryEnergy }: NetworkCost) => arithmetic + memoryEnergy;
  const total = (row: DeploymentRow) => totalOf(row.withMemory) / totalOf(withMemory.before);
  return [
    { head: 'file (KB)', hint: 'On disk; 1 KB is 1024 bytes', cell: ({ file }) => or(file.bytes, formatKilobytes) },
    {
      head: 'weights (KB)',
      hint: "At run time, as this toolkit's kernels read them",
      cell: ({ file }) => or(file.runtime?.weightBytes, formatKilobytes),
    },
    {
      head: 'activations (KB)',
      hint: 'At run time, buffers shared',
      cell: ({ file }) => or(file.runtime?.activationBytes, formatKilobytes),
    },
    {
      head: 'latency (ms)',
      hint: "Of one image in this toolkit's runtime on one thread: median of warm runs",
      cell: ({ file }) => or(file.runtime?.milliseconds, (value) => formatFixed(value, 2)),
    },
    {
      head: 'arithmetic energy',
      hint: "Of the accelerator model, relative to the original's at 16 bits",
      cell: (row) => formatFixed(energy(row), 3),
    },
    {
      head: 'with memory',
      hint: `Energy of arithmetic and memory by accelerator model ${withMemory.before.accelerator}, relative to the original's`,
      cell: (row) => formatFixed(total(row), 3),
    },
    {
      head: result.labels === 'original' ? 'as the original (%)' : 'top-1 (%)',
      hint: "With Wilson's 95 % interval",
      cell: ({ top1, interval }) =>
        or(top1, (value) => `${formatPercent(value)}${interval ? ` (${formatInterval(interval)})` : ''}`),
    },
  ];
}

/** Where a control is at least as good as the compressed network, what that means; else undefined. */
export function judgeControl({ result }: Pick<Compared, 'result'>): string | undefined {
  const { control, fourBits, accuracy, bytes } = result;
  const { uniform } = result.config;
  // int8 beside int8
  if (uniform && 'bits' in uniform && uniform.bits === 8) return undefined;
  const isNoWorse = (one: typeof control) =>
    one.bytes <= bytes && (one.top1 === undefined || !accuracy || one.top1 >= accuracy.after.top1);
  if (!isNoWorse(control)) {
    if (!fourBits || !isNoWorse(fourBits)) return undefined;
    const figures = `${formatCount(fourBits.bytes)} bytes against ${formatCount(bytes)}`;
    return `the network with all filters in 4 bits is smaller (${figures}) and no less accurate (--uniform int4): what is gained over it is additions in place of multiplications`;
  }
  const sizes = `${formatCount(control.bytes)} bytes against ${formatCount(bytes)}`;
  const accurate = control.top1 === undefined ? '' : ' and no less accurate';
  const more = result.forms.activations === 'int8' ? '' : ' (--activations int8 makes the compressed file smaller)';
  return `the uncompressed network in int8 is smaller (${sizes})${accurate}: on disk nothing is gained over it${more}`;
}
