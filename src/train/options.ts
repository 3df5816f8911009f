/** The options of training from scratch and of fine-tuning, as tables over their configurations. */

import { checkForm, imageFormOptions, sizeKind } from '../classifier/form-options.ts';
import type { ImageForm } from '../classifier/image-form.ts';
import { formatSize, sizeOf } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';
import {
  type ConfigOption,
  checkValues,
  extend,
  field,
  listOf,
  type Need,
  number,
  type OptionTable,
  oneOf,
  option,
  text,
  toggle,
  type ValueKind,
  whole,
} from '../options/index.ts';
import type { Granularity, LayerKind } from '../quantize/index.ts';
import type { Recipe, TrainConfig } from './config.ts';
import type { FineTuneConfig } from './fine-tune-config.ts';
import type { BatchNormOptions } from './give-batch-norms.ts';
import {
  distillationOptions,
  forDistillation,
  forTeacher,
  imageOptions,
  rateOptions,
  runOptions,
  ternaryOptions,
  trainingOptions,
} from './recipe-options.ts';
import { type Method, methods } from './records.ts';

// Spelled out here, because the modules that define them load libraries.
const layerKinds = ['first', 'pointwise', 'depthwise', 'conv', 'classifier'] as const satisfies readonly LayerKind[];
export const granularities = ['tensor', 'filter'] as const satisfies readonly Granularity[];
const batchNorms = ['restore', 'insert', 'scale', 'keep'] as const satisfies readonly BatchNormOptions['batchNorm'][];

const count = whole({ from: 1 });

export const dataOption = <C extends { readonly data?: string }>(description: string): ConfigOption<C> =>
  option('--data <name|dir>', description, text('a name or a directory'), {
    key: 'data',
    get: (config) => config.data,
    set: (config, data) => ({ ...config, data }),
  });
export const dataDirOption = <C extends { readonly dataDir?: string }>(): ConfigOption<C> =>
  option('--data-dir <dir>', 'where the files of a named data set are', text('a directory'), {
    key: 'dataDir',
    get: (config) => config.dataDir,
    set: (config, dataDir) => ({ ...config, dataDir }),
  });

const forMethods = (...names: Method[]): Need<TrainConfig> => ({
  expected: `--method ${names.join(' or ')}`,
  found: ({ method }) => `--method ${method}`,
  isMet: ({ method }) => names.includes(method),
});
const compressed = forMethods('twn', 'strassen', 'hybrid');
const transferred: Need<TrainConfig> = {
  expected: '--from MODEL.onnx',
  found: () => 'none',
  isMet: ({ from }) => from !== undefined,
};
const fromScratch: Need<TrainConfig> = {
  expected: 'no --from',
  found: () => 'both',
  isMet: ({ from }) => from === undefined,
};

const strideOfItsOwn: Need<TrainConfig> = {
  expected: 'no --first-stride',
  found: () => 'both',
  isMet: ({ firstStride }) => firstStride === undefined,
};

/** Of training from scratch. */
export const trainOptions: OptionTable<TrainConfig> = {
  Network: [
    field('model', '--model <name>', 'architecture', text('a name'), fromScratch),
    field('width', '--width <x>', "multiplier of every layer's filters", number({ above: 0, to: 4 }), fromScratch),
    field(
      'inputSize',
      '--input-size <px>',
      "input height and width, or HEIGHTxWIDTH (default: the data set's; with --from, the model's)",
      sizeKind,
    ),
    field(
      'firstStride',
      '--first-stride <n>',
      'stride of the first convolution (default: 1 for square images of up to 64 pixels, else 2)',
      whole({ from: 1, to: 2 }) as ValueKind<1 | 2>,
      fromScratch,
    ),
    field(
      'outputStride',
      '--output-stride <n>',
      'input pixels per pixel of the last feature map, a power of two: the first strides become 1 until it is met',
      whole({ from: 1, to: 32 }),
      strideOfItsOwn,
    ),
    field(
      'initial',
      '--initial <file>',
      'best.safetensors or checkpoint.safetensors of a run of the same architecture, perhaps on fewer pixels, to begin with',
      text('a file'),
      fromScratch,
    ),
    field(
      'from',
      '--from <model.onnx>',
      'go on from this classifier, with a new head for the classes of the data, in place of an architecture',
      text('an ONNX file'),
    ),
    field(
      'unitStrides',
      '--unit-strides <layers>',
      'names of layers and pools that take every pixel (stride 1), separated by commas: small images keep their resolution',
      listOf(text('a name'), "names of layers with strides: 'conv1,conv_dw_12'"),
      transferred,
    ),
    field(
      'headEpochs',
      '--head-epochs <n>',
      'of these epochs first, train the new head only (default: 3)',
      whole({ from: 0 }),
      transferred,
    ),
    field(
      'headRate',
      '--head-rate <x>',
      'learning rate of these epochs (default: 0.02)',
      number({ above: 0 }),
      transferred,
    ),
    field(
      'batchNorm',
      '--batch-norm <how>',
      `of layers without one: ${batchNorms.join(', ')} (default: restore)`,
      oneOf(batchNorms),
      transferred,
    ),
    ...extend<ImageForm, TrainConfig>(imageFormOptions.filter(({ key }) => key !== 'inputSize')).map((one) => ({
      ...one,
      need: transferred,
    })),
  ],
  Data: [
    dataOption(
      'mnist, fashion-mnist, cifar10, cifar100, speech-commands, synthetic, or a directory with one folder of images (or ' +
        'words as WAV files) per class, or with shards of these (tritbank data pack)',
    ),
    dataDirOption(),
    ...extend<Recipe, TrainConfig>(imageOptions),
  ],
  Compression: [
    field('method', '--method <name>', methods.join(', '), oneOf(methods)),
    field(
      'alpha',
      '--alpha <x>',
      'hybrid: fraction of full-precision filters in a bank',
      number({ from: 0, to: 1 }),
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
      listOf(oneOf(layerKinds), `one or more of ${layerKinds.join(', ')}, separated by commas`),
      compressed,
    ),
    ...extend<Recipe, TrainConfig>(ternaryOptions(compressed as unknown as Need<Recipe>)),
  ],
  Training: extend([...trainingOptions, ...rateOptions]),
  Distillation: extend(distillationOptions(forTeacher)),
  Run: extend(runOptions),
};

type FineTuning = Omit<FineTuneConfig, 'data'>;

/** Of fine-tuning a given network, besides the data. */
export const fineTuneOptions: OptionTable<FineTuning> = {
  Data: [
    dataDirOption(),
    field(
      'labels',
      '--labels <from>',
      'folders: number the classes by sorted folder, or by the index in classes.json (default: index where that file is)',
      oneOf(['folder', 'index']),
    ),
    toggle(
      'unlabelled',
      '--unlabelled',
      'images in folders that are no classes: what the original says of them counts',
      (config) => ({
        ...config,
        unlabelled: true,
      }),
    ),
    ...extend<ImageForm, FineTuning>(imageFormOptions),
    field(
      'testSamples',
      '--samples <n>',
      'evaluate on so many test images, of each class in proportion (default: all)',
      count,
    ),
    ...extend<Recipe, FineTuning>(imageOptions),
  ],
  Training: [
    ...extend<Recipe, FineTuning>([...trainingOptions, ...rateOptions]),
    field('batchNorm', '--batch-norm <how>', `of layers without one: ${batchNorms.join(', ')}`, oneOf(batchNorms)),
    field(
      'calibrationBatches',
      '--calibration-batches <n>',
      'batches from which batch norms get their first statistics',
      count,
    ),
  ],
  'Ternary weights': extend(ternaryOptions()),
  Distillation: extend(distillationOptions(forDistillation)),
  Run: extend(runOptions),
};

function checkSchedule({ schedule: { name, milestones } }: Pick<Recipe, 'schedule'>): void {
  if (name !== 'step' || milestones) return;
  throw new TritbankError('E_USAGE', 'schedule', "expected milestones with 'step', found none");
}

/** A given network is trained as it is; `compress` makes its layers ternary afterwards. */
function checkTransfer({ from, method }: TrainConfig): void {
  if (from === undefined || method === 'fp') return;
  const expected = 'expected fp for a given network, which `tritbank compress` makes ternary afterwards';
  throw new TritbankError('E_USAGE', 'method', `${expected}, found ${method}`);
}

const squareSide = whole({ from: 28, to: 224 });
const oblongSide = whole({ from: 8, to: 224 });

/** A given network has its own sizes. */
function checkSize({ from, inputSize }: TrainConfig): void {
  if (from !== undefined || inputSize === undefined) return;
  const { height, width } = sizeOf(inputSize);
  const side = height === width ? squareSide : oblongSide;
  if (side.accepts(height) && side.accepts(width)) return;
  const found = formatSize({ height, width });
  throw new TritbankError('E_USAGE', '--input-size', `expected ${side.expected} without --from, found ${found}`);
}

/**
 * Throws E_USAGE for the first value out of range.
 *
 * @example
 * import { checkConfig, defaultConfig, TritbankError } from 'tritbank';
 *
 * try {
 *   checkConfig({ ...defaultConfig, alpha: 1.5 });
 * } catch (error) {
 *   if (error instanceof TritbankError) console.log(error.code, error.message); // E_USAGE, and where
 * }
 */
export function checkConfig(config: TrainConfig): void {
  checkValues(trainOptions, config);
  checkForm(config);
  checkTransfer(config);
  checkSize(config);
  checkSchedule(config);
}

/** Throws E_USAGE for the first value out of range. */
export function checkFineTune(config: FineTuning): void {
  checkValues(fineTuneOptions, config);
  checkForm(config);
  checkSchedule(config);
}
