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

/** Of height and width; none where it takes all. */
function stridesOf(node: Node): readonly number[] {
  if (node.domain !== '') return [];
  if (windowed.has(node.op)) return isGlobal(node) ? [] : node.ints('strides', []);
  if (node.op !== 'Slice' || !constantOf(node.inputs[3]) || !constantOf(node.inputs[4])) return [];
  return String(numbersOf(node.inputs[3])) === '2,3' ? numbersOf(node.inputs[4])! : [];
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

/** Takes the windows of `node` `stride` pixels apart; a map that padding kept whole, but for the stride, stays so. */
function setStride(node: Node, stride: number): void {
  if (node.op === 'Slice') {
    node.setInput(4, node.graph.initializer(node.graph.freshName(`${node.name}_steps`), i64([stride, stride])));
    return;
  }
  const sizes = node.input(0).shape.slice(2) as number[];
  const kernel = node.op === 'Conv' ? (node.input(1).shape.slice(2) as number[]) : node.ints('kernel_shape');
  const pads = windowsOf(node, sizes, kernel).map((window, i) => {
    const isWhole = node.output().shape[2 + i] === Math.ceil(sizes[i]! / window.stride);
    const before = Math.floor((span(window) - 1) / 2);
    return isWhole ? { before, after: span(window) - 1 - before } : window;
  });
  const { auto_pad, ceil_mode, ...rest } = node.attributes;
  node.attributes = {
    ...rest,
    strides: ints([stride, stride]),
    pads: ints([...pads.map(({ before }) => before), ...pads.map(({ after }) => after)]),
  };
}

/** What the file declares of its outputs is that of larger strides. */
function inferAgain(graph: Graph): Graph {
  for (const output of graph.outputs) output.type = undefined;
  return inferShapes(graph);
}

/**
 * Makes the first strides of `graph` 1, those of parallel branches alike, until one pixel of its last feature map stands for
 * `outputStride` input pixels on a side; in place, and its shapes are inferred again. Its images have a known size. E_USAGE
 * unless `outputStride` is 1, 2, 4 .. the network's own.
 *
 * @example
 * import { buildNetwork, inferShapes, setOutputStride } from 'tritbank/graph';
 *
 * const shape = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 2, seed: 1 } as const;
 * const graph = setOutputStride(inferShapes(buildNetwork('mobilenet-v1', shape)), 16);
 * console.log(graph.nodes[0]!.ints('strides')); // 1, 1
 */
export function setOutputStride(graph: Graph, outputStride: number): Graph {
  const strided = stridedOf(graph);
  const total = Math.max(1, ...strided.map(({ before, stride }) => before * stride));
  const known = Array.from({ length: Math.floor(Math.log2(total)) + 1 }, (_, i) => 2 ** i);
  if (!known.includes(outputStride)) {
    throw new TritbankError('E_USAGE', 'output stride', `expected ${known.join(', ')}, found ${outputStride}`);
  }
  const excess = total / outputStride;
  for (const { node, stride, before } of strided) {
    const left = Math.max(1, (before * stride) / Math.max(excess, before));
    if (left < stride) setStride(node, left);
  }
  return inferAgain(graph);
}

/**
 * Makes the strides of the layers called `names` 1; in place, and shapes are inferred again. Its images have a known size.
 * E_USAGE for the name of none with a stride.
 *
 * @example
 * import { buildNetwork, inferShapes, setUnitStrides } from 'tritbank/graph';
 *
 * const shape = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 2, seed: 1 } as const;
 * const graph = setUnitStrides(inferShapes(buildNetwork('mobilenet-v1', shape)), ['conv', 'conv_dw_12']);
 * console.log(graph.nodes[0]!.ints('strides')); // 1, 1
 */
export function setUnitStrides(graph: Graph, names: readonly string[]): Graph {
  const strided = stridedOf(graph);
  const known = strided.map(({ node }) => node.name);
  for (const name of names) {
    const found = strided.find(({ node }) => node.name === name);
    if (!found) {
      const expected =
        known.length > 0 ? `names of layers with strides: ${known.join(', ')}` : 'a network with strides';
      throw new TritbankError('E_USAGE', 'unit strides', `expected ${expected}, found '${name}'`);
    }
    setStride(found.node, 1);
  }
  return inferAgain(graph);
}
