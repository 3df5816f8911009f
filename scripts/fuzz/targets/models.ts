/** Models, damaged byte by byte. */

import { join } from 'node:path';
import { mutateFile } from '../mutate.ts';
import { modelFiles } from '../networks.ts';
import type { Target } from '../target.ts';
import { tryModel } from './try-model.ts';

const files = await modelFiles();

export const models: Target = {
  name: 'models',
  seeds: () => files.map((bytes) => ({ 'model.onnx': bytes })),
  mutate: mutateFile,
  run: (given, trial) => tryModel(given['model.onnx']!, trial),
  command: (folder) => ['inspect', join(folder, 'model.onnx')],
};
