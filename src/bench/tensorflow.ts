/**
 * An ONNX classifier in TensorFlow.js, for comparison: its operators one by one, in the layout [N, H, W, C] in which that
 * library is fastest. Covers what MobileNets with folded batch norms have; anything else is an error that names it.
 */

import type * as tf from '@tensorflow/tfjs';
import type { Node, Tensor, Value } from '../ir/index.ts';
import { readModel } from '../onnx/read.ts';
import type { BenchImage, LoadedModel } from './contest.ts';

export type Tensorflow = typeof tf;
type Step = (x: readonly tf.Tensor[]) => tf.Tensor;

const numbers = ({ data }: Tensor) => Array.from(data as Float32Array, Number);

/** [filters, channels, h, w] as [h, w, channels, filters], for depthwise convolutions [h, w, channels, 1]. */
function kernelOf(t: Tensorflow, { dims, data }: Tensor, isDepthwise: boolean): tf.Tensor4D {
  const weights = t.tensor4d(data as Float32Array, dims as [number, number, number, number]);
  return weights.transpose(isDepthwise ? [2, 3, 0, 1] : [2, 3, 1, 0]);
}

function convolution(t: Tensorflow, node: Node): Step {
  const [, weight, bias] = node.inputs as [Value, Value, Value | undefined];
  const group = node.int('group', 1);
  const isDepthwise = group > 1;
  const { dims } = weight.constant!;
  if (isDepthwise && (dims[1] !== 1 || dims[0] !== group)) throw new Error(`no grouped Conv '${node.name}'`);
  const kernel = kernelOf(t, weight.constant!, isDepthwise);
  const offset = bias && t.tensor1d(bias.constant!.data as Float32Array);
  const [top, left, bottom, right] = node.ints('pads', [0, 0, 0, 0]) as [number, number, number, number];
  const strides = node.ints('strides', [1, 1]) as [number, number];
  const isPadded = top + left + bottom + right > 0;
  const margins: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return ([x]) => {
    const image = x as tf.Tensor4D;
    const padded = isPadded ? t.pad(image, margins) : image;
    const y = isDepthwise
      ? t.depthwiseConv2d(padded, kernel, strides, 'valid')
      : t.conv2d(padded, kernel, strides, 'valid');
    return offset ? t.add(y, offset) : y;
  };
}

function classifier(t: Tensorflow, node: Node): Step {
  const [, weight, bias] = node.inputs as [Value, Value, Value | undefined];
  const { dims, data } = weight.constant!;
  const matrix = t.tensor2d(data as Float32Array, dims as [number, number]);
  const offset = bias && t.tensor1d(bias.constant!.data as Float32Array);
  const isTransposed = node.int('transB', 0) === 1;
  return ([x]) => {
    const y = t.matMul(x as tf.Tensor2D, matrix, false, isTransposed);
    return offset ? t.add(y, offset) : y;
  };
}

function bounded(t: Tensorflow, node: Node): Step {
  const [low, high] = [1, 2].map((i) => node.inputs[i]?.constant && numbers(node.inputs[i].constant)[0]);
  if (low === 0 && high === 6) return ([x]) => t.relu6(x!);
  return ([x]) => t.clipByValue(x!, low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY);
}

/** Of one image: [1, 1, 1, C] and [1, C] alike become [1, C]. */
const flat: Step = ([x]) => x!.reshape([1, -1]);

const rules: Readonly<Record<string, (t: Tensorflow, node: Node) => Step>> = {
  Conv: convolution,
  Gemm: classifier,
  Clip: bounded,
  Relu:
    (t) =>
    ([x]) =>
      t.relu(x!),
  Add:
    (t) =>
    ([a, b]) =>
      t.add(a!, b!),
  GlobalAveragePool:
    (t) =>
    ([x]) =>
      t.mean(x!, [1, 2], true),
  Flatten: () => flat,
  Reshape: () => flat,
  Squeeze: () => flat,
  Identity:
    () =>
    ([x]) =>
      x!,
};

export async function loadTensorflow(t: Tensorflow, model: Uint8Array, image: BenchImage): Promise<LoadedModel> {
  const graph = await readModel(model);
  const values = new Map<Value, tf.Tensor>();
  const steps = graph.nodes.map((node) => {
    const rule = rules[node.op];
    if (!rule) throw new Error(`no operator ${node.op}`);
    return { node, step: rule(t, node) };
  });
  const x = t.tensor4d(image.data, [...image.dims]).transpose([0, 2, 3, 1]) as tf.Tensor4D;
  const [input, output] = [graph.inputs[0]!, graph.outputs[0]!];
  const forward = () => {
    values.set(input, x);
    for (const { node, step } of steps) {
      const feeds = node.inputs.filter((value) => value && !value.constant).map((value) => values.get(value!)!);
      values.set(node.output(), step(feeds));
    }
    const scores = values.get(output)!;
    values.clear();
    return scores;
  };
  return {
    async run() {
      const scores = t.tidy(forward);
      const data = (await scores.data()) as Float32Array;
      scores.dispose();
      return data;
    },
    release: async () => x.dispose(),
  };
}
