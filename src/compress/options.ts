/**
 * The options of `compress`, as a table over `CompressConfig`; how costs are counted and stored has options of its own,
 * which other commands share.
 */

import {
  type ConfigOption,
  extend,
  field,
  lift,
  listOf,
  nested,
  number,
  type OptionTable,
  oneOf,
  option,
  text,
  toggle,
  type ValueKind,
  whole,
} from '../options/index.ts';
import { type Limit, limitKindOf } from '../targets/limits.ts';
import type { LimitName } from '../targets/target.ts';
import { dataDirOption, dataOption, fineTuneOptions } from '../train/options.ts';
import type { CompressConfig, UniformChoice } from './compress-config.ts';

const share = number({ above: 0 });

const filterBitsKind: ValueKind<4 | 8> = {
  expected: '4 or 8',
  parse: (given) => (given === '4' ? 4 : given === '8' ? 8 : undefined),
  accepts: (value) => value === 4 || value === 8,
};
const count = whole({ from: 1 });

/** What a compression says once, for all of its stages. */
const once: readonly string[] = ['dataDir', 'seed', 'threads'];

/** Options of fine-tuning under a heading, as those of a compression. */
const ofTraining = (heading: string) =>
  lift<CompressConfig, 'training'>(
    'training',
    extend((fineTuneOptions[heading] ?? []).filter(({ key }) => !once.includes(key))),
  );

const limit = (name: keyof CompressConfig['budget'], flags: string, description: string) =>
  nested<CompressConfig, 'budget', number>('budget', name, flags, description, share);

const onTarget = (name: LimitName, flags: string, description: string) =>
  nested<CompressConfig, 'limits', Limit>('limits', name, flags, description, limitKindOf(name), {
    fallback: {},
    need: {
      expected: '--target',
      found: () => 'none',
      // the file of an array may stand in the accelerator's place
      isMet: ({ target, accelerator }) => target !== undefined || accelerator.endsWith('.json'),
    },
  });

/** Targets compute in 8 bits. */
const target: ConfigOption<CompressConfig> = option(
  '--target <name|file>',
  "the machine to plan for: wasm, wasm-relaxed (this package's runtime, one thread); cortex-m4, m7, m0plus, m3, m55, rv32imc; lists, 'lists x2', trits, mac (arrays of the " +
    "accelerator), or an array's JSON file; implies --activations int8",
  text('a name or a file'),
  {
    key: 'target',
    get: (config) => config.target,
    set: (config, name) => ({ ...config, target: name, activations: 'int8' }),
  },
);

const pair = listOf(number({ from: 0 }), '', (values) => values.length === 2);

const uniformKind: ValueKind<UniformChoice> = {
  expected: 'alpha and width ratio, separated by a comma, or int8 or int4',
  parse(given) {
    if (given === 'int4' || given === 'int8') return { bits: given === 'int4' ? 4 : 8 };
    const values = pair.parse(given);
    return values && { alpha: values[0]!, widthRatio: values[1]! };
  },
  accepts(value) {
    const { alpha, widthRatio, bits } = (value ?? {}) as Record<string, unknown>;
    return bits === 4 || bits === 8 || pair.accepts([alpha, widthRatio]);
  },
};

const uniform: ConfigOption<CompressConfig> = option(
  '--uniform <choice>',
  'the same in every layer, instead of a budget: ALPHA,RATIO, as in the paper; or int8 or int4, all filters in 8 or 4 bits and none ternary',
  uniformKind,
  {
    key: 'uniform',
    get: (config) => config.uniform,
    set: (config, choice) => ({ ...config, uniform: choice }),
  },
);

export const compressOptions: OptionTable<CompressConfig> = {
  Data: [
    dataOption('images; a directory with train/ and val/, or a named data set'),
    dataDirOption(),
    field('images', '--images <n>', 'images for statistics and calibration', whole({ from: 2 })),
    ...ofTraining('Data'),
  ],
  Budget: [
    limit('size', '--max-size <share>', 'bytes, of the original at 16 bits'),
    limit('energy', '--max-energy <share>', "energy, of the original's"),
    limit('multiplications', '--max-multiplications <share>', "multiplications, of the original's"),
    limit('throughput', '--min-throughput <share>', "throughput at equal area, of the original's"),
    uniform,
    field('plan', '--plan <file>', 'a plan of an earlier run, edited or not, instead of a budget', text('a file')),
    field(
      'analysis',
      '--analysis <file>',
      "of an earlier run or 'tritbank analyze --out', instead of a new one",
      text('a file'),
    ),
    field(
      'alphas',
      '--alphas <list>',
      'shares of full-precision filters to choose from',
      listOf(number({ from: 0, to: 1 }), 'numbers from 0 to 1, separated by commas'),
    ),
    field(
      'ratios',
      '--width-ratios <list>',
      'hidden units per ternary filter to choose from',
      listOf(share, 'numbers above 0, separated by commas'),
    ),
    field(
      'sparsities',
      '--sparsities <list>',
      'of decompositions to choose from besides 0; higher ones have fewer non-zeros (default: 1,4,10 where zeros are ' +
        'skipped, by --ternary or the target, else 0)',
      listOf(number({ from: 0, to: 100 }), 'numbers from 0 to 100, separated by commas'),
    ),
    field(
      'filterBits',
      '--filter-bits <list>',
      "of full-precision filters to choose from: 8 are the file's; 4 need training or --calibrate-only (default: 8,4 " +
        'where --calibrate-only makes a file of 8 bits, else 8)',
      listOf(filterBitsKind, '8, or 8,4'),
    ),
  ],
  Target: [
    target,
    onTarget(
      'cycles',
      '--max-cycles <n>',
      "of an array for an image in a stream: a share of the int8 network's, or as 200K",
    ),
    onTarget(
      'instructions',
      '--max-instructions <n>',
      "of a core for an image: a share of the int8 network's, or as 15M",
    ),
    onTarget('latency', '--max-latency <share>', "of the runtime for an image: a share of the int8 network's"),
    onTarget('flash', '--max-flash <n>', "of a core, constants and kernels: a share of the int8 network's, or as 256K"),
    onTarget('ram', '--max-ram <n>', 'of a core, tensors and stack, which plans hardly change: a share, or as 64K'),
  ],
  Accelerator: [
    field(
      'accelerator',
      '--accelerator <name|file>',
      "paper, horowitz-fp16, horowitz-int8, osu018, sky130, sg13g2, ice40, or a JSON file (an array's is a --target)",
      text('a name or a file'),
    ),
    field('format', '--format <name>', "number format (default: the accelerator's own)", text('a number format')),
  ],
  Deployment: [
    field(
      'activations',
      '--activations <form>',
      'of the packed file: float or int8, calibrated on the images',
      oneOf(['float', 'int8']),
    ),
  ],
  Method: [
    toggle('method', '--calibrate-only', 'layer by layer, without labels and training', (config) => ({
      ...config,
      method: 'calibrate',
    })),
    toggle('method', '--no-training', 'only decompose the weights', (config) => ({ ...config, method: 'none' })),
    field(
      'init',
      '--init <how>',
      'what training starts from: decomposed weights, a calibration on the images (see --calibrate-only), or drawn factors',
      oneOf(['decompose', 'calibrate', 'draw']),
    ),
  ],
  Training: ofTraining('Training'),
  'Ternary weights': ofTraining('Ternary weights'),
  Distillation: ofTraining('Distillation'),
  Run: [
    ...ofTraining('Run'),
    field('threads', '--threads <n>', 'threads (default: one a core)', count),
    field('seed', '--seed <n>', 'of all choices', whole({ from: 0, to: 2 ** 32 - 1 })),
  ],
};
