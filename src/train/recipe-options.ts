/**
 * The options of a recipe, which all training has, as tables over `Recipe`: images, steps, ternary weights, distillation.
 * `options.ts` has what training from scratch and fine-tuning have besides. Imports nothing that runs anything: `--help`
 * has to start at once.
 */

import type { Padding } from '../data/index.ts';
import type { Device } from '../engine/index.ts';
import {
  type ConfigOption,
  field,
  listOf,
  type Need,
  nested,
  number,
  oneOf,
  option,
  text,
  toggle,
  type ValueKind,
  whole,
} from '../options/index.ts';
import type { Recipe } from './config.ts';
import { defaultFineTune } from './fine-tune-config.ts';
import type { Distillation, distillationKinds } from './loss.ts';
import type { OptimizerOptions } from './optimizer.ts';
import type { Oscillation } from './pins.ts';
import type { ScheduleOptions } from './schedule.ts';

// Spelled out here, because the modules that define them load libraries.
export const devices = ['cpu', 'webgpu', 'cuda'] as const satisfies readonly Device[];
const bucketTypes = ['float32', 'float16'] as const satisfies readonly NonNullable<Recipe['bucketType']>[];
const paddings = ['zero', 'reflect'] as const satisfies readonly Padding[];
const schedules = ['cosine', 'step', 'constant'] as const satisfies readonly ScheduleOptions['name'][];
const normStatistics = ['batch', 'fixed'] as const satisfies readonly NonNullable<Recipe['normStatistics']>[];
const optimizers = ['sgd', 'adamw'] as const satisfies readonly OptimizerOptions['name'][];
const distillations = ['kd', 'dist'] as const satisfies readonly (typeof distillationKinds)[number][];

const count = whole({ from: 1 });
const fraction = number({ from: 0, to: 1 });
const decay = number({ from: 0, below: 1 });
const aboveZero = number({ above: 0 });
const beta = number({ from: 0, to: 4 });

/** Of the phases full, ternary and frozen. */
const phaseShares: ValueKind<Recipe['phases']> = {
  expected: 'three numbers of at least 0, not all 0, separated by commas',
  parse(given) {
    const shares = listOf(number({ from: 0 }), '').parse(given);
    return phaseShares.accepts(shares) ? (shares as unknown as Recipe['phases']) : undefined;
  },
  accepts: (value) =>
    Array.isArray(value) &&
    value.length === 3 &&
    value.every((share) => number({ from: 0 }).accepts(share)) &&
    value.some((share) => share > 0),
};
const milestones = listOf(aboveZero, 'rising numbers above 0, separated by commas', (values) =>
  values.every((value, i) => i === 0 || value > values[i - 1]!),
);

type Sgd = Extract<OptimizerOptions, { name: 'sgd' }>;
type Adamw = Extract<OptimizerOptions, { name: 'adamw' }>;
// As in Loshchilov & Hutter, with the decay that became customary.
const adamw: Adamw = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
const sgd: Sgd = { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 };
/** Rates that go with optimizers other than the configuration's own. */
const usualRates = { sgd: 0.1, adamw: 0.002 } as const;

/** The optimizer with its own defaults; the one that is set already stays as it is, which resuming relies on. */
function setOptimizer(config: Recipe, name: OptimizerOptions['name']): Recipe {
  if (config.optimizer.name === name) return config;
  return { ...config, optimizer: name === 'sgd' ? sgd : adamw, learningRate: usualRates[name] };
}

const forOptimizer = (name: OptimizerOptions['name']): Need<Recipe> => ({
  expected: `--optimizer ${name}`,
  found: ({ optimizer }) => `--optimizer ${optimizer.name}`,
  isMet: ({ optimizer }) => optimizer.name === name,
});
export const forTeacher: Need<Recipe> = {
  expected: '--teacher MODEL.onnx',
  found: () => 'none',
  isMet: ({ teachers }) => teachers !== undefined,
};
export const forDistillation: Need<Recipe> = {
  expected: '--distill kd or dist',
  found: () => 'none',
  isMet: ({ distillation }) => distillation !== undefined,
};
const forSteps: Need<Recipe> = {
  expected: '--schedule step',
  found: ({ schedule }) => `--schedule ${schedule.name}`,
  isMet: ({ schedule }) => schedule.name === 'step',
};

/** Share of the newest step in the averages by which oscillation is found (Nagel et al., arXiv 2203.11086, section 5.1). */
const oscillationMomentum = 0.01;

const withoutOther = (kind: Oscillation['kind'], other: string): Need<Recipe> => ({
  expected: `no --${other}`,
  found: () => 'both',
  isMet: ({ oscillation }) => oscillation?.kind === kind,
});

/** What a model without distillation learns like once it is asked to. */
const usualDistillation: Distillation = defaultFineTune.distillation!;

const learned = (distillation: Distillation | undefined): Distillation => distillation ?? usualDistillation;

/** Of the distillation, where `need` is met. */
export function distillationOptions(need: Need<Recipe>): ConfigOption<Recipe>[] {
  const part = { fallback: usualDistillation, need };
  return [
    field(
      'teachers',
      '--teacher <model.onnx>',
      'learn from the outputs of this model; several, with commas between, take turns',
      listOf(text('an ONNX file'), 'ONNX files, separated by commas'),
      need,
    ),
    nested('distillation', 'weight', '--distill-weight <x>', "the teacher's share of the loss", fraction, part),
    nested('distillation', 'temperature', '--temperature <x>', 'softens the outputs of both', aboveZero, part),
    toggle(
      'distillation.mirror',
      '--distill-mirror',
      'learn what the teacher says of images and of their mirror images',
      (config) => ({ ...config, distillation: { ...learned(config.distillation), mirror: true } }),
      need,
    ),
    // last, so that `none` is what the others are held against
    option(
      '--distill <how>',
      "learn from the teacher's probabilities, kd, from their correlations, dist, or not, none",
      oneOf([...distillations, 'none'] as const),
      {
        key: 'distillation.kind',
        get: ({ distillation }) => distillation && (distillation.kind ?? 'kd'),
        set({ distillation, ...rest }, kind) {
          return kind === 'none' ? rest : { ...rest, distillation: { ...learned(distillation), kind } };
        },
      },
    ),
  ];
}

/** Places in a recipe that no option sets by itself. */
export const otherPlaces = ['oscillation.kind', 'oscillation.momentum'] as const;

export const imageOptions: readonly ConfigOption<Recipe>[] = [
  field(
    'trainSamples',
    '--train-samples <n>',
    'train on at most so many images, drawn by the seed (default: all)',
    count,
  ),
  field(
    'validation',
    '--validation <share>',
    'hold out this share of the training images, evaluate on it after each epoch, and keep the best one (of full precision, or with frozen ternary weights); test images ' +
      'are for the end (default: none; compress holds out some of few images)',
    number({ above: 0, below: 1 }),
  ),
  toggle('augment', '--no-augment', 'do not shift and flip training images', (config) => ({
    ...config,
    augment: false,
  })),
  field(
    'padding',
    '--padding <how>',
    'what shifted images show at their border: zero, black; reflect, their mirror image (default: zero)',
    oneOf(paddings),
  ),
  field('mixup', '--mixup <x>', 'Beta distribution parameter of mixup; 0 is off', beta),
  field('cutmix', '--cutmix <x>', 'Beta distribution parameter of CutMix; 0 is off (default: 0)', beta),
];

/** Of the ternary weights, where `need` is met. */
export const ternaryOptions = (need?: Need<Recipe>): readonly ConfigOption<Recipe>[] => [
  field(
    'phases',
    '--phases <a,b,c>',
    'shares of the epochs with full-precision, ternary and frozen ternary weights',
    phaseShares,
    need,
  ),
  option(
    '--dampen <weight>',
    'draw ternary weights to the values that they stand for (default: off)',
    aboveZero,
    {
      key: 'oscillation.weight',
      get: ({ oscillation }) => (oscillation?.kind === 'dampen' ? oscillation.weight : undefined),
      set: (config, weight) => ({ ...config, oscillation: { kind: 'dampen', weight } }),
    },
    need ?? withoutOther('dampen', 'freeze-oscillating'),
  ),
  option(
    '--freeze-oscillating <share>',
    'fix ternary weights that change direction in more than this share of the steps (default: off)',
    number({ above: 0, below: 1 }),
    {
      key: 'oscillation.threshold',
      get: ({ oscillation }) => (oscillation?.kind === 'freeze' ? oscillation.threshold : undefined),
      set(config, threshold) {
        return { ...config, oscillation: { kind: 'freeze', threshold, momentum: oscillationMomentum } };
      },
    },
    need ?? withoutOther('freeze', 'dampen'),
  ),
  toggle(
    'freezeLayers',
    '--freeze-layers',
    'fix the ternary weights of one layer after the other',
    (config) => ({ ...config, freezeLayers: true }),
    need,
  ),
  field(
    'normStatistics',
    '--norm-statistics <of>',
    'what batch norms compute with: statistics of the batch, or fixed, those they have (default: batch)',
    oneOf(normStatistics),
  ),
  field(
    'reestimateBatches',
    '--reestimate-batches <n>',
    'batches to re-estimate batch norms; 0 is off',
    whole({ from: 0 }),
  ),
];

/** Of the rates of layers. */
export const rateOptions: readonly ConfigOption<Recipe>[] = [
  field(
    'bodyRate',
    '--body-rate <x>',
    "learning rate of the first layers relative to the last one's, those between in proportion (default: 1)",
    number({ above: 0, to: 1 }),
  ),
];

export const trainingOptions: readonly ConfigOption<Recipe>[] = [
  field('epochs', '--epochs <n>', 'epochs of all phases together', count),
  field('batchSize', '--batch-size <n>', 'images per step, of all ranks together', count),
  option('--optimizer <name>', optimizers.join(' or '), oneOf(optimizers), {
    key: 'optimizer.name',
    get: ({ optimizer }) => optimizer.name,
    set: setOptimizer,
  }),
  nested('optimizer', 'momentum', '--momentum <x>', 'sgd: momentum', decay, { need: forOptimizer('sgd') }),
  toggle(
    'optimizer.nesterov',
    '--no-nesterov',
    "sgd: plain momentum instead of Nesterov's",
    (config) => ({ ...config, optimizer: { ...config.optimizer, nesterov: false } as OptimizerOptions }),
    forOptimizer('sgd'),
  ),
  ...(['beta1', 'beta2'] as const).map((name, i) =>
    nested<Recipe, 'optimizer', number>(
      'optimizer',
      name,
      `--${name} <x>`,
      `adamw: decay of the ${['first', 'second'][i]} moment (default: ${adamw[name]})`,
      decay,
      { need: forOptimizer('adamw') },
    ),
  ),
  nested(
    'optimizer',
    'epsilon',
    '--epsilon <x>',
    `adamw: added to the root of the second moment (default: ${adamw.epsilon})`,
    aboveZero,
    { need: forOptimizer('adamw') },
  ),
  nested(
    'optimizer',
    'weightDecay',
    '--weight-decay <x>',
    `decay of the weights (default: ${sgd.weightDecay} with sgd, ${adamw.weightDecay} with adamw)`,
    fraction,
  ),
  field('learningRate', '--learning-rate <x>', `base learning rate; with adamw ${usualRates.adamw}`, aboveZero),
  field(
    'rateBatch',
    '--rate-batch <n>',
    'the batch size that the learning rate is for: with another one it is in proportion (default: --batch-size)',
    count,
  ),
  nested('schedule', 'name', '--schedule <name>', schedules.join(', '), oneOf(schedules)),
  nested('schedule', 'warmup', '--warmup <epochs>', 'epochs of linear warm-up, fractions allowed', number({ from: 0 })),
  nested('schedule', 'milestones', '--milestones <epochs>', 'step: epochs after which the rate falls', milestones, {
    need: forSteps,
  }),
  nested(
    'schedule',
    'factor',
    '--step-factor <x>',
    'step: by which it is multiplied (default: 0.1)',
    number({ above: 0, to: 1 }),
    { need: forSteps },
  ),
  field('clipNorm', '--clip-norm <x>', 'largest norm of the whole gradient (default: none)', aboveZero),
  field(
    'emaDecay',
    '--ema <x>',
    'decay of the moving average of the weights, 0 for none',
    number({ from: 0, to: 0.99999 }),
  ),
  field(
    'labelSmoothing',
    '--label-smoothing <x>',
    'probability spread over the other classes',
    number({ from: 0, to: 0.9 }),
  ),
];

export const runOptions: readonly ConfigOption<Recipe>[] = [
  field('seed', '--seed <n>', 'of weights, order and augmentation', whole({ from: 0, to: 2 ** 32 - 1 })),
  field('device', '--device <name>', devices.join(', '), oneOf(devices)),
  field('threads', '--threads <n>', 'threads per operator (default: one a core)', count),
  toggle(
    'syncBatchNorm',
    '--sync-batch-norm',
    'several ranks (mpirun): batch norms normalise by the whole batch, as in one process',
    (config) => ({ ...config, syncBatchNorm: true }),
  ),
  field(
    'bucketType',
    '--bucket-type <type>',
    `several ranks: gradients travel as ${bucketTypes.join(' or ')} (default: float32)`,
    oneOf(bucketTypes),
  ),
];
