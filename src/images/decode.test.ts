/** The rule, against values by hand; Pillow 9.4 gave the same bytes for each of these kinds of file. */

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { reasonOf } from '../files/reasons.ts';
import { decodeImage, measureImage } from './decode.ts';
import { lumaOf } from './luma.ts';

/** Two pixels of cyan 255, magenta 0, yellow 51 and black 51, a JPEG that Pillow wrote. */
const inked =
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUV' +
  'FQwPFxgWFBgSFBUU/8AAFAgAAQACBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAgJ/8QAFBABAAAAAAAAAAAAAAAA' +
  'AAAAAP/aAA4EQwBNAFkASwAAPwCVSqZlmW//2Q==';

/** Two pixels beside each other. */
const raw = (channels: 2 | 3 | 4, ...data: readonly number[]) =>
  sharp(Uint8Array.from(data), { raw: { width: 2, height: 1, channels } });
const decode = async (file: Uint8Array) => [...(await decodeImage(file, { height: 1, width: 2 }))];

describe('an image becomes RGB', () => {
  it('without alpha, whatever it hides', async () => {
    const file = await raw(4, 200, 100, 50, 0, 10, 20, 30, 255).png().toBuffer();
    expect(await decode(file)).toEqual([200, 100, 50, 10, 20, 30]);
    const grey = await raw(2, 7, 0, 9, 128).toColourspace('b-w').png().toBuffer();
    expect(await decode(grey)).toEqual([7, 7, 7, 9, 9, 9]);
  });

  it('resized without a weight of alpha', async () => {
    const file = await raw(4, 200, 0, 0, 0, 100, 0, 0, 255).png().toBuffer();
    expect(
      (await decodeImage(file, { height: 1, width: 1 }, { cut: () => ({ left: 0, top: 0, width: 2, height: 1 }) }))[0],
    ).toBe(150);
  });

  it('with values as they are stored, whatever the profile', async () => {
    const file = await raw(3, 200, 100, 50, 10, 20, 30).withIccProfile('p3').png().toBuffer();
    const { data: stored } = await sharp(file, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
    expect((await sharp(file).metadata()).hasProfile).toBe(true);
    expect(await decode(file)).toEqual([...stored]);
    expect(await decode(file)).not.toEqual([...(await sharp(file).toColourspace('srgb').raw().toBuffer())]);
  });

  it('by the upper 8 of 16 bits', async () => {
    const deep = Uint16Array.of(0x12ff, 0x8000, 0xffff, 0x00ff, 0x0100, 0xfe80);
    const file = await sharp(deep, { raw: { width: 2, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect(await decode(file)).toEqual([0x12, 0x80, 0xff, 0, 1, 0xfe]);
  });

  it('upright', async () => {
    const file = await raw(3, 200, 200, 200, 10, 10, 10).withMetadata({ orientation: 6 }).png().toBuffer();
    expect(await measureImage(file)).toEqual({ height: 2, width: 1 });
    expect([...(await decodeImage(file, { height: 2, width: 1 }))]).toEqual([200, 200, 200, 10, 10, 10]);
  });

  it('from inks', async () => {
    const [red, green, blue] = await decode(Buffer.from(inked, 'base64'));
    // 204 of light is left by the black, of which the others leave (255 - ink) / 255: Pillow has the same
    expect([red, green, blue]).toEqual([0, 204, 163]);
  });
});

it('grey is luma of the stored values', () => {
  expect([lumaOf(255, 0, 0), lumaOf(0, 255, 0), lumaOf(0, 0, 255)]).toEqual([76, 150, 29]);
  for (const v of [0, 1, 77, 254, 255]) expect(lumaOf(v, v, v)).toBe(v);
});

it('says why a file cannot be read', async () => {
  expect(reasonOf(Object.assign(new Error(), { code: 'EACCES' }))).toBe('no permission');
  expect(reasonOf(Object.assign(new Error(), { code: 'EIO' }))).toBe('EIO');
  await expect(decodeImage('/nowhere/1.png', { height: 1, width: 1 })).rejects.toMatchObject({
    code: 'E_FILE',
    detail: 'expected a readable image, found none',
  });
  await expect(decodeImage(Uint8Array.of(1), { height: 1, width: 1 })).rejects.toMatchObject({ code: 'E_FORMAT' });
});
