/** Pictures for tests of decoding and resizing. */

import { Random } from '../src/ir/index.ts';

/** A smooth picture with some noise; `alpha` fades from left to right. */
export function picture(width: number, height: number, channels: 1 | 3 | 4): Uint8Array {
  const random = new Random(1, 'picture');
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    const colour = 128 + 60 * Math.sin(x / 17 + c) + 50 * Math.cos(y / 11) + 8 * random.normal();
    data[i] = c === 3 ? 55 + (200 * x) / width : Math.min(Math.max(colour, 0), 255);
  }
  return data;
}
