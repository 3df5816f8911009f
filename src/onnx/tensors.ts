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
} from '../ir/index.ts';
import { decodeText, encodeText, type Init } from './proto.ts';
import type { TensorProto, tensorProto } from './schema.ts';
import { codeToDtype, dtypeToCode, toSafeInteger } from './types.ts';

/** Gives the whole content of the file that holds external data; `location` is relative to the model's folder. */
export type ExternalSource = (location: string) => Uint8Array;

/** Takes the bytes of one tensor and returns their offset in the data file called `location`. */
export interface ExternalSink {
  readonly location: string;
  /** Tensors of at least this many bytes go to the data file. */
  readonly threshold: number;
  put(bytes: Uint8Array): number;
}

const externalLocation = 1; // TensorProto.DataLocation.EXTERNAL

/** The data file that a tensor names, `undefined` when its data is in the model. E_FORMAT for a path that escapes. */
export function locationOf(proto: TensorProto, where: string): string | undefined {
  if (proto.dataLocation !== externalLocation) return undefined;
  const location = proto.externalData.find((e) => e.key === 'location')?.value;
  if (!location) throw new TritbankError('E_FORMAT', where, 'expected a location of its external data, found none');
  if (/^([\\/]|[A-Za-z]:)/.test(location) || location.split(/[\\/]/).includes('..') || location.includes('\0')) {
    const message = `expected external data inside the model's folder, found '${location}'`;
    throw new TritbankError('E_FORMAT', where, message);
  }
  return location;
}

/** Reads a tensor. `where` names it in errors: E_FORMAT, E_UNSUPPORTED, E_FILE (external data, but no source). */
export function readTensor(proto: TensorProto, where: string, external?: ExternalSource): Tensor {
  const dtype = codeToDtype(proto.dataType ?? 0, where);
  const dims = proto.dims.map((d) => {
    if (d < 0n) throw new TritbankError('E_FORMAT', where, `expected dimensions of at least 0, found ${d}`);
    return toSafeInteger(d, where);
  });
  if (proto.segment) throw new TritbankError('E_UNSUPPORTED', where, 'expected a whole tensor, found a segment');
  const location = locationOf(proto, where);
  if (dtype === 'string') {
    if (location || proto.rawData?.length) {
      throw new TritbankError('E_FORMAT', where, 'expected strings in string_data, found bytes');
    }
    expectLength('elements', elementCount(dims), proto.stringData.length, dtype, dims, where);
    return { dtype, dims, data: proto.stringData.map((s) => decodeText(s, where)) };
  }
  if (location !== undefined) {
    if (!external) {
      const message = `expected its data in '${location}', found no folder to look for that file`;
      throw new TritbankError('E_FILE', where, message);
    }
    return fromRaw(dtype, dims, sliceExternal(proto, external(location), location, where), where);
  }
  if (proto.rawData?.length) return fromRaw(dtype, dims, proto.rawData, where);
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

function fromRaw(dtype: NumericDType, dims: readonly number[], bytes: Uint8Array, where: string): Tensor {
  expectLength('bytes', elementCount(dims) * bytesPerElement(dtype), bytes.length, dtype, dims, where);
  return { dtype, dims, data: fromBytes(dtype, bytes) };
}

function sliceExternal(proto: TensorProto, file: Uint8Array, location: string, where: string): Uint8Array {
  const number = (key: string, fallback: number): number => {
    const text = proto.externalData.find((e) => e.key === key)?.value;
    if (text === undefined) return fallback;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) {
      throw new TritbankError('E_FORMAT', where, `expected external ${key} to be a count of bytes, found '${text}'`);
    }
    return value;
  };
  const offset = number('offset', 0);
  const length = number('length', Math.max(file.length - offset, 0));
  if (offset + length > file.length) {
    const message = `expected bytes ${offset} to ${offset + length} in '${location}', found a file of ${file.length}`;
    throw new TritbankError('E_FORMAT', where, message);
  }
  // a plain view: Buffer.slice, unlike Uint8Array.slice, would not copy
  return new Uint8Array(file.buffer, file.byteOffset + offset, length);
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
