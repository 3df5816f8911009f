/**
 * Constant tensors between TensorProto and the graph: raw bytes, the typed `*_data` lists, and external data (bytes in
 * another file). Half-precision values stay bit patterns. Nothing is allocated before the data's length agrees with
 * the dimensions. Writing always uses raw bytes (little-endian, as typed arrays are on every platform that runs this).
 */

import {
  allocate,
  bytesPerElement,
  type DType,
  elementCount,
  fromBytes,
  type NumericDType,
  printType,
  type Tensor,
  TritbankError,
  toBytes,
  viewBytes,
} from '../ir/index.ts';
import { dimsOf, externalLocation, isExternal, type RangeSource, rangeOf } from './external.ts';
import { decodeText, encodeText, type Init } from './proto.ts';
import type { TensorProto, tensorProto } from './schema.ts';
import { codeToDtype, dtypeToCode } from './types.ts';

/** Takes the bytes of one tensor and returns their offset in the data file called `location`. */
export interface ExternalSink {
  readonly location: string;
  /** Tensors of at least this many bytes go to the data file. */
  readonly threshold: number;
  put(bytes: Uint8Array): number;
}

/**
 * Reads a tensor. `where` names it in errors: E_FORMAT, E_UNSUPPORTED, E_FILE (external data, but no source). Raw bytes are
 * copied, or viewed where they are aligned if `isBorrowed`.
 */
export function readTensor(proto: TensorProto, where: string, external?: RangeSource, isBorrowed = false): Tensor {
  const dtype = codeToDtype(proto.dataType ?? 0, where);
  const dims = dimsOf(proto, where);
  if (proto.segment) throw new TritbankError('E_UNSUPPORTED', where, 'expected a whole tensor, found a segment');
  if (dtype === 'string') {
    if (isExternal(proto) || proto.rawData?.length) {
      throw new TritbankError('E_FORMAT', where, 'expected strings in string_data, found bytes');
    }
    expectLength('elements', elementCount(dims), proto.stringData.length, dtype, dims, where);
    return { dtype, dims, data: proto.stringData.map((s) => decodeText(s, where)) };
  }
  if (isExternal(proto)) {
    const range = rangeOf(proto, dtype, dims, where);
    if (external) return { dtype, dims, data: viewBytes(dtype, external(range)) };
    const message = `expected its data in '${range.location}', found no folder to look for that file`;
    throw new TritbankError('E_FILE', where, message);
  }
  if (proto.rawData?.length) return fromRaw(dtype, dims, proto.rawData, where, isBorrowed);
  return fromList(dtype, dims, proto, where);
}

function expectLength(
  unit: string,
  expected: number,
  found: number,
  dtype: DType,
  dims: readonly number[],
  where: string,
) {
  if (expected === found) return;
  const type = printType({ dtype, shape: dims });
  throw new TritbankError('E_FORMAT', where, `expected ${expected} ${unit} for ${type}, found ${found}`);
}

function fromRaw(
  dtype: NumericDType,
  dims: readonly number[],
  bytes: Uint8Array,
  where: string,
  isBorrowed: boolean,
): Tensor {
  expectLength('bytes', elementCount(dims) * bytesPerElement(dtype), bytes.length, dtype, dims, where);
  return { dtype, dims, data: isBorrowed ? viewBytes(dtype, bytes) : fromBytes(dtype, bytes) };
}

/** Which `*_data` list holds which element type (the comments of onnx.proto at TensorProto). */
function listOf(dtype: NumericDType, proto: TensorProto): readonly number[] | readonly bigint[] {
  switch (dtype) {
    case 'float32':
      return proto.floatData;
    case 'float64':
      return proto.doubleData;
    case 'int64':
      return proto.int64Data;
    case 'uint32':
    case 'uint64':
      return proto.uint64Data;
    default:
      return proto.int32Data;
  }
}

function fromList(dtype: NumericDType, dims: readonly number[], proto: TensorProto, where: string): Tensor {
  const list = listOf(dtype, proto);
  expectLength('elements', elementCount(dims), list.length, dtype, dims, where);
  const data = allocate(dtype, list.length) as Record<number, number | bigint> & Tensor['data'];
  const wide = dtype === 'int64' || dtype === 'uint64';
  for (const [i, item] of list.entries()) {
    const value = wide ? item : Number(item);
    data[i] = value;
    if (dtype !== 'float32' && dtype !== 'float64' && data[i] !== value) {
      throw new TritbankError('E_FORMAT', where, `expected elements of type ${dtype}, found ${value}`);
    }
  }
  return { dtype, dims, data };
}

/** A TensorProto; large numeric data goes to `sink` when there is one. */
export function writeTensor(name: string, tensor: Tensor, sink?: ExternalSink): Init<typeof tensorProto> {
  const head = { dims: tensor.dims.map(BigInt), dataType: dtypeToCode(tensor.dtype), ...(name && { name }) };
  if (tensor.dtype === 'string') return { ...head, stringData: (tensor.data as string[]).map((s) => encodeText(s)) };
  const rawData = toBytes(tensor);
  if (!sink || rawData.length < sink.threshold) return { ...head, rawData };
  const entries = { location: sink.location, offset: sink.put(rawData), length: rawData.length };
  return {
    ...head,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })),
    dataLocation: externalLocation,
  };
}
