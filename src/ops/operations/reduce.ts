/** Operators in which several elements become one: reductions, pools, normalizations over lines, scattered updates. */

import { elementCount, type Node } from '../../ir/index.ts';
import { axisOf } from '../arithmetic/errors.ts';
import { elementsOf, noOperations, type Operations, type OperationsRule, perOutput } from './rule.ts';

interface Sizes {
  readonly inputs: number;
  readonly outputs: number;
  /** Steps in which a group's elements are gathered one by one: inputs - outputs. */
  readonly steps: number;
}

function reduction(count: (sizes: Sizes) => Partial<Operations>): OperationsRule {
  return (node) => {
    const [inputs, outputs] = [elementsOf(node.input(0)), elementsOf(node.output())];
    return { ...noOperations, ...count({ inputs, outputs, steps: Math.max(0, inputs - outputs) }) };
  };
}

export const sum = reduction(({ steps }) => ({ additions: steps }));
export const extremum = reduction(({ steps }) => ({ comparisons: steps }));
export const product = reduction(({ steps }) => ({ multiplications: steps }));

/** (1 / n) sum x */
export const mean = reduction(({ steps, outputs }) => ({ additions: steps, multiplications: outputs }));

/** sum x x */
export const sumSquare = reduction(({ inputs, steps }) => ({ multiplications: inputs, additions: steps }));

/** sqrt(sum x x) */
export const norm = reduction(({ inputs, outputs, steps }) => ({
  multiplications: inputs,
  additions: steps,
  functions: outputs,
}));

const kernelOf = (node: Node) => elementCount(node.ints('kernel_shape'));

/** (1 / k) sum of k elements, as if every window lay inside the input. */
export const averagePool = perOutput((node) => ({ additions: kernelOf(node) - 1, multiplications: 1 }));
export const maxPool = perOutput((node) => ({ comparisons: kernelOf(node) - 1 }));

/** Elements of input 0, lines along `axis`, and the steps in which lines are gathered. */
function linesOf(node: Node): Sizes {
  const { dims } = node.input(0);
  const axis = axisOf(node, node.int('axis', -1), dims.length);
  const [inputs, outputs] = [elementCount(dims), elementCount(dims.toSpliced(axis, 1))];
  return { inputs, outputs, steps: Math.max(0, inputs - outputs) };
}

/** e = exp(x - max x), then e (1 / sum e): a division per line, a product per element. */
export const softmax: OperationsRule = (node) => {
  const { inputs, outputs, steps } = linesOf(node);
  const additions = inputs + steps;
  return { ...noOperations, comparisons: steps, additions, multiplications: inputs, functions: inputs + outputs };
};

/** d = x - max x, then d - log(sum exp(d)): a logarithm per line. */
export const logSoftmax: OperationsRule = (node) => {
  const { inputs, outputs, steps } = linesOf(node);
  return { ...noOperations, comparisons: steps, additions: 2 * inputs + steps, functions: inputs + outputs };
};

/**
 * d = x - (1 / n) sum x, v = (1 / n) sum d d, then (d (1 / sqrt(v + epsilon))) scale + bias. Per element 3 products and,
 * with both sums, 3 additions, less one per sum and group, and the bias; per group 2 products, 1 addition, 2 functions.
 */
export const layerNormalization: OperationsRule = (node) => {
  const axis = axisOf(node, node.int('axis', -1), node.input(0).dims.length);
  return standardized(node, axis);
};

/** The same for the pixels of each channel. */
export const instanceNormalization: OperationsRule = (node) => standardized(node, 2);

function standardized(node: Node, axis: number): Operations {
  const { dims } = node.input(0);
  const [inputs, groups] = [elementCount(dims), elementCount(dims.slice(0, axis))];
  const steps = Math.max(0, inputs - groups);
  return {
    ...noOperations,
    multiplications: 3 * inputs + 2 * groups,
    additions: inputs + 2 * steps + groups + (node.inputs[2] ? inputs : 0),
    functions: 2 * groups,
  };
}

/** x (bias + alpha / n sum x x)^-beta, as if all n channels were there. */
export const localResponse = perOutput((node) => ({ multiplications: 3, additions: node.int('size'), functions: 1 }));

/** Axis after axis, a sum of 2 or 4 products for each element that the axis then has; nearest ones are moved only. */
export const resize: OperationsRule = (node) => {
  const mode = node.string('mode', 'nearest');
  if (mode === 'nearest') return noOperations;
  const taps = mode === 'linear' ? 2 : 4;
  const [from, to] = [node.input(0).dims, node.output().dims];
  const elements = to.reduce((sum, d, axis) => {
    const isResized = d !== from[axis];
    return isResized ? sum + elementCount([...to.slice(0, axis + 1), ...from.slice(axis + 1)]) : sum;
  }, 0);
  return { ...noOperations, multiplications: taps * elements, additions: (taps - 1) * elements };
};

/** x[i] = x[i] + u, x[i] u, max(x[i], u) for every update u; plain replacement moves data. */
export const scatter: OperationsRule = (node) => {
  const updates = elementsOf(node.input(2));
  const kind = node.string('reduction', 'none');
  if (kind === 'none') return noOperations;
  if (kind === 'add') return { ...noOperations, additions: updates };
  return kind === 'mul' ? { ...noOperations, multiplications: updates } : { ...noOperations, comparisons: updates };
};
