/**
 * What a classifier's file says of its use, in `metadata_props`, so that a runtime needs nothing else:
 *
 *   input_size      height and width of the image, one number where they are equal
 *   input_mean      of a pixel's 0..255, one number or one per channel: the network sees (pixel - mean) / std
 *   input_std       likewise, above 0
 *   input_channels  1 grey, 3 RGB
 *   input_features  what was computed of sounds, a JSON object (`data/speech/features.ts`); absent of pictures
 *   labels          a JSON array of class names, in the order of the scores
 *   scores          what the scores are: logits, probabilities or independent; by default the graph tells
 *   tritbank        a JSON object: how `tritbank export` stored the model
 *
 * Lists of numbers are separated by commas or spaces, with or without brackets. Left out: how an image is cut to a
 * square (its shorter side is fitted, then its centre taken).
 */

import { formatSize, parseSize, type Size } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';

export interface Preprocessing {
  readonly size?: Size;
  /** Per channel, or one for all. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly channels?: number;
  readonly labels?: readonly string[];
}

export const metadataKeys = {
  size: 'input_size',
  mean: 'input_mean',
  std: 'input_std',
  channels: 'input_channels',
  features: 'input_features',
  labels: 'labels',
  scores: 'scores',
  tritbank: 'tritbank',
} as const;

function wrong(key: string, expected: string, text: string): TritbankError {
  const found = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return new TritbankError('E_MODEL', `metadata ${key}`, `expected ${expected}, found '${found}'`);
}

function readNumbers(key: string, text: string): number[] {
  const parts = text.replace(/[[\]]/g, '').split(/[\s,]+/);
  const numbers = parts.filter((part) => part !== '').map(Number);
  if (numbers.length > 0 && numbers.every(Number.isFinite)) return numbers;
  throw wrong(key, 'numbers', text);
}

/** Height and width, or one number for both. */
function readSize(key: string, text: string): Size {
  const size = parseSize(text);
  if (size) return size;
  throw wrong(key, 'one or two whole numbers of at least 1', text);
}

function readCount(key: string, text: string): number {
  const numbers = readNumbers(key, text);
  const [first] = numbers;
  if (numbers.length === 1 && Number.isSafeInteger(first) && first! > 0) return first!;
  throw wrong(key, 'a whole number of at least 1', text);
}

function readLabels(key: string, text: string): string[] {
  let labels: unknown;
  try {
    labels = JSON.parse(text);
  } catch {
    throw wrong(key, 'a JSON array of texts', text);
  }
  if (Array.isArray(labels) && labels.every((label) => typeof label === 'string')) return labels;
  throw wrong(key, 'a JSON array of texts', text);
}

type Metadata = ReadonlyMap<string, string>;

function read<T>(metadata: Metadata, key: string, parse: (key: string, text: string) => T): T | undefined {
  const text = metadata.get(key);
  return text === undefined ? undefined : parse(key, text);
}

/** How pixels are normalised. E_MODEL for entries that are no numbers, and for deviations that are not above 0. */
export function readPixelScale(metadata: Metadata): Pick<Preprocessing, 'mean' | 'std'> {
  const mean = read(metadata, metadataKeys.mean, readNumbers);
  const std = read(metadata, metadataKeys.std, readNumbers);
  if (std?.some((s) => s <= 0)) throw wrong(metadataKeys.std, 'numbers above 0', metadata.get(metadataKeys.std)!);
  return { ...(mean && { mean }), ...(std && { std }) };
}

/** What the metadata of a model say of its images and classes. E_MODEL for entries that cannot be understood. */
export function readPreprocessing(metadata: Metadata): Preprocessing {
  const size = read(metadata, metadataKeys.size, readSize);
  const scale = readPixelScale(metadata);
  const counted = Math.max(scale.mean?.length ?? 0, scale.std?.length ?? 0);
  const channels = read(metadata, metadataKeys.channels, readCount) ?? (counted > 1 ? counted : undefined);
  const labels = read(metadata, metadataKeys.labels, readLabels);
  return {
    ...(size !== undefined && { size }),
    ...scale,
    ...(channels !== undefined && { channels }),
    ...(labels && { labels }),
  };
}

/** The entries that `readPreprocessing` reads. */
export function formatPreprocessing({ size, mean, std, channels, labels }: Preprocessing): Record<string, string> {
  return {
    ...(size !== undefined && { [metadataKeys.size]: formatSize(size) }),
    ...(mean && { [metadataKeys.mean]: mean.join(',') }),
    ...(std && { [metadataKeys.std]: std.join(',') }),
    ...(channels !== undefined && { [metadataKeys.channels]: `${channels}` }),
    ...(labels && { [metadataKeys.labels]: JSON.stringify(labels) }),
  };
}
