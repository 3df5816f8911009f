/** The rows of the tables: what makes a run, how it is counted, in the order in which they are shown. */

import type { CostOptions } from '../../src/cost/index.ts';
import type { DataName, NetworkName, Setting } from '../cifar/setting.ts';
import {
  ablations,
  asDecomposed,
  budget25,
  compress,
  fifthCycle,
  fineTune,
  fourthCycle,
  modelOf,
  narrow,
  quantizeOriginal,
  quantizeRow,
  type Recipe,
  taught,
  ternaryWeights,
  train,
  trainedInBits,
  transfer,
  words,
} from './recipes.ts';

export interface Row {
  /** That of its run directories less the seed; what `scripts/cifar10/run.ts` is asked for. */
  readonly name: string;
  readonly label: string;
  readonly make: Recipe;
  /** The only networks that have it; absent: all have. */
  readonly only?: readonly NetworkName[];
  /** The only data set that has it; absent: all have. */
  readonly onlyOn?: DataName;
  readonly scheme: Extract<CostOptions['scheme'], string>;
  readonly format: 'fp16' | 'int8';
  /** Its first seed's model is kept, packed. */
  readonly keep?: true;
  /** Another network than that of the first row, whose accuracy is not what this one starts from. */
  readonly isApart?: true;
  /** Colour in charts, one of `src/report/style.ts`. */
  readonly color: string;
}

/** Of which all was measured. */
const v1 = ['mobilenet-v1-0.5'] as const;
/** And its like that goes on from ImageNet. */
const transferred = [...v1, 'mobilenet-v1-0.5-160'] as const;

/**
 * Where an original has several cycles it goes on from the second with reflected borders, and itself as teacher (Loshchilov
 * & Hutter, arXiv 1608.03983; Furlanello et al., arXiv 1805.04770). In the short schedule seeds part there.
 */
const firstCycle = train('--batch-size 128 --learning-rate 0.1 --weight-decay 0.0005 --threads 1');
const secondCycle = fineTune(
  (setting) => modelOf(setting, 'first-cycle'),
  ({ again }) =>
    words(`--epochs ${again} --batch-size 128 --learning-rate 0.05 --weight-decay 0.0005 --ema 0.999`).concat(
      words('--mixup 0.2 --threads 1'),
    ),
);
const thirdCycle = fineTune(
  (setting) => modelOf(setting, 'second-cycle', setting.cycles),
  taught(({ again }) => words(`--epochs ${again} --mixup 0.2 --distill-weight 0.7`)),
);

/** One cycle with what the others of CIFAR-10 brought: too much of it for MobileNet-V2 0.35 (82.2 % of held-out images). */
const onlyCycle = train(
  '--batch-size 128 --learning-rate 0.1 --weight-decay 0.0005 --ema 0.9995 --mixup 0.2 --padding reflect --threads 1',
);

function originalRecipe({ pretrained, data, again }: Setting): Recipe {
  if (pretrained !== undefined) return transfer;
  if (data === 'cifar100') return onlyCycle;
  return again > 0 ? thirdCycle : firstCycle;
}

const original: Row = {
  name: 'full-precision',
  label: 'full precision',
  make: (setting) => originalRecipe(setting)(setting),
  scheme: 'fp',
  format: 'fp16',
  keep: true,
  color: 'var(--fp)',
};

const int8: Row = {
  name: 'int8',
  label: 'int8',
  make: quantizeOriginal,
  scheme: 'int8',
  format: 'int8',
  color: 'var(--extra-1)',
};

/** Without it no row of a trained hybrid says what its few bits are worth. */
const int8Trained: Row = {
  ...int8,
  name: 'int8-trained',
  label: 'int8, trained as long',
  make: trainedInBits(8),
  color: 'var(--macs)',
};

/** Products of 4 by 8 bits are counted as those of 8 by 8. */
const int4Trained: Row = {
  ...int8,
  name: 'int4-trained',
  label: 'int4, trained as long',
  make: trainedInBits(4),
  keep: true,
  color: 'var(--extra-5)',
};

/** The other way to 0.4 of int8's size and energy: fewer filters, which learn from the original from the start. */
const narrowed: Row = {
  name: 'narrow',
  label: 'full precision, width 0.32',
  make: narrow(0.32),
  isApart: true,
  scheme: 'fp',
  format: 'fp16',
  only: v1,
  onlyOn: 'cifar10',
  color: 'var(--muted)',
};

const narrowInt8: Row = {
  ...int8,
  name: 'narrow-int8',
  label: 'int8, width 0.32',
  make: quantizeRow('narrow'),
  isApart: true,
  only: v1,
  onlyOn: 'cifar10',
  color: 'var(--extra-4)',
};

const twn: Row = {
  name: 'twn',
  label: 'TWN',
  make: ternaryWeights,
  scheme: 'twn',
  format: 'fp16',
  color: 'var(--twn)',
};

const strassen: Row = {
  name: 'strassen',
  label: 'StrassenNets, r = 2 c_out',
  make: compress(() => words('--uniform 0,2')),
  scheme: 'strassen',
  format: 'fp16',
  color: 'var(--strassen)',
};

/** Half of every layer's filters in full precision, r = 1.25 per ternary filter. */
const uniform: Row = {
  name: 'uniform',
  label: 'hybrid as in the paper, uniform',
  make: compress(() => words('--uniform 0.5,1.25')),
  scheme: 'hybrid',
  format: 'fp16',
  color: 'var(--bad)',
};

const planned: Row = {
  name: 'planned',
  label: "hybrid, planned at the paper's budget",
  make: compress(({ size }) => words(`--max-size ${size} --max-energy 0.72 --min-throughput 1`)),
  scheme: 'hybrid',
  format: 'fp16',
  keep: true,
  color: 'var(--hybrid)',
};

/** Beyond the paper, counted as it counts. */
const size35: Row = {
  ...planned,
  name: 'size-35',
  label: 'hybrid, planned at 35 % of the size',
  make: compress(({ longer }) => words(`--epochs ${longer} --max-size 0.35 --max-energy 0.6 --min-throughput 1`)),
  color: 'var(--extra-4)',
};

const size25: Row = {
  ...planned,
  name: 'size-25',
  label: 'hybrid, planned at 25 % of the size',
  make: compress(({ longer }) => words(`--epochs ${longer} --ternary zero-skipping ${budget25}`)),
  only: v1,
  color: 'var(--extra-2)',
};

/** Without sparse terms. */
const size20: Row = {
  ...planned,
  name: 'size-20',
  label: 'hybrid, planned at 20 % of the size',
  make: compress(({ longer }) =>
    words(`--epochs ${longer} --ternary zero-skipping --sparsities 0`).concat(
      words('--max-size 0.2 --max-energy 0.3 --min-throughput 2.06'),
    ),
  ),
  only: v1,
  color: 'var(--ink)',
};

const plannedInt8: Row = {
  name: 'planned-int8',
  label: 'hybrid, planned, int8',
  make: quantizeRow('planned'),
  scheme: 'hybrid-int8',
  format: 'int8',
  keep: true,
  color: 'var(--extra-0)',
};

const size25Int8: Row = {
  ...plannedInt8,
  name: 'size-25-int8',
  label: 'hybrid, 25 %, int8',
  make: quantizeRow('size-25'),
  only: v1,
  color: 'var(--extra-3)',
};

const share40 = '--scheme hybrid-int8 --activations int8 --ternary zero-skipping --max-size 0.2 --max-energy 0.39';

/**
 * At most 0.4 of what int8 takes, of bytes and of energy, counted in 8 bits; a little less energy is asked for, because the
 * analysis predicts zeros to some per cent.
 */
const int8Share40: Row = {
  ...plannedInt8,
  name: 'int8-share-40',
  label: "hybrid, 0.4 of int8's size and energy, int8",
  make: compress(({ longer }) => words(`--epochs ${longer} ${share40}`)),
  only: [...transferred, 'mobilenet-v2-0.5'],
  color: 'var(--energy)',
};

/** What 1,024 images without labels give, in a minute. */
const int8Share40Untrained: Row = {
  ...int8Share40,
  name: 'int8-share-40-untrained',
  label: "hybrid, 0.4 of int8's size and energy, int8, not trained",
  make: asDecomposed(() => words(share40)),
};

const size20Int8: Row = {
  ...plannedInt8,
  name: 'size-20-int8',
  label: 'hybrid, 20 %, int8',
  make: quantizeRow('size-20'),
  only: v1,
  color: 'var(--busy)',
};

const size35Int8: Row = {
  ...plannedInt8,
  name: 'size-35-int8',
  label: 'hybrid, 35 %, int8',
  make: quantizeRow('size-35'),
  color: 'var(--memory)',
};

export const rows: readonly Row[] = [
  original,
  int8,
  int8Trained,
  int4Trained,
  narrowed,
  narrowInt8,
  twn,
  strassen,
  uniform,
  planned,
  size35,
  size25,
  size20,
  plannedInt8,
  size35Int8,
  size25Int8,
  int8Share40,
  int8Share40Untrained,
  size20Int8,
];

/** What rows were called when runs were made whose names are stored in commands and configurations. */
export const formerNames: Readonly<Record<string, string>> = {
  'size-35': 'third',
  'size-25': 'quarter',
  'size-20': 'fifth',
  'size-25-int8': 'quarter-int8',
};

/** Labels by the part that the row `ablation-PART` is about, the one that the others are compared with first. */
export type Ablations = Readonly<Record<string, string>>;

/** What each part of the recipe brings. */
export const recipeAblations: Ablations = {
  reference: 'the recipe',
  'no-distillation': 'labels only, no teacher',
  'no-decomposition': 'factors drawn, not decomposed from the weights, and trained straight through',
  'no-reestimation': 'batch norms not re-estimated at the end',
  'no-reflection': 'black borders, not reflected ones',
  'ternary-phase': 'ternary weights trained straight through first, frozen for the second epoch only',
  'no-freezing': 'ternary weights trained straight through to the end',
  'no-sparsity': 'planned with dense terms only',
  'no-planning': 'the same alpha and ratio in every layer, dense terms',
  teachers: 'three teachers in turn, mirrored, not the original alone',
  dist: 'correlations with the teacher (DIST), not its probabilities',
  dampen: 'with dampened oscillation',
  'freeze-oscillating': 'with oscillating weights fixed',
};

/** What the planner may choose from. */
export const planAblations: Ablations = {
  reference: 'sparse terms, r from an eighth of the filters',
  'no-sparsity': 'dense terms, r from an eighth of the filters',
  'no-narrow-banks': 'dense terms, r from half of the filters',
  'reference-untrained': 'sparse terms, r from an eighth of the filters, as decomposed',
  'no-sparsity-untrained': 'dense terms, r from an eighth of the filters, as decomposed',
  'no-narrow-banks-untrained': 'dense terms, r from half of the filters, as decomposed',
};

/** The original of all rows with a part of the recipe left out, or one added, in two epochs. */
const ablationRow = (part: string, label: string): Row => ({
  name: `ablation-${part}`,
  label,
  make: ablations[part]!,
  only: v1,
  onlyOn: 'cifar10',
  scheme: 'hybrid',
  format: 'fp16',
  color: 'var(--muted)',
});

const cycleRow = (nth: string, make: Recipe): Row => ({
  name: `${nth}-cycle`,
  label: `full precision, ${nth} cycle`,
  make,
  only: v1,
  onlyOn: 'cifar10',
  scheme: 'fp',
  format: 'fp16',
  color: 'var(--muted)',
});

/** What a row `full-precision` was trained on from, where it had several cycles. */
export const earlierCycles: readonly Row[] = [cycleRow('first', firstCycle), cycleRow('second', secondCycle)];

/** More cycles for the original: no row starts from them. Their first seeds' models are kept, which later ones start from. */
const laterCycles: readonly Row[] = [cycleRow('fourth', fourthCycle), cycleRow('fifth', fifthCycle)].map((row) => ({
  ...row,
  keep: true,
}));

/** The cycles of an original in order, by the name of their runs. */
export const cycles: Readonly<Record<string, string>> = {
  'first-cycle': 'first: from scratch',
  'second-cycle': 'second: mixup',
  'full-precision': 'third, the original of all rows: reflected borders, itself as teacher',
  'fourth-cycle': 'fourth: the teacher sees every other batch mirrored',
  'fifth-cycle': 'fifth: no mixup; third and fourth as teachers in turn, mirrored likewise',
};

/** All that runs are made for. */
export const allRows: readonly Row[] = [
  ...rows,
  ...earlierCycles,
  ...laterCycles,
  ...Object.entries({ ...planAblations, ...recipeAblations }).map(([part, label]) => ablationRow(part, label)),
];

/** Whether a network on a data set has the row. */
export const isRowOf = (
  { only, onlyOn }: Row,
  { data, network }: { readonly data: DataName; readonly network: NetworkName },
): boolean => (only === undefined || only.includes(network)) && (onlyOn === undefined || onlyOn === data);

/** The row and the seed of a run directory, by its name; undefined for a name that is none. */
export function rowOf(directory: string): { readonly row: Row; readonly seed: number } | undefined {
  const [, name, seed] = /^(.+)-(\d+)$/.exec(directory) ?? [];
  const row = allRows.find((one) => one.name === name);
  return row && { row, seed: Number(seed) };
}
