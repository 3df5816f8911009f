/**
 * How runs are made: the arguments of `tritbank` for each kind of row, without the data, the seed and the run directory,
 * which all of them have.
 */

import type { Setting } from '../cifar/setting.ts';

export type Recipe = (setting: Setting) => readonly string[];

/** The model of a run; of this seed unless told. */
export const modelOf = ({ runs, seed }: Setting, row: string, of = seed) => `${runs}/${row}-${of}/model.onnx`;
/** The original of all rows. */
const originalOf = (setting: Setting) => modelOf(setting, 'full-precision', 1);
/** What its layers bear: measured once, for every plan. */
export const analysisOf = ({ runs }: Setting) => `${runs}/analysis.json`;

export const words = (text: string) => text.split(' ').filter((word) => word !== '');

/** Training images that are held out, where a data set has some. */
const held = ({ validation }: Setting) => (validation > 0 ? ['--validation', `${validation}`] : []);
const tuning = (setting: Setting) => [
  ...words(`--epochs ${setting.tuning} --batch-size 64 --learning-rate ${setting.rate} --padding reflect --threads 1`),
  ...(setting.optimizer ? ['--optimizer', setting.optimizer] : []),
  ...held(setting),
];
const frozen = words('--phases 0,0,1');
const untrained = words('--threads 1 --no-training --images 1024');

/** A network from scratch. */
export const train =
  (text: string): Recipe =>
  (setting) => [
    ...words(`train --method fp --model ${setting.model} --width ${setting.width} --epochs ${setting.epochs}`),
    ...words(text),
    ...held(setting),
  ];

/** A network that was trained on ImageNet, with a new head; small images are enlarged. */
export const transfer: Recipe = (setting) => [
  ...['train', '--from', setting.pretrained!],
  ...words(`--epochs ${setting.epochs} --head-epochs 1 --batch-size 64 --learning-rate 0.001 --ema 0.999`),
  ...words('--padding reflect --threads 1'),
  ...held(setting),
];

/** A network of fewer filters, which learns from the original of all rows. */
export const narrow =
  (width: number): Recipe =>
  (setting) => [
    ...words(`train --method fp --model ${setting.model} --width ${width} --epochs ${setting.epochs}`),
    ...words('--batch-size 128 --learning-rate 0.1 --weight-decay 0.0005 --ema 0.9995 --mixup 0.2 --padding reflect'),
    ...words('--threads 1 --distill-weight 0.7'),
    ...held(setting),
    ...['--teacher', originalOf(setting)],
  ];

/** A cycle more for a network in full precision. */
export const fineTune =
  (from: (setting: Setting) => string, args: Recipe): Recipe =>
  (setting) => ['fine-tune', from(setting), '--method', 'fp', ...args(setting)];

/** A cycle with a teacher: what it was before, unless others are named. */
export const taught = (args: Recipe): Recipe => {
  const common =
    '--batch-size 64 --learning-rate 0.04 --weight-decay 0.0005 --ema 0.9995 --padding reflect --threads 1';
  return (setting) => [...words(common), ...args(setting)];
};

export const fourthCycle: Recipe = fineTune(
  originalOf,
  taught(({ again }) => words(`--epochs ${again} --mixup 0.2 --distill-weight 0.7 --distill-mirror`)),
);

/** Without mixup, with the third cycle's network and the fourth's as teachers in turn, each on other mirror images. */
export const fifthCycle: Recipe = fineTune(
  (setting) => modelOf(setting, 'fourth-cycle', 1),
  taught((setting) => [
    ...words(`--epochs ${setting.last} --distill-weight 0.5 --distill-mirror`),
    ...['--teacher', originalOf(setting), '--teacher', modelOf(setting, 'fourth-cycle', 1)],
  ]),
);

/** A ternary weight network from the original. */
export const ternaryWeights: Recipe = (setting) => [
  ...['fine-tune', originalOf(setting), '--method', 'twn'],
  ...tuning(setting),
];

/**
 * The original with filter banks. Their ternary weights stay as they were decomposed: training them straight through, as
 * a TWN's have to be, undoes more than it learns in a few epochs.
 */
export const compress =
  (args: Recipe): Recipe =>
  (setting) => [
    // budgets in the paper's bytes
    ...['compress', originalOf(setting), '--analysis', analysisOf(setting), '--scheme', 'hybrid'],
    ...tuning(setting),
    ...frozen,
    ...args(setting),
  ];

/** The same without training: biases alone make up for what decompositions change. */
export const asDecomposed =
  (args: Recipe): Recipe =>
  (setting) => [
    ...['compress', originalOf(setting), '--analysis', analysisOf(setting)],
    ...untrained,
    ...held(setting),
    ...args(setting),
  ];

/** The original with all filters in so many bits, trained as long as the smallest hybrids, with the same teacher. */
export const trainedInBits =
  (bits: 8 | 4): Recipe =>
  (setting) => [
    ...['compress', originalOf(setting), '--scheme', 'hybrid-int8'],
    ...tuning(setting),
    ...frozen,
    ...words(`--activations int8 --epochs ${setting.longer} --uniform int${bits}`),
  ];

/** 8-bit weights and activations, calibrated on 512 training images, not trained. */
export const quantize =
  (of: (setting: Setting) => string): Recipe =>
  (setting) => ['export', of(setting), ...words('--activations int8 --images 512')];

export const quantizeOriginal = quantize(originalOf);
export const quantizeRow = (row: string) => quantize((setting) => modelOf(setting, row));

/**
 * Zeros skipped: a quarter of the size, 30 % of the energy, twice the throughput, and a little more than that, because
 * the analysis predicts zeros to some per cent.
 */
export const budget25 = '--max-size 0.25 --max-energy 0.3 --min-throughput 2.06';

/** What a part of the recipe brings, by leaving it out or by adding it, on the original of all rows with two epochs. */
const ablation =
  (before: Recipe, args: Recipe, isTrained = true): Recipe =>
  (setting) => [
    ...['compress', originalOf(setting), ...before(setting), '--ternary', 'zero-skipping'],
    ...(isTrained ? [...tuning(setting), ...frozen, '--epochs', '2'] : untrained),
    ...args(setting),
  ];

/** With the plan of the whole recipe. */
const withPlan = (args: Recipe): Recipe =>
  ablation(({ runs }) => ['--plan', `${runs}/ablation-reference-1/plan.json`], args);

/** With a plan of its own; trained, and as decomposed. */
const planned = (text: string, isTrained: boolean): Recipe =>
  ablation(
    // budgets in the paper's bytes
    () => words('--scheme hybrid'),
    (setting) => ['--analysis', analysisOf(setting), ...words(`${budget25} ${text}`)],
    isTrained,
  );

const dense = '--sparsities 0';
const wide = `${dense} --ratios 0.5,0.75,1,1.25,1.5,2`;

export const ablations: Readonly<Record<string, Recipe>> = {
  reference: planned('', true),
  'reference-untrained': planned('', false),
  'no-sparsity': planned(dense, true),
  'no-sparsity-untrained': planned(dense, false),
  'no-narrow-banks': planned(wide, true),
  'no-narrow-banks-untrained': planned(wide, false),
  // takes the energy of the plan, and more bytes
  'no-planning': ablation(
    () => words('--scheme hybrid --uniform 0.125,0.5'),
    (setting) => ['--analysis', analysisOf(setting)],
  ),
  'no-distillation': withPlan(() => words('--distill none')),
  'no-decomposition': withPlan(() => words('--init draw --phases 0,0.5,0.5')),
  'no-reestimation': withPlan(() => words('--reestimate-batches 0')),
  'no-reflection': withPlan(() => words('--padding zero')),
  'ternary-phase': withPlan(() => words('--phases 0,0.5,0.5')),
  'no-freezing': withPlan(() => words('--phases 0,1,0')),
  teachers: withPlan((setting) => {
    const later = ['fourth-cycle', 'fifth-cycle'].map((row) => modelOf(setting, row, 1));
    return ['--distill-mirror', '--teacher', [originalOf(setting), ...later].join(',')];
  }),
  dist: withPlan(() => words('--distill dist')),
  dampen: withPlan(() => words('--phases 0,0.5,0.5 --dampen 0.01')),
  'freeze-oscillating': withPlan(() => words('--phases 0,0.5,0.5 --freeze-oscillating 0.02')),
};
