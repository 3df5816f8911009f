/**
 * Random changes of training images: shifted crops from padded images and mirroring (the CIFAR recipe of He et al.,
 * arXiv 1512.03385, pads with zeros; that of Zagoruyko & Komodakis, arXiv 1605.07146, by reflection), random-resized crops (Szegedy et al., arXiv 1409.4842). Each sample's draws come from a generator
 * keyed by (seed, epoch, sample), so they do not depend on order, batch size or resumption.
 */

import { Random } from '../ir/random.ts';
import type { CropWindow, Padding, Placement } from './image.ts';

export interface AugmentOptions {
  /** Padding in pixels on each side before a crop of the original size; equally a random shift up to it. */
  readonly crop?: number;
  /** What that padding shows. Default `zero`. */
  readonly padding?: Padding;
  /** Mirror left to right with probability 1/2. */
  readonly flip?: boolean;
  /** Cut a random part and bring it to full size. */
  readonly resizedCrop?:
    | boolean
    | { readonly area: readonly [number, number]; readonly ratio: readonly [number, number] };
  /** The split changes its images itself (`Split.vary`): sounds, whose spectrograms are not to be mirrored or cropped. */
  readonly own?: boolean;
}

/** What happens to one image: the part that is read, how far it is shifted, whether it is mirrored. */
export interface Change {
  readonly window: CropWindow | undefined;
  readonly shiftY: number;
  readonly shiftX: number;
  readonly flip: boolean;
}

const unchanged: Change = { window: undefined, shiftY: 0, shiftX: 0, flip: false };
const usual = { area: [0.08, 1], ratio: [3 / 4, 4 / 3] } as const;

/** The change of sample `index` in `epoch`. */
export function drawChange(options: AugmentOptions | undefined, seed: number, epoch: number, index: number): Change {
  if (!options) return unchanged;
  const random = new Random(seed, 'augment', epoch, index);
  const { crop = 0, flip = false, resizedCrop = false } = options;
  const range = resizedCrop === true ? usual : resizedCrop;
  return {
    window: range ? drawWindow(random, range.area, range.ratio) : undefined,
    shiftY: crop > 0 ? random.int(2 * crop + 1) - crop : 0,
    shiftX: crop > 0 ? random.int(2 * crop + 1) - crop : 0,
    flip: flip && random.next() >= 2 ** 31,
  };
}

/** Area uniform, aspect ratio uniform in its logarithm, position uniform. */
function drawWindow(random: Random, area: readonly [number, number], ratio: readonly [number, number]): CropWindow {
  const low = Math.log(ratio[0]);
  return {
    area: area[0] + (area[1] - area[0]) * random.float(),
    ratio: Math.exp(low + (Math.log(ratio[1]) - low) * random.float()),
    x: random.float(),
    y: random.float(),
  };
}

/** A change's shift and mirroring for an image of `from` pixels centred in one of `to` pixels. */
export function placementOf(
  change: Change,
  from: readonly [number, number],
  to: readonly [number, number],
  padding: Padding = 'zero',
): Placement {
  return {
    top: Math.floor((to[0] - from[0]) / 2) + change.shiftY,
    left: Math.floor((to[1] - from[1]) / 2) + change.shiftX,
    flip: change.flip,
    padding,
  };
}
