/** The pages and charts that are made from stored runs, as texts by path. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatFixed } from '../../src/report/format.ts';
import { type DataName, dataNames, type NetworkName, networksOf } from '../cifar/setting.ts';
import { drawAccuracyAgainst, drawHistories, type Plotted } from './charts.ts';
import { formerNames, planAblations, recipeAblations } from './rows.ts';
import { readStored, type StoredRun } from './stored.ts';
import { type Summary, summarizeRows } from './summary.ts';
import { printAblations, printCycles, printDense, printRuns, printSparse, printSummary } from './tables.ts';
import { drawTrade } from './trade.ts';

/** A paragraph in lines of at most 118 columns. */
function wrap(paragraph: string): string {
  const lines = [''];
  for (const word of paragraph.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= 118) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

interface Network {
  /** The folder's name. */
  readonly name: NetworkName;
  readonly title: string;
  readonly runs: readonly StoredRun[];
  readonly summaries: readonly Summary[];
}

/** What is stored of a data set, in its folder below that of the results. */
interface Measured {
  readonly data: DataName;
  readonly title: string;
  readonly networks: readonly Network[];
}

const titles: Readonly<Record<NetworkName, string>> = {
  'mobilenet-v1-0.5': 'MobileNet-V1 0.5',
  'mobilenet-v1-0.5-160': 'MobileNet-V1 0.5 from ImageNet',
  'mobilenet-v2-0.35': 'MobileNet-V2 0.35',
  'mobilenet-v2-0.5': 'MobileNet-V2 0.5',
};
/** What networks see, other than the images as they are. */
const inputs: Readonly<Partial<Record<NetworkName, string>>> = { 'mobilenet-v1-0.5-160': 'images enlarged to 160x160' };
const dataTitles: Readonly<Record<DataName, string>> = { cifar10: 'CIFAR-10', cifar100: 'CIFAR-100' };

/** Rows of a network whose plan has another budget than that of others. */
const larger = { planned: "hybrid, planned at 60 % of the size, the paper's energy" };
const labels: Readonly<Partial<Record<NetworkName, Readonly<Record<string, string>>>>> = {
  'mobilenet-v2-0.35': larger,
  'mobilenet-v2-0.5': larger,
};

function rename(network: NetworkName, summary: Summary): Summary {
  const label = labels[network]?.[summary.row.name];
  return label === undefined ? summary : { ...summary, row: { ...summary.row, label } };
}

/** Test images of either data set. */
const testImages = 10_000;

function readMeasured(folder: string): Measured[] {
  return dataNames.flatMap((data): Measured[] => {
    const networks = networksOf(data).flatMap((name): Network[] => {
      const place = join(folder, data, name);
      const runs = existsSync(place) ? readStored(place) : [];
      const summaries = summarizeRows(runs).map((summary) => rename(name, summary));
      return runs.length > 0 ? [{ name, title: titles[name], runs, summaries }] : [];
    });
    return networks.length > 0 ? [{ data, title: dataTitles[data], networks }] : [];
  });
}

const charts = {
  size: {
    label: 'Size, of the original at 16 bits (%)',
    value: ({ shown: { bytes } }: Summary) => (100 * bytes.twoBit) / bytes.original,
  },
  energy: {
    label: 'Energy, of the original at 16 bits (%)',
    value: ({ shown: { dense } }: Summary) => 100 * dense.energy,
  },
  'energy-zeros-skipped': {
    label: 'Energy with zeros skipped, of the original at 16 bits (%)',
    value: ({ shown: { zeroSkipping } }: Summary) => 100 * zeroSkipping.energy,
  },
} as const;

/** With its seeds. */
function plot({ row: { label, color }, top1, runs }: Summary, x: number): Plotted {
  const accuracies = [top1, ...runs.map((run) => run.top1)].map((share) => 100 * share);
  return { label, color, x, y: 100 * top1, low: Math.min(...accuracies), high: Math.max(...accuracies) };
}

const drawCharts = (folder: string, { name, title, summaries }: Network): [string, string][] => [
  ...Object.entries(charts).map(([kind, axis]): [string, string] => [
    join(folder, name, `accuracy-${kind}.svg`),
    drawAccuracyAgainst(
      { title: `Top-1 accuracy against ${axis.label}`, x: axis.label, y: 'Top-1 accuracy (%)', unit: '%' },
      summaries.map((summary) => plot(summary, axis.value(summary))),
    ),
  ]),
  [join(folder, name, 'histories.svg'), drawHistories(summaries)],
  // the picture of the README
  ...(name === 'mobilenet-v1-0.5'
    ? [[join(folder, name, 'trade.svg'), drawTrade(title, summaries)] satisfies [string, string]]
    : []),
];

function describeNetwork({ name, title, runs, summaries }: Network): string {
  const ablation = printAblations(runs, recipeAblations);
  const choices = printAblations(runs, planAblations);
  const cycles = printCycles(runs);
  const image = (kind: string, text: string) => `![${text}](${name}/${kind}.svg)`;
  const parts = [
    `## ${title}, ${inputs[name] ?? '32x32, first stride 1'}`,
    printDense(summaries),
    'Zeros skipped, and ternary weights packed:',
    printSparse(summaries),
    [
      image('accuracy-size', 'Top-1 against size'),
      image('accuracy-energy', 'Top-1 against energy'),
      image('accuracy-energy-zeros-skipped', 'Top-1 against energy, zeros skipped'),
      image('histories', 'Accuracy by epoch'),
    ].join('\n'),
  ];
  if (cycles) parts.push('### What more training of the original brings', cycles);
  if (ablation) parts.push('### What each part of the recipe brings', ablation);
  if (choices) parts.push('### What the planner may choose from', choices);
  return parts.join('\n\n');
}

/** What decided, by data set. */
const decided: Readonly<Record<DataName, string>> = {
  cifar10: `Recipes and budgets were chosen in view of the test images, but for the rows of int4, of int8 "trained as long" and of
    hybrids in int8 at 35 and 20 % and at 0.4 of int8, which take them as they were. Test accuracies by epoch of
    MobileNet-V1's first cycle and of MobileNet-V2's original (chart and \`metrics.jsonl\`) were measured before batch norms were measured on augmented images,
    and are too low; those of the files are not.`,
  cifar100: `Budgets, planner and the recipe of compressed rows are those of CIFAR-10: nothing was chosen here. The original has one
    cycle of 40 epochs (MobileNet-V2 of 24) with what CIFAR-10's later cycles brought. 5,000 of the 50,000 training images are held out
    of every training, and decide which epoch is kept; accuracies by epoch (chart, \`metrics.jsonl\`) are theirs. The test images were
    read once for each row, at its end.`,
};

/** Half of the interval (95 %, normal) of an accuracy on so many images, in points. */
const halfInterval = (top1: number) => 196 * Math.sqrt((top1 * (1 - top1)) / testImages);

function makeDataPage({ data, title, networks }: Measured): string {
  const machines = [...new Set(networks.flatMap(({ runs }) => runs.map(({ machine }) => machine)))];
  const worst = Math.min(...networks.flatMap(({ summaries }) => summaries.map(({ top1 }) => top1)));
  const place = data === dataNames[0] ? '' : ` --data ${data}`;
  return `<!-- Made by \`npm run results\` from the files beside it. Do not edit. -->

# ${title}

${wrap(`Top-1 on the 10,000 test images, of the exported file after training; with several seeds their mean, standard deviation and
number. So many images give an accuracy to ±${formatFixed(halfInterval(worst), 2)} points or less (95 %); two networks on the same images
differ by less than that by chance. "points" is the difference to the original that the row's runs start from. Sizes are those
of the paper's schemes, ternary weights at 2 bits, relative to the
original with every value at 16 bits; energy and throughput are those of the accelerator model \`paper\`, relative to the
original at 16 bits, every ternary weight counted as an addition (dense, as the paper counts). Training is that of the row alone, on one thread,
on a machine with other work: seconds are an upper bound. ${decided[data]} ${machines.join('; ')}.`)}

${networks.map(describeNetwork).join('\n\n')}

## Commands

${wrap(`\`npx tsx scripts/cifar/run.ts all${place}\` makes all runs, \`npm run results\` this page. Each run's configuration, plan, figures
(\`run.json\`, with the recorded command) and \`metrics.jsonl\` are in its folder, and the models of the best ones. ${data === dataNames[0] ? describeNames() : ''}
${networks.some(({ name }) => name === 'mobilenet-v1-0.5-160') ? describePretrained : ''} A run is made by \`npx tsx scripts/cifar/run.ts${place}\` and what is listed.`)}

${networks.map(({ name, title, runs }) => `### ${title}\n\n${printRuns(data, name, runs)}`).join('\n\n')}
`;
}

/** The columns that matter most, of every network. */
const summarize = (measured: readonly Measured[]): [name: string, table: string][] =>
  measured.flatMap(({ data, title, networks }) =>
    networks.map((network): [string, string] => [
      partName(data, network.name),
      printSummary(`${network.title} on ${title}`, network.summaries),
    ]),
  );

function makeResultsPage(measured: readonly Measured[]): string {
  return `<!-- Made by \`npm run results\` from the files in the folders. Do not edit. -->

# Measured results

| folder | what was measured |
|---|---|
| ${measured.map(({ data }) => `[${data}](${data}/README.md)`).join(', ')} | hybrid filter banks beside full precision, int8, int4, TWN and StrassenNets; [what it means](../docs/results.md) |
| [imagenet](imagenet/README.md) | pretrained ImageNet networks, calibrated without labels and judged on other classes |
| [compress](compress/README.md) | planned and uniform hybrids of pretrained ImageNet networks |
| [calibrate](calibrate/README.md) | hybrids without training, from 256 images of ten classes |
| [planner](planner/README.md) | plans under budgets: loss, lower bound and seconds; how predictions rank plans |
| [bench](bench/README.md) | latency in Node and Chromium beside other runtimes, kernels |
| [hardware](hardware/README.md) | arrays in Verilog: area, clock, energy, cycles |
| [exporters](exporters/README.md) | files of other exporters |
| [train-step](train-step) | training speed beside PyTorch and TensorFlow.js |
| [fashion-mnist-demo](fashion-mnist-demo/README.md) | the demo |

${wrap(`Sizes, energies (accelerator model \`paper\`) and throughputs are relative to the network with every value at 16 bits;
"zeros skipped" counts no addition for a ternary weight of zero. More columns, seeds, commands and charts are in the folders.`)}

${summarize(measured)
  .map(([, summary]) => summary)
  .join('\n\n')}
`;
}

/** Recorded commands are those that made the runs. */
function describeNames(): string {
  const names = Object.entries(formerNames).map(([name, former]) => `\`${former}\` for \`${name}\``);
  return `Recorded commands have the names that rows had then: ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`;
}

const describePretrained = `The network from ImageNet starts from \`mobilenet_v1_0.5_160.onnx\` in the folder \`--models\`, that of
  [imagenet](../imagenet/README.md); 5,000 training images are held out of each of its trainings, and decide.`;

/**
 * A page with its generated parts made anew: what is between `<!-- results: NAME -->` and `<!-- /results -->` becomes
 * the part of that name. Throws for a name that there is no part for.
 */
export function fillPage(path: string, page: string, parts: Readonly<Record<string, string>>): string {
  return page.replace(/<!-- results: (\S+) -->\n[\s\S]*?<!-- \/results -->/g, (_, name: string) => {
    if (parts[name] === undefined)
      throw new Error(`${path}: expected one of ${Object.keys(parts).join(', ')}, found ${name}`);
    return `<!-- results: ${name} -->\n${parts[name]}\n<!-- /results -->`;
  });
}

const unknown = 'Not measured yet.';

/** What a network's parts of pages are called: by the data set, but for the first. */
const partName = (data: DataName, network: NetworkName) => (data === dataNames[0] ? network : `${data}-${network}`);

/**
 * Everything that `npm run results` writes from the runs stored below `folder`; `read` gives the pages that are written by
 * hand as they are.
 */
export function makePages(folder: string, read: (path: string) => string): [string, string][] {
  const measured = readMeasured(folder);
  if (measured.length === 0) throw new Error(`${folder}: expected stored runs, found none`);
  const summaries = Object.fromEntries(summarize(measured));
  const parts = Object.fromEntries(
    dataNames.flatMap((data) =>
      networksOf(data).flatMap((network) => {
        const runs = measured.find((one) => one.data === data)?.networks.find(({ name }) => name === network)?.runs;
        const name = partName(data, network);
        return [
          [name, summaries[name] ?? unknown],
          [`${name}-ablations`, (runs && printAblations(runs, recipeAblations)) ?? unknown],
          [`${name}-cycles`, (runs && printCycles(runs)) ?? unknown],
          [`${name}-choices`, (runs && printAblations(runs, planAblations)) ?? unknown],
        ];
      }),
    ),
  );
  return [
    [join(folder, 'README.md'), makeResultsPage(measured)],
    ...['README.md', 'docs/results.md'].map((path): [string, string] => [path, fillPage(path, read(path), parts)]),
    ...measured.flatMap((one): [string, string][] => [
      [join(folder, one.data, 'README.md'), makeDataPage(one)],
      ...one.networks.flatMap((network) => drawCharts(join(folder, one.data), network)),
    ]),
  ];
}
