/**
 * Makes the rows of results/imagenet: pretrained classifiers, calibrated without labels on one image of each class of one
 * half of ImageNet's classes and judged on the other half, both ways round (or of three quarters, judged on the fourth), each
 * beside its int8 and int4 controls, which are calibrated on the same images. Rows that are finished are kept; a row that
 * was stopped goes on.
 *
 *   npx tsx scripts/imagenet/calibrated.ts IMAGES MODEL.onnx... [--row NAME]... [--threads N] [--program 'node dist/cli/main.js']
 *
 * IMAGES has one folder of images for each class, called by its WordNet ID. Runs are in runs/imagenet/MODEL/ROW-PART; figures
 * are kept in results/imagenet/MODEL.json, from which `npm run results` makes the page.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CompressResult } from '../../src/compress/index.ts';
import { describeMachine, writeFileAtomic } from '../../src/files/index.ts';
import { compareWithControls } from './against.ts';
import { costIn8Bits } from './costs.ts';
import { linkImages, nameOf } from './parts.ts';
import { type CalibratedRow, calibratedRows } from './rows.ts';
import type { CalibratedFigures } from './stored.ts';

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { row: { type: 'string', multiple: true }, threads: text, program: text },
});
const [images, ...models] = positionals;
if (images === undefined || models.length === 0) {
  console.error('error E_USAGE: expected IMAGES MODEL.onnx..., found fewer');
  process.exit(2);
}
const threads = values.threads === undefined ? undefined : Number(values.threads);
const [program, ...before] = (values.program ?? 'node dist/cli/main.js').split(' ');

/** Commands without this machine's directories. */
const clean = (command: string) => command.replaceAll(/\S*\/(?=runs\/)/g, '').replaceAll(/\S*\/(?=[^/ ]+\.onnx)/g, '');

async function figuresOf(
  row: CalibratedRow,
  part: number,
  { directory, data, model }: { readonly directory: string; readonly data: string; readonly model: string },
): Promise<CalibratedFigures> {
  const result = JSON.parse(readFileSync(join(directory, 'result.json'), 'utf8')) as CompressResult;
  const { accuracy, change, agreement, control, fourBits, originalFile, relative, bytes, command, date } = result;
  if (!accuracy || !change || !agreement) throw new Error(`${directory}: expected figures of test images`);
  const right = (share: number) => Math.round(share * accuracy.after.samples);
  return {
    row: row.name,
    part,
    images: accuracy.after.samples,
    right: {
      original: right(accuracy.before.top1),
      row: right(accuracy.after.top1),
      int8: right(control.top1!),
      ...(fourBits?.top1 !== undefined && { int4: right(fourBits.top1) }),
    },
    gained: change.gained,
    lost: change.lost,
    against: await compareWithControls(directory, data, threads),
    same: Math.round(agreement.share * accuracy.after.samples),
    bytes: {
      original: originalFile.bytes!,
      row: bytes,
      int8: control.bytes,
      ...(fourBits && { int4: fourBits.bytes }),
    },
    relative: { size: relative.size, energy: relative.energy, multiplications: relative.multiplications },
    in8Bits: await costIn8Bits(join(directory, 'network.onnx'), model),
    command: clean(command),
    machine: describeMachine(),
    date: date.slice(0, 10),
  };
}

for (const model of models) {
  const name = basename(model, '.onnx');
  const stored = join('results', 'imagenet', `${name}.json`);
  for (const row of calibratedRows.filter((one) => !values.row || values.row.includes(one.name))) {
    for (let part = 1; part <= row.parts; part++) {
      const place = nameOf({ part, parts: row.parts });
      const data = join('runs', 'imagenet', place);
      mkdirSync(join('runs', 'imagenet'), { recursive: true });
      linkImages(images, readFileSync('labels/imagenet.json', 'utf8'), { part, parts: row.parts }, data);
      const kept = existsSync(stored) ? (JSON.parse(readFileSync(stored, 'utf8')) as CalibratedFigures[]) : [];
      const isThis = (one: CalibratedFigures) => one.row === row.name && one.part === part;
      if (kept.some((one) => isThis(one) && !one.earlier)) continue;
      const out = join('runs', 'imagenet', name, `${row.name}-${part}`);
      // what is left of a run that is made again
      if (kept.some(isThis)) rmSync(out, { recursive: true, force: true });
      const args = ['compress', model, ...row.args, '--data', data, '--out', out];
      // of the same images, whatever the budget
      const planned = calibratedRows.find((one) => row.name.startsWith(`${one.name}-`) && one.images === row.images);
      const analysis = planned && join('runs', 'imagenet', name, `${planned.name}-${part}`, 'analysis.json');
      if (analysis && existsSync(analysis)) args.push('--analysis', analysis);
      if (existsSync(join(out, 'config.json'))) args.push('--resume');
      if (values.threads !== undefined) args.push('--threads', values.threads);
      console.error(`${name} ${row.name} ${part}: tritbank ${args.join(' ')}`);
      const { status } = spawnSync(program!, [...before, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
      if (status !== 0) process.exit(status ?? 1);
      const next = [...kept.filter((one) => !isThis(one)), await figuresOf(row, part, { directory: out, data, model })];
      mkdirSync(join('results', 'imagenet'), { recursive: true });
      writeFileAtomic(stored, `${JSON.stringify(next, null, 1)}\n`);
    }
  }
}
