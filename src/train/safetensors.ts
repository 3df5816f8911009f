/**
 * Checkpoints in the safetensors format (github.com/huggingface/safetensors): eight bytes with the header's length, a
 * JSON header padded with spaces, then the tensors without holes, in little-endian order. Tensors are laid out by
 * falling element size after an 8-byte aligned header, so that each is aligned.
 *
 * The format has no checksum. `encodeSafetensors` stores a CRC-32 of the header and of the data in the metadata, which
 * `decodeSafetensors` checks where present: a damaged checkpoint is an error, a file of another writer is accepted.
 */

import { crc32 } from 'node:zlib';
import { allocate, bytesPerElement, type DType, type Tensor, TritbankError, toBytes } from '../ir/index.ts';

export interface SafetensorsFile {
  /** In the header's order. */
  readonly tensors: Map<string, Tensor>;
  /** Free text by key, without the checksum. */
  readonly metadata: Record<string, string>;
}

type Stored = Exclude<DType, 'string'>;

const codes: Readonly<Record<Stored, string>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
};
const dtypeOf = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as Stored]));

const metadataKey = '__metadata__';
const checksumKey = 'tritbank.crc32';
const noChecksum = '00000000';
/** The limit of the reference implementation, in bytes. */
const maxHeader = 100_000_000;

/** The bytes of a safetensors file. Tensors must be numeric; `metadata` is free text. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const bySize = [...tensors].sort(([, a], [, b]) => bytesPerElement(b.dtype) - bytesPerElement(a.dtype));
  const fields = [field(metadataKey, { ...metadata, [checksumKey]: noChecksum })];
  let end = 0;
  for (const [name, tensor] of bySize) {
    if (tensor.dtype === 'string' || name === metadataKey) throw new Error(`internal: cannot store tensor '${name}'`);
    const begin = end;
    end += toBytes(tensor).length;
    fields.push(field(name, { dtype: codes[tensor.dtype], shape: tensor.dims, data_offsets: [begin, end] }));
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.fill(0x20, 8, start);
  bytes.set(header, 8);
  let at = start;
  for (const [, tensor] of bySize) {
    const data = toBytes(tensor);
    bytes.set(data, at);
    at += data.length;
  }
  bytes.set(new TextEncoder().encode(hex(crc32(bytes))), checksumPosition(bytes.subarray(0, start), noChecksum));
  return bytes;
}

/** The tensors of a safetensors file, copied out of `bytes`. `where` names the file in E_FORMAT errors. */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsFile {
  const fail = failing(where);
  if (bytes.length < 8) fail('a safetensors file of at least 8 bytes', `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const rest = bytes.length - 8;
  if (length > maxHeader) fail(`a header of at most ${maxHeader} bytes`, `${length} bytes`);
  if (length > rest) fail(`${length} bytes of header`, `${rest} bytes to the end of the file`);
  const start = 8 + Number(length);
  const { [metadataKey]: foreign, ...entries } = parseHeader(bytes.subarray(8, start), where);
  const { [checksumKey]: checksum, ...metadata } = checkMetadata(foreign, where);
  if (checksum !== undefined) verifyChecksum(bytes, start, checksum, where);

  const ranges = Object.entries(entries).map(([name, entry]) => checkEntry(name, entry, where));
  let end = 0;
  for (const range of ranges.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (range.begin !== end) fail(`tensor '${range.name}' to begin at offset ${end}`, `${range.begin}`);
    end = range.end;
  }
  if (end !== bytes.length - start) fail(`${end} bytes of data`, `${bytes.length - start}`);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, dims, begin, end } of ranges) {
    const data = allocate(dtype, (end - begin) / bytesPerElement(dtype));
    const tensor: Tensor = { dtype, dims, data };
    toBytes(tensor).set(bytes.subarray(start + begin, start + end));
    tensors.set(name, tensor);
  }
  return { tensors, metadata };
}

interface Range {
  readonly name: string;
  readonly dtype: Stored;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const failing =
  (where: string) =>
  (expected: string, found: string): never => {
    throw new TritbankError('E_FORMAT', where, `expected ${expected}, found ${found}`);
  };

const field = (key: string, value: object) => `${JSON.stringify(key)}:${JSON.stringify(value)}`;
const hex = (value: number) => value.toString(16).padStart(8, '0');

/** Where the checksum's digits begin, or -1. Quotes inside JSON texts are escaped: only its own entry reads so. */
function checksumPosition(head: Uint8Array, digits: string): number {
  const entry = `"${checksumKey}":"`;
  const at = Buffer.from(head.buffer, head.byteOffset, head.byteLength).indexOf(`${entry}${digits}"`);
  return at < 0 ? -1 : at + entry.length;
}

function verifyChecksum(bytes: Uint8Array, start: number, checksum: string, where: string): void {
  const position = checksumPosition(bytes.subarray(0, start), checksum);
  if (position < 0 || checksum.length !== 8) failing(where)('a checksum of eight digits', `'${checksum}'`);
  const before = crc32(bytes.subarray(0, position));
  const found = hex(crc32(bytes.subarray(position + 8), crc32(noChecksum, before)));
  if (found !== checksum) failing(where)(`a checksum of ${checksum} over the file`, found);
}

function parseHeader(bytes: Uint8Array, where: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return failing(where)('a header of JSON', 'other text');
  }
  if (bytes[0] !== 0x7b || !isRecord(header)) return failing(where)('a header that is a JSON object', 'another value');
  return header;
}

function checkMetadata(value: unknown, where: string): Record<string, string> {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((text) => typeof text === 'string')) {
    return value as Record<string, string>;
  }
  return failing(where)('metadata of texts by key', 'other values');
}

function checkEntry(name: string, entry: unknown, where: string): Range {
  const fail = failing(`${where} tensor '${name}'`);
  if (!isRecord(entry)) return fail('an object with dtype, shape and data_offsets', 'another value');
  const { dtype: code, shape, data_offsets: offsets } = entry;
  const dtype = typeof code === 'string' ? dtypeOf.get(code) : undefined;
  if (!dtype) return fail(`a dtype of ${[...dtypeOf.keys()].join(', ')}`, `${JSON.stringify(code)}`);
  if (!isSizes(shape)) return fail('a shape of non-negative integers', `${JSON.stringify(shape)?.slice(0, 60)}`);
  if (!isSizes(offsets) || offsets.length !== 2) return fail('data_offsets of two integers', 'others');
  const [begin = 0, end = 0] = offsets;
  let size = bytesPerElement(dtype);
  for (const d of shape) size *= d;
  if (end - begin !== size) return fail(`${size} bytes for ${code} [${shape.join(', ')}]`, `${end - begin}`);
  return { name, dtype, dims: shape, begin, end };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((d) => Number.isSafeInteger(d) && d >= 0);
