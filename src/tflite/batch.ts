/**
 * Whether a network of one image computes several images, too: files have a batch of 1, and their sizes are constants. It
 * does where every tensor that is computed has the image as its first axis, and nothing mixes along that axis.
 */

import type { TfliteModel } from './schema.ts';

/** Along which axis they work is in an input: which one, and where -1 is counted from. */
const axisInput: Readonly<Record<string, number>> = {
  ARG_MAX: 1,
  MEAN: 1,
  REDUCE_MAX: 1,
  REDUCE_MIN: 1,
  REDUCE_PROD: 1,
  SUM: 1,
  TRANSPOSE: 1,
};

/** What has the blocks' images in front of each other for a while. */
const widening: ReadonlySet<string> = new Set(['SPACE_TO_BATCH_ND']);
const narrowing = 'BATCH_TO_SPACE_ND';

export function isBatchFree(model: TfliteModel, numbersOf: (tensor: number) => readonly number[] | undefined): boolean {
  const isNumber = (index: number) => !['INT32', 'INT64', 'BOOL'].includes(model.tensors[index]?.type ?? 'BOOL');
  const computed = new Set(model.inputs);
  /** Tensors whose first axis is images times blocks. */
  const wide = new Set<number>();
  for (const { name, inputs, outputs } of model.operators) {
    const fed = inputs.filter((index) => computed.has(index) && isNumber(index));
    if (fed.length === 0) {
      // sizes computed of sizes: whoever needs them takes them from the file
      for (const output of outputs) if (inputs.some((index) => computed.has(index))) computed.add(output);
      continue;
    }
    const isWide = widening.has(name) || (name !== narrowing && fed.some((index) => wide.has(index)));
    for (const output of outputs) {
      computed.add(output);
      if (isWide) wide.add(output);
      else if (isNumber(output) && model.tensors[output]?.shape[0] !== 1) return false;
    }
    if (name in axisInput) {
      const axes = numbersOf(inputs[axisInput[name]!]!);
      const rank = model.tensors[inputs[0]!]?.shape.length ?? 0;
      if (!axes) return false;
      if (name === 'TRANSPOSE' ? axes[0] !== 0 : axes.some((axis) => axis === 0 || axis === -rank)) return false;
    }
    // one constant row cannot be beside several images
    if (name === 'CONCATENATION' && fed.length < inputs.length) return false;
  }
  return true;
}
