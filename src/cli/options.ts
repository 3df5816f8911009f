/**
 * The options that make a training configuration, as a table: each one is a change of `TrainConfig`. Defaults come
 * from `defaultConfig`. How given options become a configuration is `configure.ts`.
 */

import type { Padding } from '../data/index.ts';
import type { Device } from '../engine/index.ts';
import type { Granularity, LayerKind } from '../quantize/index.ts';
import { defaultConfig, type TrainConfig } from '../train/config.ts';
import type { OptimizerOptions } from '../train/optimizer.ts';
import { type Method, methods } from '../train/records.ts';
import type { ScheduleOptions } from '../train/schedule.ts';
import { teacherFiles, teacherFlags } from './teachers.ts';
import { listOf, number, oneOf, text, type ValueKind, whole } from './values.ts';

// Spelled out here, because the modules that define them load libraries which `--help` does not need.
export const devices = ['cpu', 'webgpu', 'cuda'] as const satisfies readonly Device[];
const layerKinds = ['first', 'pointwise', 'depthwise', 'conv', 'classifier'] as const satisfies readonly LayerKind[];
const granularities = ['tensor', 'filter'] as const satisfies readonly Granularity[];
export const paddings = ['zero', 'reflect'] as const satisfies readonly Padding[];
const schedules = ['cosine', 'step', 'constant'] as const satisfies readonly ScheduleOptions['name'][];
const optimizers = ['sgd', 'adamw'] as const satisfies readonly OptimizerOptions['name'][];

export type Change = (config: TrainConfig) => TrainConfig;

/** What has to be chosen for an option to have an effect. */
export interface Need {
  readonly expected: string;
  readonly found: (config: TrainConfig) => string;
  readonly isMet: (config: TrainConfig) => boolean;
}

export interface ConfigOption {
  readonly flags: string;
  readonly description: string;
  /** What the option's value, or the option as a switch, does. */
  readonly change: ValueKind<Change> | Change;
  readonly need: Need | undefined;
}

const forMethods = (...names: Method[]): Need => ({
  expected: `--method ${names.join(' or ')}`,
  found: ({ method }) => `--method ${method}`,
  isMet: ({ method }) => names.includes(method),
});
const forOptimizer = (name: OptimizerOptions['name']): Need => ({
  expected: `--optimizer ${name}`,
  found: ({ optimizer }) => `--optimizer ${optimizer.name}`,
  isMet: ({ optimizer }) => optimizer.name === name,
});
const forSteps: Need = {
  expected: '--schedule step',
  found: ({ schedule }) => `--schedule ${schedule.name}`,
  isMet: ({ schedule }) => schedule.name === 'step',
};
const forTeacher: Need = {
  expected: '--teacher MODEL.onnx',
  found: () => 'none',
  isMet: ({ teachers }) => teachers !== undefined,
};

/** An option whose value goes through `set`. */
function option<T>(
  flags: string,
  description: string,
  kind: ValueKind<T>,
  set: (config: TrainConfig, value: T) => TrainConfig,
  need?: Need,
): ConfigOption {
  const parse = (given: string): Change | undefined => {
    const value = kind.parse(given);
    return value === undefined ? undefined : (config) => set(config, value);
  };
  return { flags, description, change: { expected: kind.expected, parse }, need };
}

/** An option that sets the field `key`; a default that is a plain value is added to its description. */
function field<K extends keyof TrainConfig>(
  key: K,
  flags: string,
  description: string,
  kind: ValueKind<NonNullable<TrainConfig[K]>>,
  need?: Need,
): ConfigOption {
  const preset = defaultConfig[key];
  const shown = typeof preset === 'object' || preset === undefined ? '' : ` (default: ${preset})`;
  return option(flags, description + shown, kind, (config, value) => ({ ...config, [key]: value }), need);
}

type Sgd = Extract<OptimizerOptions, { name: 'sgd' }>;
type Adamw = Extract<OptimizerOptions, { name: 'adamw' }>;
// As in Loshchilov & Hutter, with the decay that became customary.
const adamw: Adamw = { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
const sgd: Sgd = { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-4 };
const presets: { readonly [K in OptimizerOptions['name']]: Pick<TrainConfig, 'optimizer' | 'learningRate'> } = {
  sgd: { optimizer: sgd, learningRate: 0.1 },
  adamw: { optimizer: adamw, learningRate: 0.002 },
  [defaultConfig.optimizer.name]: defaultConfig,
};
const perOptimizer = (value: (name: OptimizerOptions['name']) => number) =>
  `(default: ${optimizers.map((name) => `${value(name)} with ${name}`).join(', ')})`;

/** The optimizer with its own defaults; the one that is set already stays as it is, which resuming relies on. */
function setOptimizer(config: TrainConfig, name: OptimizerOptions['name']): TrainConfig {
  const { optimizer, learningRate } = presets[name];
  return config.optimizer.name === name ? config : { ...config, optimizer, learningRate };
}
const adjustOptimizer = (config: TrainConfig, part: Partial<Sgd> | Partial<Adamw>): TrainConfig => ({
  ...config,
  optimizer: { ...config.optimizer, ...part } as OptimizerOptions,
});
const adjustSchedule = (config: TrainConfig, part: Partial<ScheduleOptions>): TrainConfig => ({
  ...config,
  schedule: { ...config.schedule, ...part },
});

const count = whole({ from: 1 });
const fraction = number({ from: 0, to: 1 });
const decay = number({ from: 0, below: 1 });
/** Of the phases full, ternary and frozen. */
export const phaseShares: ValueKind<TrainConfig['phases']> = {
  expected: 'three numbers of at least 0, not all 0, separated by commas',
  parse(given) {
    const [full, ternary, frozen, ...more] = listOf(number({ from: 0 }), '').parse(given) ?? [];
    if (full === undefined || ternary === undefined || frozen === undefined || more.length > 0) return undefined;
    return full + ternary + frozen > 0 ? [full, ternary, frozen] : undefined;
  },
};
const milestones = listOf(number({ above: 0 }), 'rising numbers above 0, separated by commas', (values) =>
  values.every((value, i) => i === 0 || value > values[i - 1]!),
);
const kinds = listOf(oneOf(layerKinds), `one or more of ${layerKinds.join(', ')}, separated by commas`);
const strides: ValueKind<1 | 2> = {
  expected: 'one of 1, 2',
  parse: (given) => (given === '1' ? 1 : given === '2' ? 2 : undefined),
};

/** By the headings of the help. An option comes after those whose value it adjusts. */
export const configOptions: Readonly<Record<string, readonly ConfigOption[]>> = {
  Network: [
    field('model', '--model <name>', 'architecture', text('a name')),
    field('width', '--width <x>', "multiplier of every layer's filters", number({ above: 0, to: 4 })),
    field(
      'inputSize',
      '--input-size <px>',
      "input height and width (default: the data set's)",
      whole({ from: 28, to: 224 }),
    ),
    field(
      'firstStride',
      '--first-stride <n>',
      'stride of the first convolution (default: 1 for images of up to 64 pixels, else 2)',
      strides,
    ),
  ],
  Data: [
    field(
      'data',
      '--data <name|dir>',
      'mnist, fashion-mnist, cifar10, cifar100, synthetic, or a directory with one folder of images per class',
      text('a name or a directory'),
    ),
    field('dataDir', '--data-dir <dir>', 'where the files of a named data set are', text('a directory')),
    field(
      'trainSamples',
      '--train-samples <n>',
      'train on at most so many images, drawn by the seed (default: all)',
      count,
    ),
    {
      flags: '--no-augment',
      description: 'do not shift and flip training images',
      change: (config) => ({ ...config, augment: false }),
      need: undefined,
    },
    field(
      'padding',
      '--padding <how>',
      'what shifted images show at their border: zero, black; reflect, their mirror image (default: zero)',
      oneOf(paddings),
    ),
    field('mixup', '--mixup <x>', 'Beta distribution parameter of mixup; 0 is off', number({ from: 0 })),
    field(
      'cutmix',
      '--cutmix <x>',
      'Beta distribution parameter of CutMix; 0 is off (default: 0)',
      number({ from: 0, to: 4 }),
    ),
  ],
  Compression: [
    field('method', '--method <name>', `${methods.join(', ')}`, oneOf(methods)),
    field(
      'alpha',
      '--alpha <x>',
      'hybrid: fraction of full-precision filters in a bank',
      fraction,
      forMethods('hybrid'),
    ),
    field(
      'widthRatio',
      '--width-ratio <x>',
      'hidden units per ternary filter (default: 1.25 for hybrid, 2 for strassen)',
      number({ from: 0.01, to: 16 }),
      forMethods('strassen', 'hybrid'),
    ),
    field(
      'granularity',
      '--granularity <name>',
      'twn: one threshold and scale per tensor or per filter',
      oneOf(granularities),
      forMethods('twn'),
    ),
    field(
      'layerKinds',
      '--layers <kinds>',
      `which layers: ${layerKinds.join(', ')} (default: all for twn, else first, pointwise (conv where there is none), classifier)`,
      kinds,
      forMethods('twn', 'strassen', 'hybrid'),
    ),
    field(
      'phases',
      '--phases <a,b,c>',
      'shares of the epochs with full-precision, ternary and frozen ternary weights ' +
        `(default: ${defaultConfig.phases.join(',')})`,
      phaseShares,
      forMethods('twn', 'strassen', 'hybrid'),
    ),
    field(
      'reestimateBatches',
      '--reestimate-batches <n>',
      'batches to re-estimate batch norms; 0 is off',
      whole({ from: 0 }),
    ),
  ],
  Training: [
    field('epochs', '--epochs <n>', 'epochs of all phases together', count),
    field('batchSize', '--batch-size <n>', 'images per step', count),
    option(
      '--optimizer <name>',
      `${optimizers.join(' or ')} (default: ${defaultConfig.optimizer.name})`,
      oneOf(optimizers),
      setOptimizer,
    ),
    option(
      '--momentum <x>',
      `sgd: momentum (default: ${sgd.momentum})`,
      decay,
      (config, momentum) => adjustOptimizer(config, { momentum }),
      forOptimizer('sgd'),
    ),
    {
      flags: '--no-nesterov',
      description: "sgd: plain momentum instead of Nesterov's",
      change: (config) => adjustOptimizer(config, { nesterov: false }),
      need: forOptimizer('sgd'),
    },
    ...(['beta1', 'beta2'] as const).map((name, i) =>
      option(
        `--${name} <x>`,
        `adamw: decay of the ${['first', 'second'][i]} moment (default: ${adamw[name]})`,
        decay,
        (config, value) => adjustOptimizer(config, { [name]: value }),
        forOptimizer('adamw'),
      ),
    ),
    option(
      '--epsilon <x>',
      `adamw: added to the root of the second moment (default: ${adamw.epsilon})`,
      number({ above: 0 }),
      (config, epsilon) => adjustOptimizer(config, { epsilon }),
      forOptimizer('adamw'),
    ),
    option(
      '--weight-decay <x>',
      `decay of the weights ${perOptimizer((name) => presets[name].optimizer.weightDecay)}`,
      fraction,
      (config, weightDecay) => adjustOptimizer(config, { weightDecay }),
    ),
    option(
      '--learning-rate <x>',
      `base learning rate ${perOptimizer((name) => presets[name].learningRate)}`,
      number({ above: 0 }),
      (config, learningRate) => ({ ...config, learningRate }),
    ),
    option(
      '--schedule <name>',
      `${schedules.join(', ')} (default: ${defaultConfig.schedule.name})`,
      oneOf(schedules),
      (config, name) => adjustSchedule(config, { name }),
    ),
    option(
      '--warmup <epochs>',
      `epochs of linear warm-up, fractions allowed (default: ${defaultConfig.schedule.warmup})`,
      number({ from: 0 }),
      (config, warmup) => adjustSchedule(config, { warmup }),
    ),
    option(
      '--milestones <epochs>',
      'step: epochs of a phase after which the rate falls',
      milestones,
      (config, value) => adjustSchedule(config, { milestones: value }),
      forSteps,
    ),
    option(
      '--step-factor <x>',
      'step: by which it is multiplied (default: 0.1)',
      number({ above: 0, to: 1 }),
      (config, factor) => adjustSchedule(config, { factor }),
      forSteps,
    ),
    field('clipNorm', '--clip-norm <x>', 'largest norm of the whole gradient (default: none)', number({ above: 0 })),
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
  ],
  Distillation: [
    field(
      'teachers',
      teacherFlags,
      'learn from the outputs of this model too; several, with commas between, take turns',
      teacherFiles,
    ),
    field('distillWeight', '--distill-weight <x>', "the teacher's share of the loss", fraction, forTeacher),
    field('temperature', '--temperature <x>', 'softens the outputs of both', number({ above: 0 }), forTeacher),
    {
      flags: '--distill-mirror',
      description: 'learn what the teacher says of images and of their mirror images',
      change: (config) => ({ ...config, distillMirror: true }),
      need: forTeacher,
    },
  ],
  Run: [
    field('seed', '--seed <n>', 'of weights, order and augmentation', whole({ from: 0, to: 2 ** 32 - 1 })),
    field('device', '--device <name>', devices.join(', '), oneOf(devices)),
    field('threads', '--threads <n>', 'threads per operator (default: one a core)', count),
  ],
};
