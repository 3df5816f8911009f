import { describe, expect, test } from 'vitest';
import { makeCost, makeLayer, makeNode, makeSweep } from '../../test/browser/cost-records.ts';
import { noCounts } from '../cost/conventions.ts';
import type { NetworkCost } from '../cost/records.ts';
import { storageSchemes } from '../cost/storage.ts';
import { scaleEnergy } from './energy-unit.ts';
import { costCsv, printCost, printSweep, sweepCsv } from './index.ts';
import { alignTable } from './text-table.ts';

const layers = [
  makeLayer({
    name: 'conv',
    kind: 'conv',
    method: 'hybrid',
    filters: 16,
    fullPrecision: 8,
    hidden: 10,
    parameters: 592,
    bytes: 624,
    macs: 2_500_000,
    products: 125_000,
    additions: 4_000_000,
    utilisation: 0.934,
  }),
  makeLayer({ name: 'depthwise\n1', kind: 'depthwise', filters: 16, bytes: 640, macs: 1_800_000, utilisation: 0.545 }),
  makeLayer({ name: 'classifier', kind: 'classifier', method: 'twn', filters: 1000, fullPrecision: 0, bytes: 131_072 }),
];

const linesOf = (cost: NetworkCost) => printCost(cost).split('\n');

/** The texts that stand beside a term. */
function textsOf(cost: NetworkCost, term: string): string[] {
  const lines = linesOf(cost);
  const start = lines.findIndex((line) => line.startsWith(`${term} `));
  if (start < 0) return [];
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(' '));
  return lines.slice(start, end < 0 ? undefined : end).map((line) => line.slice(37).trim());
}

describe('cost', () => {
  // energies: 2.5 + 0.125 + 0.2 * 4 = 3.425; 1.8; 0; 3.425 / 5.225 = 65.6 %
  test('layers, total, and the network in words', () => {
    expect(linesOf(makeCost(layers, { outputScales: 512 }))).toEqual([
      'layer              kind  method  fp+ternary   r  parameters  size (KB)  MACs (M)  products (M)  additions (M)  energy (M)  share (%)  busy (%)',
      '-'.repeat(142),
      'conv               conv  hybrid         8+8  10         592       0.61     2.500         0.125          4.000       3.425       65.6      93.4',
      'depthwise 1   depthwise      fp        16+0   –           0       0.63     1.800             0              0       1.800       34.4      54.5',
      'classifier   classifier     twn      0+1000   –           0      128.0         0             0              0       0.000        0.0         –',
      '-'.repeat(142),
      'total                                                   592      129.2     4.300         0.125          4.000       5.225      100.0      91.7',
      '',
      'size                                   129.2 KB, 49.06 % of full precision at 16 bits',
      'multiplications                        4.425 M, 53.39 % of full precision',
      'additions, those inside MACs left out  4.000 M',
      'additions, those inside MACs included  8.300 M',
      'energy of the arithmetic               5.225 M 16-bit MAC, 0.7211 of full precision; memory is not in it',
      'throughput at the best split           0.9925 of full precision; 52.5 % of the area in MAC units, all units busy',
      'throughput at the fixed split          0.9101 of full precision; 51.6 % of the area in MAC units, 91.7 % busy on average',
      'peak activation memory                 1,274.0 KB',
      'traffic                                2,048.0 KB of weights, inputs and outputs',
      'arithmetic intensity                   26.01 operations a byte',
      'accelerator                            paper, fp16',
      'operations counted                     every ternary weight is an addition, zeros too',
      '                                       a bias is an addition per output',
      '                                       scales behind ternary filters left out',
      '                                       operators outside of layers left out',
      'storage scheme                         ternary weights at 2 bits',
      '                                       full-precision filters at 16 bits, depthwise ones at 32 bits',
      '                                       other values at 32 bits',
      'scales behind ternary filters          512, left out of size and operations',
    ]);
  });

  test('a file: its size on disk, what of the count is structure, and its 8-bit activations', () => {
    const scheme = storageSchemes['packed-int8'];
    const cost = makeCost(layers, { scheme, activations: 'int8', structureBytes: 2048, outputScales: 512 });
    const lines = printCost(cost, { fileBytes: 135_000 }).split('\n');
    expect(lines[8]).toBe('size                                   129.2 KB, 49.06 % of full precision at 16 bits');
    expect(lines[9]).toBe('file                                   131.8 KB on disk');
    expect(textsOf(cost, 'nodes, names and shapes')).toEqual(['2.00 KB of the size']);
    expect(textsOf(cost, 'activations')).toEqual(['8 bits; layers are those of the float network']);
    expect(textsOf(cost, 'storage scheme')).toEqual([
      'five ternary weights to a byte',
      'full-precision filters at 8 bits, depthwise ones at 8 bits',
      'other values at 32 bits',
      'a scale for each filter at 32 bits',
      'nodes, names and shapes counted',
    ]);
    expect(textsOf(cost, 'scales behind ternary filters')).toEqual(['512, left out of operations']);
  });

  test('the other conventions, another scheme, several images, an unknown shape', () => {
    const cost = makeCost(layers, {
      conventions: { ternary: 'zero-skipping', biases: 'preloaded', outputScales: 'counted', elementwise: 'counted' },
      scheme: { packing: 'five-trit', filterBits: 8, depthwiseBits: 8, otherBits: 1, outputScaleBits: 0 },
      outputScales: 1200,
      batch: 8,
      peakActivationBytes: Number.NaN,
    });
    expect(textsOf(cost, 'operations counted')).toEqual([
      'ternary weights of zero are no additions',
      'biases are in the accumulators from the start: no additions',
      'scales behind ternary filters counted',
      'operators outside of layers counted',
    ]);
    expect(textsOf(cost, 'storage scheme')).toEqual([
      'five ternary weights to a byte',
      'full-precision filters at 8 bits, depthwise ones at 8 bits',
      'other values at 1 bit',
    ]);
    expect(textsOf(cost, 'scales behind ternary filters')).toEqual(['1,200, left out of size']);
    expect(textsOf(cost, 'images per inference')).toEqual(['8']);
    expect(textsOf(cost, 'peak activation memory')).toEqual(['unknown, since the shape of a value is unknown']);
    const counted = { ...cost, scheme: { ...cost.scheme, outputScaleBits: 16 } };
    expect(textsOf(counted, 'scales behind ternary filters')).toEqual([]);
    expect(textsOf(counted, 'storage scheme')).toContain('scales behind ternary filters at 16 bits');
  });

  test('energy of memory, operators outside of layers with a cost, unknown operators', () => {
    const others = [
      makeLayer({ name: 'Add', kind: 'other', additions: 1_000_000, utilisation: 0.4 }),
      makeLayer({ name: 'Relu', kind: 'other' }),
    ];
    const moving = layers.map((layer) => ({ ...layer, memoryEnergy: 1e9 }));
    const unknown = [
      { op: 'com.microsoft.Fused\nConv', nodes: 1, elements: 25_088 },
      { op: 'Einsum', nodes: 2, elements: 7 },
    ];
    const lines = linesOf(makeCost([...moving, ...others], { energyUnit: 'pJ', unknown }));
    expect(lines[0]).toContain('arithmetic (mJ)  share (%)  memory (mJ)  busy (%)');
    expect(lines.filter((line) => /^(Add|Relu)/.test(line))).toEqual([
      'Add               other       –           –   –           0       0.00         0             0          1.000            0.000        3.7        0.000      40.0',
    ]);
    // 5.225 M pJ are 0.005 mJ
    expect(lines).toContain(
      'energy                                 3.005 mJ, 0.6813 of full precision (arithmetic 0.005, 0.7211; memory 3.000, 0.6530)',
    );
    expect(lines.at(-1)).toBe(
      'warning: the totals leave out operators of which nothing is known: ' +
        'com.microsoft.Fused Conv (1 node, 25,088 output elements), Einsum (2 nodes, 7 output elements)',
    );
  });

  test('nodes instead of layers', () => {
    const nodes = [
      makeNode({ name: 'conv_fp', op: 'Conv', layer: 'conv', parameters: 224, outputBytes: 100_352, macs: 2_709_504 }),
      makeNode({ name: 'relu', op: 'Relu', outputBytes: 512, counts: { ...noCounts, comparisons: 200_704 } }),
    ];
    const counts = { ...noCounts, comparisons: 200_704 };
    expect(
      printCost(makeCost([], { nodes, counts, macs: 2_709_504 }), { nodes: true })
        .split('\n')
        .slice(0, 6),
    ).toEqual([
      'node     operator  layer  parameters  output (KB)  MACs (M)  products (M)  additions (M)  comparisons (M)  functions (M)',
      '-'.repeat(120),
      'conv_fp      Conv   conv         224        98.00     2.710             0              0                0              0',
      'relu         Relu      –           0         0.50         0             0              0            0.201              0',
      '-'.repeat(120),
      'total                                                 2.710             0              0            0.201              0',
    ]);
  });

  test('a network that does nothing', () => {
    const lines = linesOf(makeCost([makeLayer({ name: 'a' })]));
    expect(lines[2]).toBe(
      'a      pointwise      fp         0+0  –           0       0.00         0             0              0   0.000          –         –',
    );
  });
});

test('energies get a unit that leaves readable numbers', () => {
  expect(scaleEnergy('pJ', 38.5e6)).toEqual({ unit: 'µJ', short: 'µJ', divisor: 1e6 });
  expect(scaleEnergy('pJ', 999)).toEqual({ unit: 'pJ', short: 'pJ', divisor: 1 });
  expect(scaleEnergy('uJ', 2500)).toEqual({ unit: 'mJ', short: 'mJ', divisor: 1000 });
  expect(scaleEnergy('J', 0.002).unit).toBe('mJ');
  expect(0.002 / scaleEnergy('J', 0.002).divisor).toBeCloseTo(2, 12);
  expect(scaleEnergy('J', 1e9)).toEqual({ unit: 'J', short: 'J', divisor: 1 });
  expect(scaleEnergy('MAC', 108.2e6)).toEqual({ unit: 'M MAC', short: 'M', divisor: 1e6 });
  expect(scaleEnergy('MAC', 12)).toEqual({ unit: 'MAC', short: '', divisor: 1 });
  expect(scaleEnergy('pJ', 0)).toEqual({ unit: 'pJ', short: 'pJ', divisor: 1 });
});

test('a text table: first column left, others right, no spaces at line ends', () => {
  const table = alignTable(
    ['a', 'b', 'c'],
    [
      ['long\tname\x1b', '1', '*'],
      ['x', '12,345', ''],
      ['𝟙𝟙', 'é', ''],
    ],
    ['sum', '2', ''],
  );
  expect(table.split('\n')).toEqual([
    'a                b  c',
    '---------------------',
    'long name\ufffd       1  *',
    'x           12,345',
    '𝟙𝟙               é',
    '---------------------',
    'sum              2',
  ]);
});

describe('sweep', () => {
  const relative = { size: 0.49063, multiplications: 0.53387, energy: 0.72114, throughput: 0.99249 };
  const [first] = makeSweep([0.5], [1.25]);
  const points = [
    {
      ...first!,
      alpha: 0.1 + 0.2,
      bytes: 1_301_299,
      multiplications: 79_812_000,
      additions: 144_166_000,
      relative,
      pareto: true,
    },
    { ...first!, alpha: 1, widthRatio: 2, bytes: 512, multiplications: 0, additions: 0, relative, pareto: false },
  ];

  test('text', () => {
    expect(printSweep(points).split('\n')).toEqual([
      'alpha  width ratio  size (KB)  of 16 bit (%)  multiplications (M)  additions (M)  energy  throughput  Pareto',
      '-'.repeat(108),
      '0.3           1.25    1,270.8           49.1               79.812        144.166  0.7211      0.9925       *',
      '1                2       0.50           49.1                    0              0  0.7211      0.9925',
      '',
      'energy (of the arithmetic), throughput: relative to the same architecture in full precision',
      '*: no other point is at least as good in size, energy and throughput, and better in one',
    ]);
  });

  test('CSV has every digit', () => {
    const arithmetic = {
      macs: 70_000_000,
      products: 1_250_000,
      additionsWithMacs: 214_166_000,
      parameters: 7,
      energy: 1 / 3,
    };
    const infinite = { ...relative, throughput: Number.POSITIVE_INFINITY };
    expect(
      sweepCsv([
        { ...points[0]!, ...arithmetic },
        { ...points[1]!, ...arithmetic, relative: infinite },
      ]),
    ).toBe(
      'alpha,widthRatio,parameters,bytes,macs,products,multiplications,additions,additionsWithMacs,energy,' +
        'relativeSize,relativeMultiplications,relativeEnergy,relativeThroughput,relativeTotalEnergy,loss,pareto\r\n' +
        '0.30000000000000004,1.25,7,1301299,70000000,1250000,79812000,144166000,214166000,0.3333333333333333,' +
        '0.49063,0.53387,0.72114,0.99249,,,true\r\n' +
        '1,2,7,512,70000000,1250000,0,0,214166000,0.3333333333333333,0.49063,0.53387,0.72114,,,,false\r\n',
    );
  });
});

test('CSV of layers and nodes: names are quoted where they have to be', () => {
  const named = makeLayer({ name: 'a "b", c\r\nd', filters: 4, macs: 9, counts: { ...noCounts, biases: 3 } });
  const other = makeLayer({ name: 'Add', kind: 'other', additions: 5, utilisation: Number.NaN });
  const nodes = [makeNode({ name: 'n', op: 'Conv', layer: 'x,y', products: 2 }), makeNode({ name: 'm', op: 'Relu' })];
  const cost = makeCost([named, other], { nodes });
  expect(costCsv(cost)).toBe(
    'name,kind,method,filters,fullPrecision,hidden,parameters,bytes,macs,products,multiplications,additions,' +
      'additionsWithMacs,ternary,ternaryNonZero,biases,scales,outputScales,elementwiseMultiplications,' +
      'elementwiseAdditions,comparisons,functions,inputBytes,outputBytes,intensity,energy,memoryEnergy,utilisation\r\n' +
      '"a ""b"", c\r\nd",pointwise,fp,4,4,0,0,0,9,0,9,0,9,0,0,3,0,0,0,0,0,0,0,0,0,9,0,0\r\n' +
      'Add,other,,0,0,0,0,0,0,0,0,5,5,0,0,0,0,0,0,0,0,0,0,0,0,1,0,\r\n',
  );
  expect(costCsv(cost, { nodes: true })).toBe(
    'name,op,layer,parameters,outputBytes,macs,products,multiplications,additions,additionsWithMacs,ternary,' +
      'ternaryNonZero,biases,scales,outputScales,elementwiseMultiplications,elementwiseAdditions,comparisons,functions\r\n' +
      'n,Conv,"x,y",0,0,0,2,2,0,0,0,0,0,0,0,0,0,0,0\r\n' +
      'm,Relu,,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\r\n',
  );
});
