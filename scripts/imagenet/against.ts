/** A compressed network beside its controls, image by image. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compareEvaluations, evaluateModel } from '../../src/index.ts';
import type { CalibratedFigures } from './stored.ts';

/** `directory` is that of a run of `compress`; `data` are the images that it was judged on. */
export async function compareWithControls(
  directory: string,
  data: string,
  threads: number | undefined,
): Promise<NonNullable<CalibratedFigures['against']>> {
  const of = (file: string) =>
    evaluateModel(join(directory, file), { data, labels: 'index', ...(threads !== undefined && { threads }) });
  const row = await of('model.onnx');
  const beside = async (file: string) => {
    const { gained, lost } = compareEvaluations(await of(file), row);
    return { gained, lost };
  };
  const int8 = await beside('control.onnx');
  return existsSync(join(directory, 'int4.onnx')) ? { int8, int4: await beside('int4.onnx') } : { int8 };
}
