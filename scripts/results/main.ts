/**
 * `npm run results`: stores the figures, histories, configurations and plans of finished runs under `runs/cifar10` and
 * `runs/cifar100` in `results`, then makes tables and charts from what is stored there: the pages of `results`, the SVG
 * files, and the tables in the README. `npm run results -- --stored` collects nothing, and gives the same.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/files/index.ts';
import { dataNames } from '../cifar/setting.ts';
import { collectNetwork } from './collect.ts';
import { makeHardwarePage } from './hardware.ts';
import { makeImageNetPage } from './imagenet.ts';
import { makeMcuPage } from './mcu.ts';
import { makePages } from './pages.ts';
import { makePlannerPage } from './planner.ts';

const target = 'results';
for (const data of dataNames) {
  const runs = join('runs', data);
  if (process.argv.includes('--stored') || !existsSync(runs)) continue;
  for (const network of readdirSync(runs)) {
    const collected = await collectNetwork(join(runs, network), join(target, data, network));
    console.log(`${data}, ${network}: ${collected.length} runs`);
  }
}
const read = (file: string) => readFileSync(file, 'utf8');
for (const [path, text] of [
  ...makePages(target, read),
  makePlannerPage(read),
  makeHardwarePage(read),
  makeMcuPage(read),
  ...makeImageNetPage(read),
]) {
  writeFileAtomic(path, text);
  console.log(path);
}
