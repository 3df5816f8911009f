/** LayerNormalization over the last axis goes along whatever axis of the planes that is; over several, in rows. */

import { elementCount } from '../../ir/index.ts';
import { axisOf, misfit } from '../../ops/arithmetic/errors.ts';
import { constantInput, floatInput, type LoweringRule } from './context.ts';
import { applyDense, dense, expectOneOutput } from './dense.ts';
import { layerNormalization as inRows } from './dense-functions.ts';
import type { Activation } from './operand.ts';

export const layerNormalization: LoweringRule = (lowering, node, inputs) => {
  expectOneOutput(node);
  const x = floatInput(node, inputs, 0);
  const rank = x.dims.length;
  if (!x.order || axisOf(node, node.int('axis', -1), rank) !== rank - 1) return dense(inRows)(lowering, node, inputs);
  const { order, ...straight } = x;
  const axis = order[rank - 1]!;
  const reads = inputs[2] ? [0, 1, 2] : [0, 1];
  const size = x.dims[axis]!;
  for (const slot of reads.slice(1)) {
    const count = elementCount(constantInput(node, inputs, slot).dims);
    if (count !== size) throw misfit(node, `${size} elements in input ${slot}`, count);
  }
  const line = { outer: elementCount(x.dims.slice(0, axis)), size, inner: elementCount(x.dims.slice(axis + 1)) };
  const epsilon = Math.fround(node.float('epsilon', 1e-5));
  const y = applyDense(lowering, node, [straight, ...inputs.slice(1)], {
    kernel: { run: 'normalize', line, epsilon, isPerLine: false },
    reads,
    dims: x.dims,
    keepsBatch: order[0] === 0,
  });
  return { ...(y as Activation), order };
};
