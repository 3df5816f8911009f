/** Files of JSON and of lines: plans, accelerator models, configurations, labels; and checkpoints, whose header is JSON. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLabels } from '../../../src/classifier/index.ts';
import { loadAccelerator, readPlan } from '../../../src/cost/index.ts';
import { parseText } from '../../../src/files/index.ts';
import { f32, i64, type Tensor } from '../../../src/ir/index.ts';
import { checkValues, parseConfig } from '../../../src/options/table.ts';
import { bankPlan } from '../../../src/quantize/index.ts';
import { defaultConfig } from '../../../src/train/config.ts';
import { trainOptions } from '../../../src/train/options.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/train/safetensors.ts';
import { mutateBytes, mutateFile, mutateText } from '../mutate.ts';
import { encode, type Files, type Target } from '../target.ts';

/** A target of one file; `read` throws what is wrong with it. */
const textTarget = (
  name: string,
  file: string,
  seeds: () => readonly string[],
  read: (path: string) => void,
): Target => ({
  name,
  seeds: () => seeds().map((text): Files => ({ [file]: encode(text) })),
  mutate: mutateText,
  async run(_, { folder }) {
    read(join(folder, file));
    return 'read';
  },
});

const layers = {
  conv_1: bankPlan(8, [1, 3], 4),
  conv_2: { method: 'twn', granularity: 'filter' },
  fc: { method: 'fp' },
};
const plan = JSON.stringify({ version: 1, model: 'model.onnx', layers });
const accelerator = (name: string) =>
  readFileSync(new URL(`../../../accelerators/${name}.json`, import.meta.url), 'utf8');

export const plans = textTarget('plan', 'plan.json', () => [plan], readPlan);

export const accelerators: Target = {
  ...textTarget(
    'accelerator',
    'accelerator.json',
    () => ['paper', 'horowitz-fp16', 'horowitz-int8'].map(accelerator),
    loadAccelerator,
  ),
};

export const config = textTarget(
  'config',
  'config.json',
  () => [JSON.stringify(defaultConfig)],
  (path) => {
    const json = parseText(readFileSync(path, 'utf8'), path);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return;
    checkValues(trainOptions, parseConfig(json, { table: trainOptions, defaults: defaultConfig, where: path }));
  },
);

export const labels = textTarget(
  'labels',
  'labels.txt',
  () => ['cat\ndog\nbird\n', '["cat", "dog"]', '\ufeffcat\r\ndog\r\n'],
  readLabels,
);

export const safetensors: Target = {
  name: 'safetensors',
  seeds: () => [
    {
      'state.safetensors': encodeSafetensors(
        new Map<string, Tensor>([
          ['w', f32([2, 3])],
          ['n', i64([1, 2])],
        ]),
        { epoch: '3' },
      ),
    },
  ],
  mutate(random, files) {
    const bytes = files['state.safetensors']!;
    if (random.int(2)) return mutateFile(random, files);
    // the header alone, whose length stays right
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const header = mutateText(random, { header: bytes.slice(8, 8 + length) }).header ?? mutateBytes(random, bytes);
    const rest = bytes.slice(8 + length);
    const changed = new Uint8Array(8 + header.length + rest.length);
    new DataView(changed.buffer).setBigUint64(0, BigInt(header.length), true);
    changed.set(header, 8);
    changed.set(rest, 8 + header.length);
    return { 'state.safetensors': changed };
  },
  async run(files) {
    decodeSafetensors(files['state.safetensors']!, 'state.safetensors');
    return 'read';
  },
};
