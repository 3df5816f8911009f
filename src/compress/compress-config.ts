/** What `compressModel` is asked for; stored as `config.json`, so that a resumed run does the same. */

import { checkForm } from '../classifier/form-options.ts';
import type { Communicator } from '../cluster/index.ts';
import { accelerators, type Conventions, paperConventions, type StorageScheme, storageSchemes } from '../cost/index.ts';
import type { ActivationForm } from '../export/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { FilterBits } from '../quantize/index.ts';
import { isArrayFile, type Limits, limitKindOf, limitsIn } from '../targets/index.ts';
import type { FineTuneConfig } from '../train/index.ts';
import { plainDefaults } from './defaults.ts';
import { type Budget, checkBudget, namesIn } from './planning/budget.ts';

export type UniformChoice = { readonly alpha: number; readonly widthRatio: number } | { readonly bits: 4 | 8 };

export interface CompressConfig {
  /** The model's file, or the name of a network that was given as such. */
  readonly model: string;
  /** Data set name or directory; absent: the network is decomposed without any data. */
  readonly data?: string;
  readonly dataDir?: string;
  /** What the compressed network may cost, relative to the original. Empty with `uniform` or `plan`. */
  readonly budget: Budget;
  /** The same in every layer instead of an optimised plan: the paper's choice, or all filters in 4 bits and none ternary. */
  readonly uniform?: UniformChoice;
  /** The machine to plan for: a name, or an array's file. It computes in 8 bits, `activations` included. */
  readonly target?: string;
  /** Limits on the target, beside the budget: shares of the control's figures, or figures (`256K`). */
  readonly limits?: Limits;
  /** A plan file, instead of an optimised plan. */
  readonly plan?: string;
  /** An analysis of the same model, of an earlier run or of `tritbank analyze`, instead of a new one. */
  readonly analysis?: string;
  /** An accelerator model's name or file. */
  readonly accelerator: string;
  readonly format?: string;
  readonly conventions: Conventions;
  readonly scheme: StorageScheme;
  /** Of the packed file; those of 8 bits are calibrated on the images. */
  readonly activations: ActivationForm;
  /** Width ratios and shares of full-precision filters that the planner may choose from; defaults as in the analysis. */
  readonly ratios?: readonly number[];
  readonly alphas?: readonly number[];
  /**
   * Sparsities of decompositions that the planner may choose from besides 0. Default: `defaultSparsities` where zeros are
   * skipped, by the conventions or the target, else none.
   */
  readonly sparsities?: readonly number[];
  /**
   * Bits that the planner may give full-precision filters besides those of the file: 4. Default: where a calibration makes a
   * file of 8 bits, which is when rounding is compensated.
   */
  readonly filterBits?: readonly FilterBits[];
  /** Images that statistics, and calibration, are taken from. */
  readonly images: number;
  /** `calibrate`: layer by layer, without labels; `train`: fine-tuning with distillation; `none`: decomposition alone. */
  readonly method: 'train' | 'calibrate' | 'none';
  /** Where training starts: from decomposed weights, from a calibration on the images, or from drawn factors. */
  readonly init: 'decompose' | 'calibrate' | 'draw';
  /** Fine-tuning, and how images are read, besides data, seed and threads. */
  readonly training: Omit<FineTuneConfig, 'data' | 'dataDir' | 'seed' | 'threads'>;
  readonly seed: number;
  readonly threads?: number;
}

export type CompressStage =
  | 'label'
  | 'statistics'
  | 'analysis'
  | 'plan'
  | 'build'
  | 'calibrate'
  | 'train'
  | 'export'
  | 'verify'
  | 'control';

export interface CompressProgress {
  readonly stage: CompressStage;
  /** Work done and in all, in units of the stage: images, or hundredths (`%`) of the work to be expected. */
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /** What else there is to say of the moment, by name: layer, epoch, loss, pass over the images. */
  readonly detail?: Readonly<Record<string, string | number>>;
  /** A line worth keeping: an epoch's figures. */
  readonly note?: string;
}

export interface CompressOptions {
  /** Run directory; created when absent. Default: `runs/NAME-compressed`. */
  readonly out?: string;
  /** Go on from what the stages left in `out`. */
  readonly resume?: boolean;
  /** Replace an earlier run in `out`, and other files under the names of a run's; default: E_USAGE where there are any. */
  readonly force?: boolean;
  /** Directory where decompositions of analyses are kept by content, for this run and others; default: none. */
  readonly cache?: string;
  readonly signal?: AbortSignal;
  /** The other ranks, see `joinRanks`: analysis and training are spread over them, rank 0 does the rest. */
  readonly ranks?: Communicator;
  /** The command line, for the records. */
  readonly command?: string;
  readonly onProgress?: (progress: CompressProgress) => void;
  readonly warn?: (line: string) => void;
}

/** How files with these activations store what a plan chooses. */
export const schemeOf = (activations: ActivationForm): StorageScheme =>
  storageSchemes[activations === 'int8' ? 'hybrid-int8' : 'hybrid-fp16'];

/** Defaults besides the model and the budget. Operations are counted as the paper does. */
export const defaultCompress = {
  ...plainDefaults,
  conventions: paperConventions,
  scheme: schemeOf(plainDefaults.activations),
} as const satisfies Partial<CompressConfig>;

/**
 * Training of a network that is good already, on a few hundred images: small steps of AdamW (SGD of a rate at which
 * anything changes soon diverges), ternary weights that stay as they were fitted, and batch norms that compute as in
 * inference, since the statistics of a few images undo what was fitted.
 */
const calibratedTraining: CompressConfig['training'] = {
  ...plainDefaults.training,
  optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  learningRate: 0.0001,
  normStatistics: 'fixed',
  phases: [0, 0, 1],
};

/** Defaults of training by what it starts from. */
export const trainingDefaults = (init: CompressConfig['init'] | undefined): CompressConfig['training'] =>
  init === 'calibrate' ? calibratedTraining : plainDefaults.training;

/** What is given of a configuration; the rest are defaults. */
export type CompressSettings = Partial<Omit<CompressConfig, 'model' | 'training'>> & {
  readonly training?: Partial<CompressConfig['training']>;
};

/** The choice of Gope et al. (arXiv 1911.01028, section 4), where neither a budget nor a plan is given. */
const paperChoice = { alpha: 0.5, widthRatio: 1.25 } as const;

const isLimited = ({ budget = {}, limits = {} }: Pick<CompressSettings, 'budget' | 'limits'>) =>
  namesIn(budget).length > 0 || limitsIn(limits).length > 0;

/** Where an array's file was given as the accelerator, it is the target, and costs are counted as by default. */
export function takeArray<S extends CompressSettings>(settings: S): S {
  const { accelerator, target } = settings;
  if (accelerator === undefined || accelerators.includes(accelerator) || !isArrayFile(accelerator)) return settings;
  return { ...settings, accelerator: plainDefaults.accelerator, target: target ?? accelerator, activations: 'int8' };
}

/** The configuration with defaults for what is not given: without data, weights are decomposed and nothing is trained. */
export function completeConfig(model: string, given: CompressSettings): CompressConfig {
  const settings = takeArray(given);
  const isChosen = isLimited(settings) || settings.uniform || settings.plan !== undefined;
  const activations = settings.activations ?? (settings.target === undefined ? undefined : 'int8');
  return {
    ...defaultCompress,
    model,
    ...(!isChosen && { uniform: paperChoice }),
    ...(settings.data === undefined && { method: 'none' }),
    ...(activations && { activations, scheme: schemeOf(activations) }),
    ...settings,
    training: { ...trainingDefaults(settings.init), ...settings.training },
  };
}

/** Bits that the planner chooses from besides those of the file. */
export function filterBitsOf({ filterBits, method, activations }: CompressConfig): readonly FilterBits[] {
  return filterBits ?? (method === 'calibrate' && activations === 'int8' ? [4] : []);
}

/** Throws E_USAGE for the first thing that does not fit. */
export function checkCompressConfig(config: CompressConfig): void {
  const { activations, budget, uniform, plan, analysis, method, data, init, images, training } = config;
  const ways = [isLimited(config) && 'a budget', uniform && 'a uniform choice', plan !== undefined && 'a plan'];
  const given = ways.filter((way) => way);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none of them' : given.join(' and ');
    throw new TritbankError('E_USAGE', 'compress', `expected a budget, a uniform choice or a plan, found ${found}`);
  }
  if (namesIn(budget).length > 0) checkBudget(budget);
  checkTarget(config);
  checkForm(training);
  if (plan !== undefined && analysis !== undefined) {
    throw new TritbankError('E_USAGE', 'analysis', 'expected none beside a plan, found both');
  }
  if (uniform && 'alpha' in uniform && !(uniform.alpha >= 0 && uniform.alpha <= 1 && uniform.widthRatio > 0)) {
    const found = `${uniform.alpha} and ${uniform.widthRatio}`;
    const expected = 'expected alpha from 0 to 1 and a width ratio above 0';
    throw new TritbankError('E_USAGE', 'uniform', `${expected}, found ${found}`);
  }
  if (method !== 'none' && data === undefined) {
    throw new TritbankError('E_USAGE', 'data', `expected images to ${method} with, found none`);
  }
  if (activations === 'int8' && data === undefined) {
    throw new TritbankError('E_USAGE', 'activations', 'expected images to calibrate 8 bits with, found none');
  }
  const narrow = (uniform && 'bits' in uniform && uniform.bits === 4) || (config.filterBits ?? []).includes(4);
  if (narrow && method === 'none') {
    const expected = 'expected filters of 4 bits with training or --calibrate-only, which make up for their rounding';
    throw new TritbankError('E_USAGE', 'filter bits', `${expected}, found the method ${method}`);
  }
  if (init !== 'decompose' && method !== 'train') {
    const found = init === 'draw' ? 'drawn ones' : 'a calibration to begin with';
    throw new TritbankError('E_USAGE', 'init', `expected decomposed factors without training, found ${found}`);
  }
  if (!Number.isSafeInteger(images) || images < 2) {
    throw new TritbankError('E_USAGE', 'images', `expected a whole number of at least 2, found ${images}`);
  }
}

/** E_USAGE for limits without a target, and for a target without what it needs. */
function checkTarget({ target, limits = {}, plan, data, activations }: CompressConfig): void {
  const fail = (expected: string, found: unknown, where = 'target') => {
    throw new TritbankError('E_USAGE', where, `expected ${expected}, found ${found}`);
  };
  const [name] = limitsIn(limits);
  if (target === undefined) {
    if (name) fail(`one that has ${name}`, 'none');
    return;
  }
  for (const one of limitsIn(limits)) {
    const kind = limitKindOf(one);
    if (!kind.accepts(limits[one])) fail(kind.expected, limits[one], `limits.${one}`);
  }
  if (plan !== undefined) fail('none beside a plan', 'both');
  if (data === undefined) fail('images to calibrate 8 bits with', 'none');
  if (activations !== 'int8') fail('activations int8, which every target computes in', activations);
}
