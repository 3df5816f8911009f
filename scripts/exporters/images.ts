/** A few drawn images in folders, for commands that measure ranges and statistics: what they show does not matter. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { Random } from '../../src/ir/index.ts';

const size = 256;
/** Classes of the thousand, so that models with as many outputs take the folder. */
const indices = [3, 100, 555, 999];

/** Waves of random directions in each channel, with noise. */
function draw(random: Random): Uint8Array {
  const waves = [0, 1, 2].map(() => [8 * random.float(), 8 * random.float(), random.float()] as const);
  return Uint8Array.from({ length: 3 * size * size }, (_, at) => {
    const [u, v, phase] = waves[at % 3]!;
    const [x, y] = [(Math.floor(at / 3) % size) / size, Math.floor(at / 3 / size) / size];
    const value = 127 + 90 * Math.sin(2 * Math.PI * (u * x + v * y + phase)) + 12 * random.normal();
    return Math.max(0, Math.min(255, value));
  });
}

/** Writes `perClass` images for each of four classes of train/ and val/ into `directory`. */
export async function drawImages(directory: string, perClass = 4): Promise<void> {
  const names = indices.map((index) => [`class${index}`, { index, name: `class ${index}` }] as const);
  for (const split of ['train', 'val']) {
    for (const [name] of names) {
      mkdirSync(join(directory, split, name), { recursive: true });
      for (let i = 0; i < perClass; i++) {
        const pixels = draw(new Random(1, split, name, i));
        const image = sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
        await image.png().toFile(join(directory, split, name, `${i}.png`));
      }
    }
  }
  writeFileSync(join(directory, 'classes.json'), JSON.stringify(Object.fromEntries(names)));
}
