/** Resizing against libvips, by which `eval` sees images. */

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { picture } from '../../../test/picture.ts';
import { fitImage } from './resize.ts';

describe('sizes', () => {
  it.each<[number, number, number, number, 1 | 3 | 4, number]>([
    [60, 45, 32, 32, 3, 2],
    [301, 500, 224, 224, 3, 2],
    [450, 450, 224, 224, 3, 2],
    [1200, 900, 96, 96, 3, 2],
    [500, 400, 160, 96, 3, 2],
    [400, 300, 224, 224, 4, 2], // alpha is dropped
    [100, 80, 224, 224, 3, 2],
    [28, 28, 32, 32, 1, 2],
    [224, 300, 224, 224, 3, 0],
  ])('%i x %i to %i x %i, %i channels, within %i of what eval sees', async (width, height, w, h, channels, most) => {
    const data = picture(width, height, channels);
    const colours = channels === 4 ? data.filter((_, i) => i % 4 < 3) : data;
    const stride = channels === 4 ? 3 : channels;
    const { data: expected, info } = await sharp(colours, { raw: { width, height, channels: stride } })
      .resize(w, h, { fit: 'cover', position: 'centre' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const planes = fitImage({ data, width, height, channels }, w, h);
    let worst = 0;
    for (const [c, plane] of planes.entries()) {
      for (const [i, v] of plane.entries()) worst = Math.max(worst, Math.abs(v - expected[i * info.channels + c]!));
    }
    expect(worst).toBeLessThanOrEqual(most);
  });
});
