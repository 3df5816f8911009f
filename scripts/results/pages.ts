/** The pages and charts that are made from stored runs, as texts by path. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { drawAccuracyAgainst, drawHistories } from './charts.ts';
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
  readonly name: string;
  readonly title: string;
  readonly runs: readonly StoredRun[];
  readonly summaries: readonly Summary[];
}

const titles: Readonly<Record<string, string>> = {
  'mobilenet-v1-0.5': 'MobileNet-V1 0.5',
  'mobilenet-v2-0.35': 'MobileNet-V2 0.35',
};

function readNetworks(folder: string): Network[] {
  return Object.entries(titles).flatMap(([name, title]) => {
    if (!readdirSync(folder).includes(name)) return [];
    const runs = readStored(join(folder, name));
    return runs.length > 0 ? [{ name, title, runs, summaries: summarizeRows(runs) }] : [];
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

const drawCharts = (folder: string, { name, title, summaries }: Network): [string, string][] => [
  ...Object.entries(charts).map(([kind, axis]): [string, string] => [
    join(folder, name, `accuracy-${kind}.svg`),
    drawAccuracyAgainst(axis, summaries),
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
  const image = (kind: string, text: string) => `![${text}](cifar10/${name}/${kind}.svg)`;
  const parts = [
    `### ${title}, 32x32, first stride 1`,
    printDense(summaries),
    'Zeros skipped, and ternary weights packed:',
    printSparse(summaries),
    [
      image('accuracy-size', 'Top-1 against size'),
      image('accuracy-energy', 'Top-1 against energy'),
      image('accuracy-energy-zeros-skipped', 'Top-1 against energy, zeros skipped'),
      image('histories', 'Test accuracy by epoch'),
    ].join('\n'),
  ];
  if (cycles) parts.push('#### What more training of the original brings', cycles);
  if (ablation) parts.push('#### What each part of the recipe brings', ablation);
  if (choices) parts.push('#### What the planner may choose from', choices);
  return parts.join('\n\n');
}

function makeResultsPage(networks: readonly Network[]): string {
  const machines = [...new Set(networks.flatMap(({ runs }) => runs.map(({ machine }) => machine)))];
  return `<!-- Made by \`npm run results\` from the files in cifar10/. Do not edit. -->

# Measured results

| folder | what was measured |
|---|---|
| [cifar10](cifar10) | hybrid filter banks beside full precision, int8, TWN and StrassenNets on CIFAR-10, below; [what it means](../docs/results.md) |
| [compress](compress) | planned and uniform hybrids of pretrained ImageNet networks |
| [imagenet](imagenet) | pretrained ImageNet networks, calibrated without labels and judged on other classes |
| [calibrate](calibrate) | hybrids without training, from 256 images of ten classes |
| [planner](planner) | plans under budgets: loss, lower bound and seconds |
| [bench](bench) | latency in Node and Chromium beside other runtimes, kernels |
| [train-step](train-step) | training speed beside PyTorch and TensorFlow.js |
| [fashion-mnist-demo](fashion-mnist-demo) | the demo |

## CIFAR-10

${wrap(`Top-1 on the 10,000 test images, of the exported file after training; with several seeds their mean, standard deviation and
number. "points" is the difference to the original that the row's runs start from. Sizes are those of the paper's schemes, ternary weights at 2 bits, relative to the
original with every value at 16 bits; energy and throughput are those of the accelerator model \`paper\`, relative to the
original at 16 bits, every ternary weight counted as an addition (dense, as the paper counts). Training is that of the row alone, on one thread,
on a machine with other work: seconds are an upper bound. Test accuracies by epoch
of MobileNet-V1's first cycle and of MobileNet-V2's original (chart and \`metrics.jsonl\`) were measured before batch norms were
measured on augmented images, and are too low; those of the files are not. ${machines.join('; ')}.`)}

${networks.map(describeNetwork).join('\n\n')}

## Commands

${wrap(`\`npx tsx scripts/cifar10/run.ts all\` makes all runs, \`npm run results\` this page. Each run's configuration, plan, figures
(\`run.json\`, with the recorded command) and \`metrics.jsonl\` are in its folder, and the models of the best ones. ${describeNames()}
A run is made by \`npx tsx scripts/cifar10/run.ts\` and what is listed.`)}

${networks.map(({ name, title, runs }) => `### ${title}\n\n${printRuns(name, runs)}`).join('\n\n')}
`;
}

/** Recorded commands are those that made the runs. */
function describeNames(): string {
  const names = Object.entries(formerNames).map(([name, former]) => `\`${former}\` for \`${name}\``);
  return `Recorded commands have the names that rows had then: ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`;
}

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

/** Everything that \`npm run results\` writes; `read` gives the pages that are written by hand as they are. */
export function makePages(folder: string, read: (path: string) => string): [string, string][] {
  const networks = readNetworks(folder);
  if (networks.length === 0) throw new Error(`${folder}: expected stored runs, found none`);
  const parts = Object.fromEntries(
    Object.keys(titles).flatMap((name) => {
      const network = networks.find((one) => one.name === name);
      return [
        [name, network ? printSummary(`${network.title} on CIFAR-10`, network.summaries) : unknown],
        [`${name}-ablations`, (network && printAblations(network.runs, recipeAblations)) ?? unknown],
        [`${name}-cycles`, (network && printCycles(network.runs)) ?? unknown],
        [`${name}-choices`, (network && printAblations(network.runs, planAblations)) ?? unknown],
      ];
    }),
  );
  return [
    ['results/README.md', makeResultsPage(networks)],
    ...['README.md', 'docs/results.md'].map((path): [string, string] => [path, fillPage(path, read(path), parts)]),
    ...networks.flatMap((network) => drawCharts(folder, network)),
  ];
}
