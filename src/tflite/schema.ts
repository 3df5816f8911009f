/**
 * What of TensorFlow Lite's schema is read: numbers of operators, element types and activations, and a file's tables as
 * plain records. The numbers are those of schema.fbs in github.com/tensorflow/tensorflow.
 */

import { TritbankError } from '../ir/errors.ts';
import { Table } from './table.ts';

/** By their number; gaps are operators of other kinds of networks, which `operatorNames` fills for messages only. */
const firstOperators =
  'ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR ' +
  'FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION ' +
  'LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH ' +
  'CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER ' +
  'BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE ' +
  'BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ' +
  'ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE ' +
  'TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK ' +
  'LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD ' +
  'RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N ' +
  'GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE ' +
  'NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER ' +
  'CUMSUM CALL_ONCE BROADCAST_TO';
const laterOperators: Readonly<Record<number, string>> = {
  132: 'CONV_3D',
  140: 'REDUCE_ALL',
  141: 'CONV_3D_TRANSPOSE',
  150: 'GELU',
  152: 'RELU_0_TO_1',
  158: 'SIGN',
  206: 'STABLEHLO_COMPOSITE',
};
const custom = 32;

/** `CONV_2D`, or what there is to say of one without a name here. */
export const operatorNames: readonly string[] = firstOperators.split(' ');
const nameOfOperator = (code: number) => operatorNames[code] ?? laterOperators[code] ?? `BUILTIN_${code}`;

export const activations = ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'] as const;
export type Activation = (typeof activations)[number];

/** By their number. */
export const tensorTypes = [
  ...(['FLOAT32', 'FLOAT16', 'INT32', 'UINT8', 'INT64', 'STRING', 'BOOL', 'INT16', 'COMPLEX64', 'INT8'] as const),
  ...(['FLOAT64', 'COMPLEX128', 'UINT64', 'RESOURCE', 'VARIANT', 'UINT32', 'UINT16', 'INT4', 'BFLOAT16'] as const),
] as const;
export type TensorType = (typeof tensorTypes)[number];

/** real = scale (stored - zeroPoint); several scales belong to the positions along `axis`. */
export interface Quantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly axis: number;
}

export interface TfliteTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** As `shape`, with -1 for what is open. */
  readonly signature: readonly number[];
  readonly quantization?: Quantization;
  /** The bytes of a constant; none for what is computed. */
  readonly data: Uint8Array;
}

export interface TfliteOperator {
  /** `CONV_2D`, or the name of a custom one. */
  readonly name: string;
  readonly isCustom: boolean;
  /** Indices of tensors; -1 for one that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: Table | undefined;
}

export interface TfliteModel {
  readonly description: string;
  readonly name: string;
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Bytes of the metadata called `TFLITE_METADATA`. */
  readonly metadata: Uint8Array | undefined;
}

/**
 * Decodes a file's first subgraph. E_FORMAT for damaged bytes; E_UNSUPPORTED for several subgraphs, sparse tensors, and
 * data in files of their own.
 */
export function decodeTflite(bytes: Uint8Array): TfliteModel {
  // a plain view: Buffer.slice, unlike Uint8Array.slice, would not copy
  const root = Table.root(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), 'TFL3');
  const [graph, ...others] = root.tables(2);
  if (!graph) throw new TritbankError('E_FORMAT', '', 'expected a subgraph, found none');
  if (others.length > 0 && graph.tables(3).length === 0) {
    throw new TritbankError('E_UNSUPPORTED', '', `expected one subgraph with operators, found ${others.length + 1}`);
  }
  if (root.tables(9).length > 0)
    throw new TritbankError('E_UNSUPPORTED', '', 'expected no external buffers, found some');
  const buffers = root.tables(4);
  const contentOf = (index: number): Uint8Array => {
    const buffer = buffers[index];
    if (!buffer) throw new TritbankError('E_FORMAT', '', `expected a buffer ${index}, found ${buffers.length} of them`);
    const [offset, size] = [buffer.uint64(1), buffer.uint64(2)];
    return offset > 1 ? root.outside(offset, size) : buffer.bytes(0);
  };
  const codes = root.tables(1).map((code) => {
    const builtin = Math.max(code.int8(0), code.int32(3));
    const isCustom = builtin === custom;
    return { name: isCustom ? code.string(1) || 'without a name' : nameOfOperator(builtin), isCustom };
  });
  const tensors = graph.tables(0).map((tensor, i) => decodeTensor(tensor, i, contentOf));
  const operators = graph.tables(3).map((operator, i): TfliteOperator => {
    const code = codes[operator.uint32(0)];
    if (!code)
      throw new TritbankError('E_FORMAT', `operator ${i}`, `expected one of ${codes.length} codes, found another`);
    return { ...code, inputs: operator.int32s(1), outputs: operator.int32s(2), options: operator.table(4) };
  });
  const about = root.tables(6).find((entry) => entry.string(0) === 'TFLITE_METADATA');
  return {
    description: root.string(3),
    name: graph.string(4),
    tensors,
    operators,
    inputs: graph.int32s(1),
    outputs: graph.int32s(2),
    metadata: about && contentOf(about.uint32(1)),
  };
}

function decodeTensor(table: Table, index: number, contentOf: (buffer: number) => Uint8Array): TfliteTensor {
  const name = table.string(3) || `tensor_${index}`;
  const where = `tensor '${name}'`;
  const type = tensorTypes[table.int8(1)];
  if (!type) throw new TritbankError('E_UNSUPPORTED', where, `expected a known element type, found ${table.int8(1)}`);
  if (table.table(6)) throw new TritbankError('E_UNSUPPORTED', where, 'expected dense data, found sparse data');
  const shape = table.int32s(0);
  if (shape.some((size) => size < 0)) {
    throw new TritbankError('E_FORMAT', where, `expected sizes, found [${shape.join(', ')}]`);
  }
  const declared = table.int32s(7);
  const quantization = decodeQuantization(table.table(4), where);
  return {
    name,
    type,
    shape,
    signature: declared.length === shape.length ? declared : shape,
    ...(quantization && { quantization }),
    data: contentOf(table.uint32(2)),
  };
}

function decodeQuantization(table: Table | undefined, where: string): Quantization | undefined {
  const scale = table?.float32s(2) ?? [];
  if (!table || scale.length === 0) return undefined;
  if (!scale.every((s) => Number.isFinite(s) && s >= 0)) {
    throw new TritbankError('E_FORMAT', where, 'expected scales of at least 0, found others');
  }
  const points = table.int64s(3);
  // a scale per tensor or filter, and as many zero points, or one
  const zeroPoint = scale.map((_, i) => (points.length === 1 ? points[0]! : (points[i] ?? 0)));
  return { scale, zeroPoint, axis: table.int32(6) };
}
