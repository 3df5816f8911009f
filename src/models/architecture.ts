/** What a network's file in this folder provides, and the options that every network takes. */

import { formatSize, type SizeOption, sizeOf } from '../images/size.ts';
import { type Graph, TritbankError } from '../ir/index.ts';

export interface ArchitectureOptions {
  /** Multiplier of every layer's filters, in (0, 4]. */
  readonly width: number;
  /** Height and width of the input, 28 to 224 pixels; of one that is not square each 8 to 224. */
  readonly inputSize: SizeOption;
  /** 1 for grey images, 3 for colour. */
  readonly channels: number;
  readonly classes: number;
  /** Stride of the first convolution: 2 as published for large images, 1 for small ones. */
  readonly firstStride: 1 | 2;
  /**
   * Input pixels, on a side, of one pixel of the last feature map, a power of two, in place of `firstStride`: the first
   * strides become 1 until it is met, so that small images keep their resolution longest where it counts.
   */
  readonly outputStride?: number;
  readonly seed: number;
}

/** The stride to build where `published` is published; called for each strided layer once, from the first to the last. */
export type Strides = (published: 1 | 2) => 1 | 2;

export interface Architecture {
  readonly name: string;
  /** The output stride where the first convolution has stride 2. */
  readonly totalStride: number;
  /** An inference graph: input `input` `N x channels x height x width`, output `logits` `N x classes`. */
  build(options: ArchitectureOptions, stride: Strides): Graph;
}

/** The filters of a layer that has `full` at width 1: at least 8. */
export const filtersAt = (full: number, width: number): number => Math.max(8, Math.round(full * width));

/** 1, 2, 4 .. `total`. */
const outputStrides = (total: number) => Array.from({ length: Math.log2(total) + 1 }, (_, i) => 2 ** i);

/** The strides of a network with these options: the first ones 1, as many as the output stride, or the first stride, asks. */
export function stridesOf({ totalStride }: Architecture, { firstStride, outputStride }: ArchitectureOptions): Strides {
  let excess = outputStride === undefined ? 2 / firstStride : totalStride / outputStride;
  return (published) => {
    if (excess <= 1 || published === 1) return published;
    excess /= published;
    return 1;
  };
}

/** Throws E_USAGE for the first option out of range. */
export function checkOptions(options: ArchitectureOptions, { totalStride }: Architecture): void {
  const check = (good: boolean, name: string, expected: string, found: unknown) => {
    if (!good) throw new TritbankError('E_USAGE', name, `expected ${expected}, found ${found}`);
  };
  const { width, inputSize, channels, classes, firstStride, outputStride } = options;
  check(width > 0 && width <= 4, 'width', 'a number above 0 and at most 4', width);
  const { height, width: across } = sizeOf(inputSize);
  const least = height === across ? 28 : 8;
  const isSide = (side: number) => Number.isInteger(side) && side >= least && side <= 224;
  check(isSide(height) && isSide(across), 'input size', `${least} to 224 pixels`, formatSize(sizeOf(inputSize)));
  check(channels === 1 || channels === 3, 'channels', '1 or 3', channels);
  check(Number.isInteger(classes) && classes >= 2, 'classes', 'at least 2', classes);
  check(firstStride === 1 || firstStride === 2, 'first stride', '1 or 2', firstStride);
  const known = outputStrides(totalStride);
  check(outputStride === undefined || known.includes(outputStride), 'output stride', known.join(', '), outputStride);
}
