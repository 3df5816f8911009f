/**
 * Images of ImageNet's classes in parts by class: what is calibrated with all parts but one is judged on that one, on
 * classes that calibration never saw. Each division is a folder of links in ImageNet's layout.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../../src/files/index.ts';
import { Random } from '../../src/ir/index.ts';

/** One of `parts` parts of the classes, 1 .. `parts`, as the one that is judged on; of halves the other one. */
export interface Division {
  readonly part: number;
  readonly parts: number;
}

/** Classes, drawn by a fixed seed. */
export function divideClasses(
  classes: readonly string[],
  { part, parts }: Division,
): { calibrate: string[]; judge: string[] } {
  const order = [...new Random(0, 'halves of classes').shuffle(Uint16Array.from(classes.keys()))];
  const [start, end] = [parts - part, parts - part + 1].map((i) => Math.floor((i * order.length) / parts));
  const namesOf = (found: readonly number[]) => found.map((i) => classes[i]!).sort();
  return {
    calibrate: namesOf([...order.slice(0, start), ...order.slice(end)]),
    judge: namesOf(order.slice(start, end)),
  };
}

/** The name of a division's folder. */
export const nameOf = ({ part, parts }: Division): string => (parts === 2 ? `half-${part}` : `${part}-of-${parts}`);

/** `OUT/train` and `OUT/val` with links to the class folders of `images`, and `classes.json`; made once. */
export function linkImages(images: string, classFile: string, division: Division, out: string): void {
  if (existsSync(out)) return;
  const classes = readdirSync(images, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const { calibrate, judge } = divideClasses(classes.map(({ name }) => name).sort(), division);
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
