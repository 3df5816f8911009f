/** Pixels of an encoded image in Chromium, as the runtime reads them there, against those of the decoder of Node. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/images/decode.ts';
import { storedColours } from '../../src/runtime/images/stored-colours.ts';
import { hasBrowser, launch } from './browser.ts';

describe.skipIf(!hasBrowser)('an image in a browser', () => {
  let profile: string;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    profile = mkdtempSync(join(tmpdir(), 'tritbank-browser-'));
    context = await launch(profile);
    page = await context.newPage();
  });
  afterAll(async () => {
    await context?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  test('keeps the colours under alpha, and values whatever the profile', async () => {
    const size = { width: 16, height: 16 };
    const data = Uint8Array.from({ length: 4 * 256 }, (_, i) => (i % 4 === 3 ? i >> 2 : (i * 37) % 256));
    const file = await sharp(data, { raw: { ...size, channels: 4 } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const found = await page.evaluate(
      `(async () => {
        const blob = new Blob([Uint8Array.from(${JSON.stringify([...file])})]);
        const asStored = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
        return [...(${storedColours.toString()})(await createImageBitmap(blob, asStored))];
      })()`,
    );
    const colours = (found as number[]).filter((_, i) => i % 4 < 3);
    expect(colours).toEqual([...(await decodeImage(file, size))]);
  });
});
