/** The options that say how images go into a model, for every command that feeds some. */

import { parseSize, type SizeOption } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';
import {
  type ConfigOption,
  field,
  listOf,
  nested,
  number,
  oneOf,
  option,
  pairOf,
  text,
  type ValueKind,
  whole,
} from '../options/index.ts';
import { type ImageForm, normalisationNames, normalisations } from './image-form.ts';
import type { Normalisation } from './normalisation.ts';

const side = whole({ from: 1, to: 4096 });

/** `224`, or `128x160`, height first. */
export const sizeKind: ValueKind<SizeOption> = {
  expected: 'pixels from 1 to 4096, or HEIGHTxWIDTH',
  parse(given) {
    const size = /^\d+(x\d+)?$/.test(given) ? parseSize(given) : undefined;
    if (!size || !side.accepts(size.height) || !side.accepts(size.width)) return undefined;
    return size.height === size.width ? size.height : size;
  },
  accepts(value) {
    if (typeof value === 'number') return side.accepts(value);
    const { height, width } = (value ?? {}) as Partial<Exclude<SizeOption, number>>;
    return side.accepts(height) && side.accepts(width);
  },
};

const dimsKind: ValueKind<Readonly<Record<string, number>>> = {
  expected: 'NAME=SIZE with a size of at least 1, several separated by commas',
  parse(given) {
    const pairs = listOf(pairOf(text('a name'), whole({ from: 1 }), ''), '').parse(given);
    return pairs && Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
  },
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((size) => whole({ from: 1 }).accepts(size)),
};

const unset: Normalisation = { mean: [], std: [] };

const presetNamed = (normalisation: Normalisation | undefined) =>
  normalisationNames.find((name) => JSON.stringify(normalisations[name]) === JSON.stringify(normalisation));

export const imageFormOptions: readonly ConfigOption<ImageForm>[] = [
  field(
    'inputSize',
    '--input-size <px>',
    'height and width, or HEIGHTxWIDTH, for models that leave them open',
    sizeKind,
  ),
  field('dims', '--dim <name=size>', 'sizes of other symbolic dimensions, separated by commas', dimsKind),
  option<ImageForm, (typeof normalisationNames)[number]>(
    '--normalization <name>',
    "of pixels: imagenet, torchvision's mean and deviation; tf, -1..1; unit, 0..1; raw, 0..255 (default: the metadata, else " +
      'that of the images)',
    oneOf(normalisationNames),
    {
      key: 'normalisation',
      get: ({ normalisation }) => presetNamed(normalisation),
      set: (form, name) => ({ ...form, normalisation: normalisations[name] }),
    },
  ),
  nested<ImageForm, 'normalisation', readonly number[]>(
    'normalisation',
    'mean',
    '--mean <list>',
    'of pixels in 0..255, one number or one per channel, with --std',
    listOf(number(), 'numbers separated by commas'),
    { fallback: unset },
  ),
  nested<ImageForm, 'normalisation', readonly number[]>(
    'normalisation',
    'std',
    '--std <list>',
    'deviation of pixels, likewise',
    listOf(number({ above: 0 }), 'numbers above 0 separated by commas'),
    { fallback: unset },
  ),
];

/** E_USAGE for a mean without a deviation, or the other way round. */
export function checkForm({ normalisation }: ImageForm): void {
  if (!normalisation) return;
  for (const [name, other] of [
    ['mean', 'std'],
    ['std', 'mean'],
  ] as const) {
    if (normalisation[name].length > 0) continue;
    throw new TritbankError('E_USAGE', `--${other}`, `expected --${name} with it, found none`);
  }
}
