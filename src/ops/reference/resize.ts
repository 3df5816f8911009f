/** Resize, axis after axis. */

import { elementCount } from '../../ir/index.ts';
import { blend, resample, resizedAxes } from '../arithmetic/resample.ts';
import { numbers, optionalNumbers, type ReferenceRule, result, tensorOf } from './arrays.ts';

export const resize: ReferenceRule = (node) => {
  const x = tensorOf(node, 0);
  const [scales, sizes] = [optionalNumbers(node, 2), optionalNumbers(node, 3)];
  let [values, dims] = [numbers(node, 0), x.dims];
  for (const { axis, size, scale } of resizedAxes(node, dims, scales?.length ? scales : undefined, sizes)!) {
    const [from, to] = [dims[axis]!, size as number];
    if (from === to && scale === 1) continue;
    const line = { outer: elementCount(dims.slice(0, axis)), size: from, inner: elementCount(dims.slice(axis + 1)) };
    dims = dims.with(axis, to);
    const next = new Array<number>(elementCount(dims)).fill(0);
    blend(resample(node, from, to, scale!), line, values, next);
    values = next;
  }
  return [result(node, values)];
};
