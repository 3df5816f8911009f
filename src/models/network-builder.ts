/**
 * The vocabulary in which networks are written: convolution, batch norm, activation, sum, classifier. Weights are drawn
 * from a seeded generator, so that a seed and an architecture give the same network on every platform.
 * The result is an inference graph (`BatchNormalization` with running averages); `train/` turns it into a training graph.
 */

import { type SizeOption, sizeOf } from '../images/size.ts';
import { elementCount, f32, float, Graph, ints, Random, type Value } from '../ir/index.ts';
import { Builder, canonicalOpset } from '../ops/index.ts';

export interface ConvOptions {
  readonly filters: number;
  /** Height and width. */
  readonly kernel: SizeOption;
  readonly stride?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Standard deviation of the initial weights; by default He's. */
  readonly deviation?: number;
}

/** `relu6` is min(max(x, 0), 6), a Clip. */
export type Activation = 'relu' | 'relu6' | 'none';

const batchNormEpsilon = 1e-5;

export class NetworkBuilder {
  readonly graph: Graph;
  readonly build: Builder;

  constructor(
    name: string,
    private readonly seed: number,
  ) {
    this.graph = new Graph(name, canonicalOpset);
    this.build = new Builder(this.graph);
  }

  /** The graph input `input`, `N x channels x height x width`, already normalised. */
  input(channels: number, size: SizeOption): Value {
    const { height, width } = sizeOf(size);
    return this.graph.input('input', 'float32', ['N', channels, height, width]);
  }

  /**
   * A convolution with padding kernel/2 on each side, of an even kernel one less at the end that comes first. Weights are
   * normal with variance 2 / (kernel^2 filters / groups) (He et al., arXiv 1502.01852, fan-out, which keeps the gradients'
   * scale through depthwise layers).
   */
  conv(name: string, x: Value, options: ConvOptions): Value {
    const { filters, kernel, stride = 1, groups = 1 } = options;
    const channels = x.shape[1] as number;
    const { height, width } = sizeOf(kernel);
    const dims = [filters, channels / groups, height, width];
    const { deviation = Math.sqrt((2 * groups) / (height * width * filters)) } = options;
    const inputs = [x, this.build.constant(`${name}_weight`, this.normal(`${name}_weight`, dims, deviation))];
    if (options.bias) inputs.push(this.build.constant(`${name}_bias`, f32([filters])));
    const attributes = {
      kernel_shape: ints([height, width]),
      strides: ints([stride, stride]),
      pads: ints([(height - 1) >> 1, (width - 1) >> 1, height >> 1, width >> 1]),
      group: { kind: 'int', value: groups } as const,
    };
    return this.build.op('Conv', inputs, attributes, name);
  }

  /** Batch norm with scale 1, shift 0, running mean 0 and running variance 1. */
  batchNorm(name: string, x: Value): Value {
    const channels = x.shape[1] as number;
    const filled = (suffix: string, value: number) =>
      this.build.constant(`${name}_${suffix}`, f32([channels], new Float32Array(channels).fill(value)));
    const inputs = [x, filled('scale', 1), filled('shift', 0), filled('mean', 0), filled('variance', 1)];
    return this.build.op('BatchNormalization', inputs, { epsilon: float(batchNormEpsilon) }, name);
  }

  /** The output of `name_relu` or `name_relu6`; with `none`, `x` itself. */
  activate(name: string, x: Value, activation: Activation): Value {
    if (activation === 'none') return x;
    if (activation === 'relu') return this.build.op('Relu', [x], {}, `${name}_relu`);
    return this.build.op('Clip', [x, this.build.scalar(0), this.build.scalar(6)], {}, `${name}_relu6`);
  }

  /** Convolution, batch norm, activation (default ReLU): `name`, `name_bn`, `name_relu`. */
  convBlock(name: string, x: Value, options: ConvOptions, activation: Activation = 'relu'): Value {
    return this.activate(name, this.batchNorm(`${name}_bn`, this.conv(name, x, options)), activation);
  }

  /** A depthwise 3x3 block `depthwise` and a 1x1 block `pointwise` behind it, both with ReLU. */
  separableBlock(
    [depthwise, pointwise]: readonly [string, string],
    x: Value,
    { filters, stride = 1 }: { readonly filters: number; readonly stride?: number },
  ): Value {
    const channels = x.shape[1] as number;
    const y = this.convBlock(depthwise, x, { filters: channels, kernel: 3, stride, groups: channels });
    return this.convBlock(pointwise, y, { filters, kernel: 1 });
  }

  /** A residual connection, `name_add`: two tensors of one shape, added. */
  add(name: string, x: Value, y: Value): Value {
    return this.build.op('Add', [x, y], {}, `${name}_add`);
  }

  /**
   * Global average pool, 1x1 convolution to `classes` channels, flatten; the result is the graph output `logits`. Small
   * weights (Glorot's, fan-in only) start the training near the loss of guessing.
   */
  classifier(x: Value, classes: number): Graph {
    const pooled = this.build.op('GlobalAveragePool', [x], {}, 'pool');
    const deviation = Math.sqrt(1 / (x.shape[1] as number));
    const scores = this.conv('classifier', pooled, { filters: classes, kernel: 1, bias: true, deviation });
    const logits = this.build.op('Flatten', [scores], {}, 'logits');
    this.graph.outputs = [logits];
    return this.graph;
  }

  private normal(name: string, dims: readonly number[], deviation: number) {
    const random = new Random(this.seed, name);
    return f32(
      dims,
      Float32Array.from({ length: elementCount(dims) }, () => random.normal() * deviation),
    );
  }
}
