/**
 * A made-up, learnable data set for tests, benchmarks and first steps without data: each class is a smooth random
 * pattern, each image its class's pattern at random contrast and position under noise.
 */

import { Random } from '../ir/random.ts';
import { type Dataset, requireInteger, type Split } from './dataset.ts';
import { type ImageShape, imageBytes } from './image.ts';
import { MemorySplit } from './memory.ts';

export interface SyntheticOptions {
  /** Default 10. */
  readonly classes?: number;
  /** Default 3. */
  readonly channels?: 1 | 3;
  /** Default 32. */
  readonly height?: number;
  readonly width?: number;
  /** Number of training images; default 2000. Labels go round: image i has class i mod classes. */
  readonly train?: number;
  /** Number of test images; default 500. */
  readonly test?: number;
  readonly seed?: number;
}

/** Side of the grid of random values that a pattern interpolates. */
const grid = 5;
/** Largest shift of a pattern, as a fraction of the image's side. */
const drift = 0.06;

/** The same options give the same images. E_USAGE for options out of range. */
export function synthetic(options: SyntheticOptions = {}): Dataset {
  const { classes = 10, channels = 3, height = 32, width = 32, train = 2000, test = 500, seed = 0 } = options;
  requireInteger('classes', classes, 1, 65535);
  requireInteger('height', height, 1, 4096);
  requireInteger('width', width, 1, 4096);
  requireInteger('train', train, 0);
  requireInteger('test', test, 0);
  const shape: ImageShape = { channels, height, width };
  const patterns = Array.from({ length: classes }, (_, k) => {
    const random = new Random(seed, 'pattern', k);
    return Float64Array.from({ length: channels * grid * grid }, () => 2 * random.float() - 1);
  });
  const split = (part: string, count: number): Split => {
    const pixels = new Uint8Array(count * imageBytes(shape));
    const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
    for (let i = 0; i < count; i++) {
      const image = pixels.subarray(i * imageBytes(shape), (i + 1) * imageBytes(shape));
      draw(image, shape, patterns[labels[i]!]!, new Random(seed, part, i));
    }
    return new MemorySplit(`synthetic ${part}`, shape, pixels, labels, classes);
  };
  return {
    name: 'synthetic',
    classes: Array.from({ length: classes }, (_, k) => `pattern ${k}`),
    ...shape,
    train: split('train', train),
    test: split('test', test),
    augment: {},
    notes: ['made-up images, for tests and benchmarks only'],
  };
}

/** pixel = 128 + contrast * pattern(position + shift) + noise, clamped; noise is a sum of four uniform bytes. */
function draw(image: Uint8Array, { channels, height, width }: ImageShape, pattern: Float64Array, random: Random) {
  const contrast = 60 + 60 * random.float();
  const shiftY = (2 * random.float() - 1) * drift;
  const shiftX = (2 * random.float() - 1) * drift;
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const gy = position((y + 0.5) / height + shiftY);
      for (let x = 0; x < width; x++) {
        const gx = position((x + 0.5) / width + shiftX);
        const bits = random.next();
        const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
        const value = 128 + contrast * interpolate(pattern, c * grid * grid, gy, gx) + (sum - 510) / 6;
        image[at++] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
}

const position = (t: number) => Math.min(Math.max(t, 0), 1) * (grid - 1);

function interpolate(values: Float64Array, base: number, y: number, x: number): number {
  const y0 = Math.min(Math.floor(y), grid - 2);
  const x0 = Math.min(Math.floor(x), grid - 2);
  const at = base + y0 * grid + x0;
  const upper = values[at]! + (values[at + 1]! - values[at]!) * (x - x0);
  const lower = values[at + grid]! + (values[at + grid + 1]! - values[at + grid]!) * (x - x0);
  return upper + (lower - upper) * (y - y0);
}
