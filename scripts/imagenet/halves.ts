/**
 * Images of ImageNet's classes in two halves by class: what is calibrated with one half is judged on classes that
 * calibration never saw. The halves are folders of links in ImageNet's layout.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../src/files/index.ts';
import { Random } from '../../src/ir/index.ts';

export const halves = [1, 2] as const;
export type Half = (typeof halves)[number];

/** Classes, drawn by a fixed seed; `calibrate` and `judge` change places in the second half. */
export function divideClasses(classes: readonly string[], half: Half): { calibrate: string[]; judge: string[] } {
  const order = new Random(0, 'halves of classes').shuffle(Uint16Array.from(classes.keys()));
  const middle = Math.floor(order.length / 2);
  const namesOf = (part: Uint16Array) => [...part].map((i) => classes[i]!).sort();
  const parts = [namesOf(order.slice(0, middle)), namesOf(order.slice(middle))] as const;
  return { calibrate: parts[half - 1]!, judge: parts[2 - half]! };
}

/** `OUT/train` and `OUT/val` with links to the class folders of `images`, and `classes.json`; made once. */
export function linkHalves(images: string, classFile: string, half: Half, out: string): void {
  if (existsSync(out)) return;
  const classes = readdirSync(images, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const { calibrate, judge } = divideClasses(classes.map(({ name }) => name).sort(), half);
  const partial = `${out}.tmp`;
  rmSync(partial, { recursive: true, force: true });
  for (const [split, names] of [
    ['train', calibrate],
    ['val', judge],
  ] as const) {
    mkdirSync(join(partial, split), { recursive: true });
    for (const name of names) symlinkSync(resolve(images, name), join(partial, split, name));
  }
  writeFileAtomic(join(partial, 'classes.json'), classFile);
  renameSync(partial, out);
}
