/** What a cost measurement says besides its table, in words: lines on the terminal, facts on the page. */

import type { Conventions, CostSetting, NetworkCost } from '../cost/records.ts';
import type { Packing, StorageScheme } from '../cost/storage.ts';
import { energyScaleOf } from './cost-columns.ts';
import { formatCount, formatFixed, formatKilobytes, formatMillions, formatPercent, formatSetting } from './format.ts';
import type { Statement } from './text-table.ts';

const state = (term: string, ...texts: string[]): Statement => ({ term, texts });

/** A value with its unit, then what puts it in relation. */
export interface Figure {
  readonly term: string;
  readonly value: string;
  readonly unit: string;
  readonly relation: string;
}

/** The four figures that matter most. */
export function describeFigures(
  cost: NetworkCost,
): Readonly<Record<'size' | 'multiplications' | 'energy' | 'throughput', Figure>> {
  const { relative } = cost;
  return {
    size: {
      term: 'size',
      value: formatKilobytes(cost.bytes),
      unit: 'KB',
      relation: `${formatPercent(relative.size)} % of full precision at 16 bits`,
    },
    multiplications: {
      term: 'multiplications',
      value: formatMillions(cost.multiplications),
      unit: 'M',
      relation: `${formatPercent(relative.multiplications)} % of full precision`,
    },
    energy: describeEnergy(cost),
    throughput: {
      term: 'throughput at the best split',
      value: formatFixed(relative.throughput, 4),
      unit: '',
      relation: `of full precision${inOwnFormat(cost)}; ${describeSplit(cost.split)}, all units busy`,
    },
  };
}

/** All of it where the accelerator has memory energies, arithmetic and memory apart; else that of the arithmetic, which it says. */
function describeEnergy(cost: NetworkCost): Figure {
  const { energy, memoryEnergy, relative } = cost;
  const { unit, divisor } = energyScaleOf(cost);
  const amount = (value: number) => formatFixed(value / divisor, 3);
  const share = (value: number) => formatFixed(value, 4);
  const own = inOwnFormat(cost);
  if (relative.memoryEnergy === undefined || relative.totalEnergy === undefined) {
    const relation = `${share(relative.energy)} of full precision${own}; memory is not in it`;
    return { term: 'energy of the arithmetic', value: amount(energy), unit, relation };
  }
  const parts = [
    `arithmetic ${amount(energy)}, ${share(relative.energy)}`,
    `memory ${amount(memoryEnergy)}, ${share(relative.memoryEnergy)}`,
  ];
  return {
    term: 'energy',
    value: amount(energy + memoryEnergy),
    unit,
    relation: `${share(relative.totalEnergy)} of full precision${own} (${parts.join('; ')})`,
  };
}

/** Full precision is counted in the network's own number format: 8 bits are no gain of its own. */
const inOwnFormat = ({ format }: CostSetting) => (format === 'int8' ? ', in int8 too' : '');

const describeSplit = (split: number) => `${formatPercent(split, 1)} % of the area in MAC units`;

/** Under both conventions. */
export const describeAdditions = ({ additions, additionsWithMacs }: NetworkCost): readonly Statement[] => [
  state('additions, those inside MACs left out', `${formatMillions(additions)} M`),
  state('additions, those inside MACs included', `${formatMillions(additionsWithMacs)} M`),
];

/** Of the model's file, where its size is known. */
export const describeFile = (fileBytes: number | undefined): readonly Statement[] =>
  fileBytes === undefined ? [] : [state('file', `${formatKilobytes(fileBytes)} KB on disk`)];

const describePeak = (bytes: number) =>
  Number.isFinite(bytes) ? `${formatKilobytes(bytes)} KB` : 'unknown, since the shape of a value is unknown';

/** Further totals. */
export function describeTotals(cost: NetworkCost): readonly Statement[] {
  const { fixedSplit, batch, structureBytes } = cost;
  return [
    state(
      'throughput at the fixed split',
      `${formatFixed(fixedSplit.throughput, 4)} of full precision; ${describeSplit(fixedSplit.split)}, ` +
        `${formatPercent(fixedSplit.utilisation, 1)} % busy on average`,
    ),
    state('peak activation memory', describePeak(cost.peakActivationBytes)),
    state('traffic', `${formatKilobytes(cost.trafficBytes)} KB of weights, inputs and outputs`),
    state('arithmetic intensity', `${formatFixed(cost.intensity, 2)} operations a byte`),
    ...(structureBytes > 0
      ? [state('nodes, names and shapes', `${formatKilobytes(structureBytes)} KB of the size`)]
      : []),
    ...(cost.activations === 'int8' ? [state('activations', '8 bits; layers are those of the float network')] : []),
    ...(batch === 1 ? [] : [state('images per inference', formatCount(batch))]),
    ...describeSetting(cost),
    ...describeOutputScales(cost),
  ];
}

/** On what and how it was measured. */
export function describeSetting({ accelerator, format, conventions, scheme }: CostSetting): readonly Statement[] {
  return [
    state('accelerator', `${accelerator}, ${format}`),
    state('operations counted', ...describeConventions(conventions)),
    state('storage scheme', ...describeScheme(scheme)),
  ];
}

const describeConventions = ({ ternary, biases, outputScales, elementwise }: Conventions): string[] => [
  ternary === 'dense' ? 'every ternary weight is an addition, zeros too' : 'ternary weights of zero are no additions',
  biases === 'added'
    ? 'a bias is an addition per output'
    : 'biases are in the accumulators from the start: no additions',
  `scales behind ternary filters ${outputScales === 'counted' ? 'counted' : 'left out'}`,
  `operators outside of layers ${elementwise === 'counted' ? 'counted' : 'left out'}`,
];

/** `16 bits`, `1 bit`. */
const describeBits = (bits: number) => `${formatSetting(bits)} bit${bits === 1 ? '' : 's'}`;

const packingWords: Readonly<Record<Packing, string>> = {
  'two-bit': 'ternary weights at 2 bits',
  'five-trit': 'five ternary weights to a byte',
  entropy: 'ternary weights at the entropy of their frequencies',
};

function describeScheme(scheme: StorageScheme): string[] {
  const { packing, filterBits, depthwiseBits, otherBits, outputScaleBits, filterScaleBits = 0, structure } = scheme;
  return [
    packingWords[packing],
    `full-precision filters at ${describeBits(filterBits)}, depthwise ones at ${describeBits(depthwiseBits)}`,
    `other values at ${describeBits(otherBits)}`,
    ...(outputScaleBits > 0 ? [`scales behind ternary filters at ${describeBits(outputScaleBits)}`] : []),
    ...(filterScaleBits > 0 ? [`a scale for each filter at ${describeBits(filterScaleBits)}`] : []),
    ...(structure === 'counted' ? ['nodes, names and shapes counted'] : []),
  ];
}

/** Nothing where there are none, or where they are counted everywhere. */
function describeOutputScales({ outputScales, scheme, conventions }: NetworkCost): Statement[] {
  const absent = [
    ...(scheme.outputScaleBits > 0 || scheme.filterScaleBits ? [] : ['size']),
    ...(conventions.outputScales === 'counted' ? [] : ['operations']),
  ];
  if (outputScales === 0 || absent.length === 0) return [];
  return [state('scales behind ternary filters', `${formatCount(outputScales)}, left out of ${absent.join(' and ')}`)];
}

/** Which operators the totals leave out because nothing is known of them; undefined where all are known. */
export function describeUnknown({ unknown }: NetworkCost): string | undefined {
  if (unknown.length === 0) return undefined;
  const names = unknown.map(({ op, nodes, elements }) => {
    return `${op} (${formatCount(nodes)} ${nodes === 1 ? 'node' : 'nodes'}, ${formatCount(elements)} output elements)`;
  });
  return `the totals leave out operators of which nothing is known: ${names.join(', ')}`;
}
