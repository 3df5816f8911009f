/** Layers of integers with drawn weights, whose outputs use most of their 8 bits. */

import type {
  ConvolutionLayer,
  IntegerLayer,
  IntegerNetwork,
  IntegerTensor,
  Requantization,
  TensorPart,
} from '../../src/integer/index.ts';
import { Random } from '../../src/ir/index.ts';

export interface ConvolutionOptions {
  readonly kernel?: number | readonly [number, number];
  readonly stride?: number;
  /** Share of weights that are not zero, of ternary ones; int8 without it. */
  readonly density?: number;
  readonly isDepthwise?: boolean;
  /** Where filters are written (default: a tensor of their own). */
  readonly into?: TensorPart;
  /** Pixels above and to the left (default: half of the kernel). */
  readonly pad?: number;
}

const zeroPoint = -3;

export const whole = (tensor: IntegerTensor, channels = tensor.channels): TensorPart => ({
  tensor,
  channel: 0,
  channels,
});

export class LayerDrawer {
  readonly tensors: IntegerTensor[] = [];
  readonly layers: IntegerLayer[] = [];
  private readonly random: Random;
  readonly image: IntegerTensor;

  constructor(
    readonly name: string,
    channels: number,
    height: number,
    width = height,
  ) {
    this.random = new Random(1, `drawn/${name}`);
    this.image = this.tensor(channels, height, width);
  }

  tensor(channels: number, height: number, width: number, type: 'int8' | 'float32' = 'int8'): IntegerTensor {
    const tensor = { id: this.tensors.length, type, channels, height, width };
    this.tensors.push(tensor);
    return tensor;
  }

  private get next(): string {
    return `layer ${this.layers.length}`;
  }

  private weights(count: number, density?: number): ConvolutionLayer['weights'] {
    const { random } = this;
    if (density === undefined) {
      return { kind: 'int8', values: Int8Array.from({ length: count }, () => random.int(255) - 127) };
    }
    const draw = () => (random.float() < density ? 2 * random.int(2) - 1 : 0);
    return { kind: 'ternary', values: Int8Array.from({ length: count }, draw) };
  }

  private rows(count: number, columns: number, size: number): Requantization {
    const biases = Int32Array.from({ length: count }, () => this.random.int(2000) - 1000);
    const scale = 1 / (size * Math.sqrt(columns));
    const multipliers = Float32Array.from({ length: count }, () => scale * (0.7 + 0.6 * this.random.float()));
    return { type: 'int8', biases, multipliers, zeroPoint, lower: -128, upper: 127 };
  }

  convolution(x: TensorPart, rows: number, options: ConvolutionOptions = {}): TensorPart {
    const { kernel = 1, stride = 1, density, isDepthwise = false, into } = options;
    const [kh, kw] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
    const { height, width } = x.tensor;
    const [top, left] = options.pad === undefined ? [kh >> 1, kw >> 1] : [options.pad, options.pad];
    const size = (n: number, k: number, pad: number) => Math.floor((n + 2 * pad - k) / stride) + 1;
    const columns = (isDepthwise ? 1 : x.channels) * kh * kw;
    const y = into ?? whole(this.tensor(rows, size(height, kh, top), size(width, kw, left)));
    this.layers.push({
      ...{ kind: 'convolution', name: this.next, x, y, inputZeroPoint: zeroPoint },
      window: { kernel: [kh, kw], strides: [stride, stride], dilations: [1, 1], pads: [top, left, top, left] },
      ...{ groups: isDepthwise ? x.channels : 1, rows, columns },
      weights: this.weights(rows * columns, density),
      output: this.rows(rows, density === undefined ? columns : columns * density, density === undefined ? 70 : 1),
    });
    return y;
  }

  depthwise(x: TensorPart, options: ConvolutionOptions = {}): TensorPart {
    return this.convolution(x, x.channels, { kernel: 3, isDepthwise: true, ...options });
  }

  /** Hidden units and the filters that read them. */
  ternary(x: TensorPart, hidden: number, rows: number, options: ConvolutionOptions): TensorPart {
    const { into, ...own } = options;
    const units = this.convolution(x, hidden, own);
    return this.convolution(units, rows, { ...(own.density && { density: own.density }), ...(into && { into }) });
  }

  addition(a: TensorPart, b: TensorPart): TensorPart {
    const y = whole(this.tensor(a.channels, a.tensor.height, a.tensor.width));
    const numbers = { scales: [0.02, 0.03, 0.04], zeroPoints: [3, -5, 1], lower: -128, upper: 127 } as const;
    this.layers.push({ kind: 'addition', name: this.next, a, b, y, ...numbers });
    return y;
  }

  pool(x: TensorPart, kernel: readonly [number, number], multiplier = 1.1): TensorPart {
    const { height, width } = x.tensor;
    const y = whole(this.tensor(x.channels, Math.floor(height / kernel[0]), Math.floor(width / kernel[1])));
    this.layers.push({
      ...{ kind: 'pool', name: this.next, x, y, method: 'average' },
      window: { kernel, strides: kernel, dilations: [1, 1], pads: [0, 0, 0, 0] },
      ...{ countPads: false, inputZeroPoint: zeroPoint, multiplier, zeroPoint },
    });
    return y;
  }

  table(x: TensorPart): TensorPart {
    const y = whole(this.tensor(x.channels, x.tensor.height, x.tensor.width));
    const table = Int8Array.from({ length: 256 }, (_, i) => (i * 7) % 256);
    this.layers.push({ kind: 'table', name: this.next, x, y, table });
    return y;
  }

  /** Scores of one pixel. */
  scores(x: TensorPart, classes: number, density?: number): TensorPart {
    const y = whole(this.tensor(classes, 1, 1, 'float32'));
    const columns = x.channels;
    const output = {
      type: 'float32' as const,
      biases: Float32Array.from({ length: classes }, () => this.random.float() - 0.5),
      multipliers: Float32Array.from({ length: classes }, () => (0.5 + this.random.float()) / (5000 * columns)),
      lower: -Infinity,
      upper: Infinity,
    };
    this.layers.push({
      ...{ kind: 'convolution', name: this.next, x, y, inputZeroPoint: zeroPoint, groups: 1, rows: classes, columns },
      window: { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] },
      ...{ weights: this.weights(classes * columns, density), output },
    });
    return y;
  }

  /** The first pixel of the image as a score. */
  firstPixel(): TensorPart {
    const one = whole(this.tensor(1, 1, 1));
    const y = whole(this.tensor(1, 1, 1, 'float32'));
    this.layers.push(
      { kind: 'move', name: 'first pixel', x: whole(this.image, 1), y: one, strides: [1, 1, 1], offset: 0 },
      { kind: 'dequantize', name: 'score', x: one, y, scale: 0.1, zeroPoint: 0 },
    );
    return y;
  }

  network(output: TensorPart): IntegerNetwork {
    return {
      ...{ name: this.name, tensors: this.tensors, layers: this.layers, output, outputKind: 'logits' },
      input: { tensor: this.image, scale: 0.02, zeroPoint },
      metadata: new Map(),
    };
  }
}
