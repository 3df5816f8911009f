/** Options of `compress` that make a fine-tuning configuration; what is not given stays as in the defaults. */

import { TritbankError } from '../ir/errors.ts';
import type { FineTuneConfig } from '../train/fine-tune-config.ts';
import type { distillationKinds } from '../train/loss.ts';
import type { Oscillation } from '../train/pins.ts';
import { type TritbankCommand, ValueOption } from './command.ts';
import { paddings, phaseShares } from './options.ts';
import { checkTeachers, teacherFiles, teacherFlags } from './teachers.ts';
import { number, oneOf, whole } from './values.ts';

const distillations = ['kd', 'dist', 'none'] as const satisfies readonly (
  | (typeof distillationKinds)[number]
  | 'none'
)[];

export interface FineTuneOptions {
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly batchSize?: number;
  readonly weightDecay?: number;
  readonly mixup?: number;
  readonly cutmix?: number;
  readonly padding?: (typeof paddings)[number];
  readonly ema?: number;
  readonly phases?: FineTuneConfig['phases'];
  readonly reestimateBatches?: number;
  readonly distill?: (typeof distillations)[number];
  readonly teacher?: readonly string[];
  readonly distillWeight?: number;
  readonly temperature?: number;
  readonly distillMirror?: boolean;
  readonly dampen?: number;
  readonly freezeOscillating?: number;
  readonly freezeLayers?: boolean;
}

/** Share of the newest step in the averages by which oscillation is found (Nagel et al., arXiv 2203.11086, section 5.1). */
const oscillationMomentum = 0.01;

export function addFineTuneOptions(command: TritbankCommand): void {
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  const count = whole({ from: 1 });
  add('--epochs <n>', 'default: 5', count);
  add('--learning-rate <x>', 'default: 0.01', number({ above: 0 }));
  add('--batch-size <n>', 'default: 32', count);
  add('--weight-decay <x>', 'default: 0.0001', number({ from: 0, to: 1 }));
  add('--mixup <x>', 'Beta distribution parameter of mixup; 0 is off (default: 0)', number({ from: 0, to: 4 }));
  add('--cutmix <x>', 'Beta distribution parameter of CutMix; 0 is off (default: 0)', number({ from: 0, to: 4 }));
  add(
    '--padding <how>',
    'what shifted images show at their border: zero, black; reflect, their mirror image (default: zero)',
    oneOf(paddings),
  );
  add(
    '--ema <x>',
    'decay of the moving average of the weights, 0 for none (default: 0.99)',
    number({ from: 0, below: 1 }),
  );
  add(
    '--phases <a,b,c>',
    'shares of the epochs with full-precision, ternary and frozen ternary weights (default: 0,0.5,0.5)',
    phaseShares,
  );
  add('--reestimate-batches <n>', 'batches to re-estimate batch norms; 0 is off (default: 50)', whole({ from: 0 }));
  add(
    '--distill <how>',
    "learn from the teacher's probabilities, kd, from their correlations, dist, or not, none (default: kd)",
    oneOf(distillations),
  );
  add(
    teacherFlags,
    'learn from this model instead of the original; several, with commas between, take turns',
    teacherFiles,
  );
  add('--distill-weight <x>', "the teacher's share of the loss (default: 0.9)", number({ from: 0, to: 1 }));
  add('--temperature <x>', 'softens the outputs of both (default: 2)', number({ above: 0 }));
  command.option('--distill-mirror', 'learn what the teacher says of images and of their mirror images');
  add(
    '--dampen <weight>',
    'draw ternary weights to the values that they stand for (default: off)',
    number({ above: 0 }),
  );
  add(
    '--freeze-oscillating <share>',
    'fix ternary weights that change direction in more than this share of the steps (default: off)',
    number({ above: 0, below: 1 }),
  );
  command.option('--freeze-layers', 'fix the ternary weights of one layer after the other');
}

function oscillationFrom({ dampen, freezeOscillating }: FineTuneOptions): Oscillation | undefined {
  if (dampen !== undefined && freezeOscillating !== undefined) {
    throw new TritbankError('E_USAGE', '--dampen', 'expected it without --freeze-oscillating, found both');
  }
  if (dampen !== undefined) return { kind: 'dampen', weight: dampen };
  if (freezeOscillating === undefined) return undefined;
  return { kind: 'freeze', threshold: freezeOscillating, momentum: oscillationMomentum };
}

/** `defaults` with the given changes. E_USAGE for options that exclude each other, E_FILE for a teacher that is not there. */
export function fineTuneFrom<T extends Omit<FineTuneConfig, 'data' | 'seed'>>(
  defaults: T,
  options: FineTuneOptions,
): T {
  const { epochs, learningRate, batchSize, weightDecay, mixup, padding, ema, phases, reestimateBatches } = options;
  const { cutmix, freezeLayers, distill, teacher, distillWeight, temperature, distillMirror } = options;
  checkTeachers(teacher);
  const ofTeacher = {
    '--teacher': teacher,
    '--distill-weight': distillWeight,
    '--temperature': temperature,
    '--distill-mirror': distillMirror,
  };
  for (const [name, value] of distill === 'none' ? Object.entries(ofTeacher) : []) {
    if (value === undefined) continue;
    throw new TritbankError('E_USAGE', name, 'expected it without --distill none, found both');
  }
  const oscillation = oscillationFrom(options);
  const { distillation, ...rest } = defaults;
  const learned = distillation && {
    ...distillation,
    ...(distill && distill !== 'none' && { kind: distill }),
    ...(distillWeight !== undefined && { weight: distillWeight }),
    ...(temperature !== undefined && { temperature }),
    ...(distillMirror && { mirror: true }),
  };
  return {
    ...rest,
    ...(distill !== 'none' && learned && { distillation: learned }),
    ...(teacher && { teachers: teacher }),
    ...(epochs !== undefined && { epochs }),
    ...(learningRate !== undefined && { learningRate }),
    ...(batchSize !== undefined && { batchSize }),
    ...(weightDecay !== undefined && { optimizer: { ...defaults.optimizer, weightDecay } }),
    ...(mixup !== undefined && { mixup }),
    ...(cutmix !== undefined && { cutmix }),
    ...(padding && { padding }),
    ...(ema !== undefined && { emaDecay: ema }),
    ...(phases && { phases }),
    ...(reestimateBatches !== undefined && { reestimateBatches }),
    ...(oscillation && { oscillation }),
    ...(freezeLayers && { freezeLayers }),
  } as T;
}
