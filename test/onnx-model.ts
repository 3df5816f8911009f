/**
 * ONNX files written message by message, for tests that need what the writer of `src/onnx` never produces: old operator
 * sets, foreign features, damage.
 */

import type { Attributes, Tensor, TensorType } from '../src/ir/index.ts';
import { writeAttribute } from '../src/onnx/attributes.ts';
import { encode, type Init } from '../src/onnx/proto.ts';
import { type graphProto, modelProto, type nodeProto } from '../src/onnx/schema.ts';
import { writeTensor } from '../src/onnx/tensors.ts';
import { writeValueInfo } from '../src/onnx/types.ts';

export type NodeInit = Init<typeof nodeProto>;
export type GraphInit = Init<typeof graphProto>;

/** A node message; operators with a dot are `domain.Operator`. */
export function node(op: string, input: string[], output: string[], attributes: Attributes = {}): NodeInit {
  const dot = op.lastIndexOf('.');
  return {
    input,
    output,
    opType: op.slice(dot + 1),
    domain: dot > 0 ? op.slice(0, dot) : undefined,
    attribute: Object.entries(attributes).map(([name, a]) => writeAttribute(name, a, op)),
  };
}

export interface ModelInit {
  readonly opset?: number;
  readonly inputs?: Readonly<Record<string, TensorType>>;
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly nodes?: readonly NodeInit[];
  readonly outputs?: Readonly<Record<string, TensorType | undefined>>;
  /** Further fields of the graph and of the model. */
  readonly graph?: GraphInit;
  readonly model?: Init<typeof modelProto>;
}

/** A model file of IR version 4, opset 9 unless told. */
export function modelBytes(init: ModelInit): Uint8Array {
  const entries = Object.entries;
  return encode(modelProto, {
    irVersion: 4n,
    opsetImport: [{ domain: '', version: BigInt(init.opset ?? 9) }],
    graph: {
      name: 'g',
      node: init.nodes,
      input: entries(init.inputs ?? {}).map(([name, type]) => writeValueInfo(name, type)),
      output: entries(init.outputs ?? {}).map(([name, type]) => writeValueInfo(name, type)),
      initializer: entries(init.initializers ?? {}).map(([name, tensor]) => writeTensor(name, tensor)),
      ...init.graph,
    },
    ...init.model,
  }).slice();
}

/** A float32 type. */
export const f32Type = (...shape: (number | string)[]): TensorType => ({ dtype: 'float32', shape });
