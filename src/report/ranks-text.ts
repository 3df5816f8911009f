/** What `tritbank bench mpi` prints. */

import type { RanksResult } from '../bench/ranks/records.ts';
import { formatCount, formatFixed, formatPercent } from './format.ts';
import { alignTable, printNote, printStatements } from './text-table.ts';

const milliseconds = (ms: number) => `${formatFixed(ms, ms < 1 ? 3 : 1)} ms`;

function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 2 ** 20 ? `${formatCount(bytes / 1024)} KiB` : `${formatFixed(bytes / 2 ** 20, 1)} MiB`;
}

/** Tables and statements. */
export function printRanks({ ranks, library, machine, sums, measured, step, scaling, half }: RanksResult): string {
  const sumTable = alignTable(
    ['sum over all ranks', 'time', 'MB/s'],
    sums.map(({ bytes, milliseconds: ms }) => [
      formatBytes(bytes),
      milliseconds(ms),
      formatCount(Math.round(bytes / ms / 1e3)),
    ]),
  );
  const facts = printStatements([
    { term: 'ranks', texts: [`${ranks}, ${library}`] },
    { term: 'machine', texts: [machine] },
    {
      term: 'link',
      texts: [`${formatFixed(1e6 * measured.latency, 1)} µs, ${formatFixed((8 * measured.bandwidth) / 1e9, 2)} Gbit/s`],
    },
    { term: 'network', texts: [`${step.network}, ${formatCount(step.parameters)} parameters`] },
    { term: 'step alone', texts: [`${milliseconds(step.alone)} for ${step.images} images of each rank, all at once`] },
    { term: 'together', texts: [`${milliseconds(step.together)}, ${formatBytes(step.bytes)} added up`] },
    { term: 'efficiency', texts: [`${formatPercent(step.efficiency, 1)} % of independent processes`] },
  ]);
  const share = (value: number) => formatPercent(value, 1);
  const scalingTable = alignTable(
    ['hosts (simulated), % of perfect', 'hosts', 'plain', 'fp16', 'overlap', 'both'],
    scaling.map((row) => [
      row.link,
      `${row.hosts}`,
      share(row.plain),
      share(row.half),
      share(row.overlapped),
      share(row.halfOverlapped),
    ]),
  );
  const halves = half.map(({ link, hosts }) => `${link}: ${hosts === undefined ? 'above 4096' : hosts}`).join('; ');
  const note = printNote(`Hosts at which sums take half of the step, without fp16 and overlap: ${halves}.`);
  return [facts, sumTable, scalingTable, note].join('\n\n');
}
