/** The rows of the tables: what a run's name stands for, how it is counted, in the order in which they are shown. */

import type { CostOptions } from '../../src/cost/index.ts';

export interface Row {
  /** The name of the script in `scripts/cifar10`, and of its run directories less the seed. */
  readonly name: string;
  readonly label: string;
  readonly scheme: Extract<CostOptions['scheme'], string>;
  readonly format: 'fp16' | 'int8';
  /** Its first seed's model is kept, packed. */
  readonly keep?: true;
  /** Colour in charts, one of `src/report/style.ts`. */
  readonly color: string;
}

export const rows: readonly Row[] = [
  { name: 'full-precision', label: 'full precision', scheme: 'fp', format: 'fp16', keep: true, color: 'var(--fp)' },
  { name: 'int8', label: 'int8', scheme: 'int8', format: 'int8', color: 'var(--extra-1)' },
  { name: 'twn', label: 'TWN', scheme: 'twn', format: 'fp16', color: 'var(--twn)' },
  {
    name: 'strassen',
    label: 'StrassenNets, r = 2 c_out',
    scheme: 'strassen',
    format: 'fp16',
    color: 'var(--strassen)',
  },
  {
    name: 'uniform',
    label: 'hybrid as in the paper, uniform',
    scheme: 'hybrid',
    format: 'fp16',
    color: 'var(--bad)',
  },
  {
    name: 'planned',
    label: "hybrid, planned at the paper's budget",
    scheme: 'hybrid',
    format: 'fp16',
    keep: true,
    color: 'var(--hybrid)',
  },
  {
    name: 'third',
    label: 'hybrid, planned at 35 % of the size',
    scheme: 'hybrid',
    format: 'fp16',
    keep: true,
    color: 'var(--extra-4)',
  },
  {
    name: 'quarter',
    label: 'hybrid, planned at 25 % of the size',
    scheme: 'hybrid',
    format: 'fp16',
    keep: true,
    color: 'var(--extra-2)',
  },
  {
    name: 'fifth',
    label: 'hybrid, planned at 20 % of the size',
    scheme: 'hybrid',
    format: 'fp16',
    keep: true,
    color: 'var(--ink)',
  },
  {
    name: 'planned-int8',
    label: 'hybrid, planned, int8',
    scheme: 'hybrid-int8',
    format: 'int8',
    keep: true,
    color: 'var(--extra-0)',
  },
  {
    name: 'quarter-int8',
    label: 'hybrid, 25 %, int8',
    scheme: 'hybrid-int8',
    format: 'int8',
    keep: true,
    color: 'var(--extra-3)',
  },
];

/** Ablations by the part that `scripts/cifar10/ablation.sh` is given, the one that the others are compared with first. */
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

const ablationRow = (part: string, label: string): Row => ({
  name: `ablation-${part}`,
  label,
  scheme: 'hybrid',
  format: 'fp16',
  color: 'var(--muted)',
});

const cycleRow = (nth: string): Row => ({
  name: `${nth}-cycle`,
  label: `full precision, ${nth} cycle`,
  scheme: 'fp',
  format: 'fp16',
  color: 'var(--muted)',
});

/** What a row `full-precision` was trained on from, where it had several cycles. */
export const earlierCycles: readonly Row[] = ['first', 'second'].map(cycleRow);

/** More cycles for the original: no row starts from them. Their first seeds' models are kept, which later ones start from. */
const laterCycles: readonly Row[] = ['fourth', 'fifth'].map((nth) => ({ ...cycleRow(nth), keep: true }));

/** The cycles of an original in order, by the name of their runs. */
export const cycles: Readonly<Record<string, string>> = {
  'first-cycle': 'first: from scratch',
  'second-cycle': 'second: mixup',
  'full-precision': 'third, the original of all rows: reflected borders, itself as teacher',
  'fourth-cycle': 'fourth: the teacher sees every other batch mirrored',
  'fifth-cycle': 'fifth: no mixup; third and fourth as teachers in turn, mirrored likewise',
};

const known = [
  ...rows,
  ...earlierCycles,
  ...laterCycles,
  ...Object.entries({ ...planAblations, ...recipeAblations }).map(([part, label]) => ablationRow(part, label)),
];

/** The row and the seed of a run directory, by its name; undefined for a name that is none. */
export function rowOf(directory: string): { readonly row: Row; readonly seed: number } | undefined {
  const [, name, seed] = /^(.+)-(\d+)$/.exec(directory) ?? [];
  const row = known.find((one) => one.name === name);
  return row && { row, seed: Number(seed) };
}
