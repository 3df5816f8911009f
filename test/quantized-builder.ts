/** Writes QDQ graphs: every operator between DequantizeLinear and QuantizeLinear. */

import { type Attributes, f32, Graph, int, ints, Random, type Tensor, type Value } from '../src/ir/index.ts';
import { normal } from './evaluate.ts';

export type Activations = 'uint8' | 'int8';

export class QuantizedBuilder {
  readonly graph = new Graph('qdq', 20);
  private readonly random: Random;

  constructor(
    private readonly activations: Activations,
    private readonly biases: 'int32' | 'float32' | 'none',
    seed = 7,
  ) {
    this.random = new Random(seed, 'qdq');
  }

  op(op: string, inputs: (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.graph.add(op, inputs, attributes).output();
  }

  quantize(x: Value, scale: number, zero: number): Value {
    const isUnsigned = this.activations === 'uint8';
    const data = isUnsigned ? Uint8Array.of(zero) : Int8Array.of(zero - 128);
    const zeroPoint = this.graph.initializer('zero', { dtype: this.activations, dims: [], data } as Tensor);
    return this.op('QuantizeLinear', [x, this.graph.initializer('scale', f32([], [scale])), zeroPoint]);
  }

  /** `x` rounded to 8 bits. */
  round(x: Value, scale: number, zero: number): Value {
    const q = this.quantize(x, scale, zero);
    return this.op('DequantizeLinear', [q, ...q.producer!.inputs.slice(1)]);
  }

  private weights(dims: number[], isTernary: boolean): { weights: Value; scales: Float32Array } {
    const { graph, random } = this;
    const count = dims.reduce((n, d) => n * d, 1);
    const draw = () => (isTernary ? random.int(3) - 1 : random.int(255) - 127);
    const data = Int8Array.from({ length: count }, draw);
    const deviation = (isTernary ? 0.8 : 0.014) / Math.sqrt(count / dims[0]!);
    const scales = Float32Array.from({ length: dims[0]! }, () => (0.5 + random.float()) * deviation);
    const inputs = [
      graph.initializer('w', { dtype: 'int8', dims, data }),
      graph.initializer('ws', f32([dims[0]!], scales)),
    ];
    return { weights: this.op('DequantizeLinear', inputs, { axis: int(0) }), scales };
  }

  private bias(count: number, xScale: number, scales: Float32Array): Value | undefined {
    const { graph, random, biases } = this;
    if (biases === 'none') return undefined;
    if (biases === 'float32') return graph.initializer('b', normal(random.int(1000), [count]));
    const data = Int32Array.from({ length: count }, () => random.int(4000) - 2000);
    const inputs = [
      graph.initializer('b', { dtype: 'int32', dims: [count], data }),
      graph.initializer(
        'bs',
        f32(
          [count],
          scales.map((s) => Math.fround(xScale) * s),
        ),
      ),
    ];
    return this.op('DequantizeLinear', inputs, { axis: int(0) });
  }

  conv(
    x: Value,
    xScale: number,
    dims: number[],
    options: { group?: number; stride?: number; isTernary?: boolean } = {},
  ) {
    const { group = 1, stride = 1, isTernary = false } = options;
    const { weights, scales } = this.weights(dims, isTernary);
    const pad = dims[2]! >> 1;
    return this.op('Conv', [x, weights, this.bias(dims[0]!, xScale, scales)], {
      kernel_shape: ints(dims.slice(2)),
      pads: ints([pad, pad, pad, pad]),
      strides: ints([stride, stride]),
      group: int(group),
    });
  }

  gemm(x: Value, xScale: number, dims: number[]) {
    const { weights, scales } = this.weights(dims, false);
    return this.op('Gemm', [x, weights, this.bias(dims[0]!, xScale, scales)], { transB: int(1) });
  }
}
