/** `--teacher` of `train` and `compress`. */

import { existsSync } from 'node:fs';
import { TritbankError } from '../ir/errors.ts';
import { listOf, text } from './values.ts';

export const teacherFlags = '--teacher <model.onnx>';
export const teacherFiles = listOf(text('an ONNX file'), 'ONNX files, separated by commas');

/** E_FILE for the first that is not there; training would find it out only after it has begun to write. */
export function checkTeachers(files: readonly string[] = []): void {
  for (const file of files) {
    if (existsSync(file)) continue;
    throw new TritbankError('E_FILE', '--teacher', `expected an ONNX model, found no file '${file}'`);
  }
}
