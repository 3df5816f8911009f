/**
 * Networks made for large images, on small ones: behind strides of 32 in all, 224 pixels leave a feature map of 7, and 32
 * pixels a single one. Some strides become 1, so that maps keep their resolution; weights stay as they are.
 */

import { type Graph, i64, ints, type Node, TritbankError, type Value } from '../ir/index.ts';
import { span, windowsOf } from '../ops/arithmetic/window.ts';
import { numbersOf } from '../ops/shape/contents.ts';
import { constantOf } from './channels.ts';
import { inferShapes } from './infer-shapes.ts';

/** A convolution, pool or slice that takes windows or pixels some pixels apart, as many on both axes. */
interface Strided {
  readonly node: Node;
  readonly stride: number;
  /** Input pixels, on a side, of one pixel that it reads. */
  readonly before: number;
}

const windowed = new Set(['Conv', 'MaxPool', 'AveragePool', 'LpPool']);

/** A pool whose only window is the whole map: it takes no steps. */
const isGlobal = (node: Node) =>
  node.op !== 'Conv' && node.ints('kernel_shape').every((size, i) => size >= Number(node.input(0).shape[2 + i]));

/** Steps of a slice by the axes of its four; undefined where they are no constants. */
function stepsOf(node: Node): readonly (readonly [axis: number, step: number])[] | undefined {
  const [axes, steps] = [3, 4].map((slot) =>
    constantOf(node.inputs[slot]) ? numbersOf(node.inputs[slot]) : undefined,
  );
  return axes && steps?.map((step, i) => [axes[i]! < 0 ? axes[i]! + 4 : axes[i]!, step] as const);
}

/** Of height and width; none where it takes all. */
function stridesOf(node: Node): readonly number[] {
  if (node.domain !== '') return [];
  if (windowed.has(node.op)) return isGlobal(node) ? [] : node.ints('strides', []);
  const steps = node.op === 'Slice' && node.input(0).type?.shape?.length === 4 ? stepsOf(node) : undefined;
  if (!steps || steps.some(([axis, step]) => axis < 2 && step !== 1)) return [];
  return [2, 3].flatMap((spatial) => steps.find(([axis]) => axis === spatial)?.[1] ?? []);
}

function stridedOf(graph: Graph): readonly Strided[] {
  const pixels = new Map<Value, number>();
  return graph.nodes.flatMap((node) => {
    const before = Math.max(1, ...node.inputs.map((value) => (value && pixels.get(value)) ?? 1));
    const [down = 1, across = 1, ...others] = stridesOf(node);
    const stride = down === across && others.length === 0 ? down : 1;
    for (const output of node.outputs) if (output) pixels.set(output, before * stride);
    return stride > 1 ? [{ node, stride, before }] : [];
  });
}

/** Makes a node take all pixels; a map that padding kept whole, but for the stride, stays so. */
function takeAll(node: Node): void {
  if (node.op === 'Slice') {
    const steps = i64(stepsOf(node)!.map(() => 1));
    node.setInput(4, node.graph.initializer(node.graph.freshName(`${node.name}_steps`), steps));
    return;
  }
  const sizes = node.input(0).shape.slice(2) as number[];
  const kernel = node.op === 'Conv' ? (node.input(1).shape.slice(2) as number[]) : node.ints('kernel_shape');
  const windows = windowsOf(node, sizes, kernel);
  const pads = windows.map((window, i) => {
    const isWhole = node.output().shape[2 + i] === Math.ceil(sizes[i]! / window.stride);
    const before = Math.floor((span(window) - 1) / 2);
    return isWhole ? { before, after: span(window) - 1 - before } : window;
  });
  const { auto_pad: _padding, ceil_mode: _rounding, count_include_pad: counted, ...rest } = node.attributes;
  // padding that there was not before is no part of a mean
  const wasPadded = windows.some(({ before, after }) => before + after > 0);
  node.attributes = {
    ...rest,
    ...(counted && wasPadded && { count_include_pad: counted }),
    strides: ints([1, 1]),
    pads: ints([...pads.map(({ before }) => before), ...pads.map(({ after }) => after)]),
  };
}

/** Branches of a block end in maps of one size: what is beside a named layer has to be named, too. */
function requireBranches(strided: readonly Strided[], names: readonly string[]): void {
  for (const { node, before } of strided) {
    if (names.includes(node.name)) continue;
    const beside = strided.find((other) => other.before === before && names.includes(other.node.name));
    if (!beside) continue;
    const expected = `expected '${node.name}' beside '${beside.node.name}', whose branch it meets`;
    throw new TritbankError('E_USAGE', 'unit strides', `${expected}, found ${names.join(', ')}`);
  }
}

export interface UnitStrides {
  /** Input pixels, on a side, that one pixel of the last feature map stands for: the first strides become 1 until it is met. */
  readonly outputStride?: number;
  /** Names of layers, pools and slices whose stride becomes 1. */
  readonly names?: readonly string[];
}

/** Changes strides in place, as `setOutputStride` and `setUnitStrides` do, and infers no shapes. */
export function changeStrides(graph: Graph, { outputStride, names = [] }: UnitStrides): void {
  const strided = stridedOf(graph);
  const ends = [...new Set([1, ...strided.map(({ before, stride }) => before * stride)])].sort((a, b) => a - b);
  const total = ends.at(-1)!;
  const known = ends
    .map((end) => total / end)
    .filter(Number.isInteger)
    .reverse();
  if (outputStride !== undefined && !known.includes(outputStride)) {
    throw new TritbankError('E_USAGE', 'output stride', `expected ${known.join(', ')}, found ${outputStride}`);
  }
  const unknown = names.find((name) => !strided.some(({ node }) => node.name === name));
  if (unknown !== undefined) {
    const found = strided.map(({ node }) => node.name).join(', ');
    const expected = strided.length > 0 ? `names of layers with strides: ${found}` : 'a network with strides';
    throw new TritbankError('E_USAGE', 'unit strides', `expected ${expected}, found '${unknown}'`);
  }
  requireBranches(strided, names);
  const excess = outputStride === undefined ? 1 : total / outputStride;
  for (const { node, stride, before } of strided) {
    if (before * stride <= excess || names.includes(node.name)) takeAll(node);
  }
}

/** What the file declares of its outputs is that of larger strides. */
function inferAgain(graph: Graph): Graph {
  for (const output of graph.outputs) output.type = undefined;
  return inferShapes(graph);
}

/**
 * Makes the first strides of `graph` 1, those of parallel branches alike, until one pixel of its last feature map stands for
 * `outputStride` input pixels on a side; in place, and its shapes are inferred again. Its images have a known size. E_USAGE
 * unless that leaves the network's last strides as they are: 1, 2, 4 .. 32 of a MobileNet.
 *
 * @example
 * import { buildNetwork, inferShapes, setOutputStride } from 'tritbank/graph';
 *
 * const shape = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 2, seed: 1 } as const;
 * const graph = setOutputStride(inferShapes(buildNetwork('mobilenet-v1', shape)), 16);
 * console.log(graph.nodes[0]!.ints('strides')); // 1, 1
 */
export function setOutputStride(graph: Graph, outputStride: number): Graph {
  changeStrides(graph, { outputStride });
  return inferAgain(graph);
}

/**
 * Makes the strides of the layers (pools and slices, too) called `names` 1; in place, and shapes are inferred again. Its
 * images have a known size. E_USAGE for the name of none with a stride, and where a parallel branch keeps its own.
 *
 * @example
 * import { buildNetwork, inferShapes, setUnitStrides } from 'tritbank/graph';
 *
 * const shape = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 2, seed: 1 } as const;
 * const graph = setUnitStrides(inferShapes(buildNetwork('mobilenet-v1', shape)), ['conv', 'conv_dw_12']);
 * console.log(graph.nodes[0]!.ints('strides')); // 1, 1
 */
export function setUnitStrides(graph: Graph, names: readonly string[]): Graph {
  changeStrides(graph, { names });
  return inferAgain(graph);
}
