/** How images go into a network, where its file does not say so: what a caller gives, and the presets of exporters. */

import type { SizeOption } from '../images/size.ts';
import { TritbankError } from '../ir/errors.ts';
import type { Normalisation } from './normalisation.ts';

export interface ImageForm {
  /** Height and width of the images, for models that leave them open. */
  readonly inputSize?: SizeOption;
  /** Sizes of symbolic dimensions of the input, by name. */
  readonly dims?: Readonly<Record<string, number>>;
  /** In place of what the metadata say. Default: the metadata, or the mean and deviation of training images, with a warning. */
  readonly normalisation?: Normalisation;
}

export const normalisationNames = ['imagenet', 'tf', 'unit', 'raw'] as const;
export type NormalisationName = (typeof normalisationNames)[number];

/**
 * What networks are usually trained with, of pixels 0..255: `imagenet`, the mean and deviation of ImageNet's pixels
 * (torchvision, timm); `tf`, -1..1 (Keras' MobileNets); `unit`, 0..1; `raw`, as they are.
 */
export const normalisations: Readonly<Record<NormalisationName, Normalisation>> = {
  imagenet: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
  tf: { mean: [127.5], std: [127.5] },
  unit: { mean: [0], std: [255] },
  raw: { mean: [0], std: [1] },
};

/** A mean and a deviation for each of `channels`, where one number stands for all. E_USAGE for others. */
export function spreadNormalisation({ mean, std }: Normalisation, channels: number): Normalisation {
  const spread = (name: string, values: readonly number[]) => {
    if (values.length === channels) return values;
    if (values.length === 1) return Array<number>(channels).fill(values[0]!);
    throw new TritbankError('E_USAGE', name, `expected one number or ${channels}, found ${values.length}`);
  };
  if (std.some((s) => !(s > 0))) throw new TritbankError('E_USAGE', 'std', `expected numbers above 0, found ${std}`);
  return { mean: spread('mean', mean), std: spread('std', std) };
}

/** A line for a normalisation that was probably meant of pixels 0..1; undefined for a usual one. */
export function suspectNormalisation({ mean, std }: Normalisation): string | undefined {
  const isUnit = std.every((s) => s < 1) && mean.every((m) => Math.abs(m) <= 1);
  if (!isUnit) return undefined;
  return `mean ${mean.join(', ')} and deviation ${std.join(', ')} are taken of pixels 0..255: those of 0..1 times 255`;
}
