/** Resize, transposed convolutions, and moves between channels and blocks of pixels. */

import { elementCount } from '../../ir/index.ts';
import { blockMove } from '../../ops/arithmetic/blocks.ts';
import { stridesOf } from '../../ops/arithmetic/dims.ts';
import { misfit, printDims, unsupported } from '../../ops/arithmetic/errors.ts';
import { resample, resizedAxes } from '../../ops/arithmetic/resample.ts';
import { perAxis, transposedGeometry } from '../../ops/arithmetic/window.ts';
import { activationInput, type LoweringRule } from './context.ts';
import { applyDense, type DenseRule, denseInputs } from './dense.ts';
import { picked } from './dense-moves.ts';
import { fileDims, newPlane, type Operand } from './operand.ts';

/** Nearest elements in one go; weighted ones axis after axis. */
export const resize: LoweringRule = (lowering, node, inputs) => {
  const given = denseInputs(node, inputs);
  const { dims } = given.at(0);
  const scales = given.all[2] && elementCount(given.all[2].dims) > 0 ? given.integers(2) : undefined;
  const axes = resizedAxes(node, dims, scales, given.integers(3))!.filter(
    ({ axis, size, scale }) => size !== dims[axis] || scale !== 1,
  );
  const all = axes.map(({ axis, size, scale }) => ({
    axis,
    resampling: resample(node, dims[axis]!, size as number, scale!),
  }));
  if (node.string('mode', 'nearest') === 'nearest') {
    const lists = new Map(all.map(({ axis, resampling }) => [axis, resampling.indices]));
    return lists.size === 0 ? inputs[0]! : applyDense(lowering, node, inputs, picked(dims, lists));
  }
  let [x, own] = [inputs[0]!, dims];
  for (const { axis, resampling } of all) {
    const line = {
      outer: elementCount(own.slice(0, axis)),
      size: own[axis]!,
      inner: elementCount(own.slice(axis + 1)),
    };
    own = own.with(axis, resampling.indices.length / resampling.taps);
    const keepsBatch = axis !== 0 && own[0] === 1;
    x = applyDense(lowering, node, [x], {
      kernel: { run: 'blend', line, resampling },
      reads: [0],
      dims: own,
      keepsBatch,
    });
  }
  return x;
};

/** One move of all elements. */
export const moveBlocks: LoweringRule = (lowering, node, inputs): Operand => {
  const given = activationInput(node, inputs, 0);
  const { split, perm, dims } = blockMove(node, fileDims(given));
  const x = lowering.straighten(node, given);
  const strides = stridesOf(split);
  const y = newPlane(x.plane.type, dims);
  lowering.add({
    ...{ kind: 'move', name: node.name, op: node.op, x, y, offset: 0 },
    ...{ dims: perm.map((axis) => split[axis]!), strides: perm.map((axis) => strides[axis]!) },
  });
  return { ...x, plane: y, dims, isOnlyView: true };
};

export const convTranspose: DenseRule = (node, inputs) => {
  const [{ dims: x }, { dims: w }] = [inputs.at(0), inputs.at(1)];
  const rank = x.length - 2;
  if (x[0] !== 1 || w.length !== x.length || rank < 1 || rank > 2) {
    throw unsupported(node, 'one image of one or two dimensions', `${printDims(x)} and weights ${printDims(w)}`);
  }
  const groups = node.int('group', 1);
  const [channels, perGroup] = [x[1]!, w[1]!];
  if (w[0] !== channels || !(groups >= 1) || channels % groups !== 0) {
    throw misfit(node, `weights for ${channels} channels in ${groups} groups`, printDims(w));
  }
  const geometry = transposedGeometry(node, x.slice(2), w.slice(2));
  const filters = perGroup * groups;
  const bias = inputs.all[2];
  if (bias && elementCount(bias.dims) !== filters) throw misfit(node, `${filters} biases`, printDims(bias.dims));
  const outSize = geometry.map(({ size }) => size);
  if (!outSize.every((size) => size >= 1)) throw misfit(node, 'an image with pixels', printDims(outSize));
  const pair = (values: readonly number[], single: number) =>
    [single, ...values].slice(-2) as unknown as readonly [number, number];
  return {
    kernel: {
      ...{ run: 'convTranspose', groups, channels, filters },
      ...{ size: pair(x.slice(2), 1), outSize: pair(outSize, 1), kernel: pair(w.slice(2), 1) },
      strides: pair(perAxis(node, 'strides', rank, 1), 1),
      dilations: pair(perAxis(node, 'dilations', rank, 1), 1),
      before: pair(
        geometry.map(({ before }) => before),
        0,
      ),
    },
    reads: bias ? [0, 1, 2] : [0, 1],
    dims: [1, filters, ...outSize],
    keepsBatch: true,
  };
};
