/**
 * External data: tensors whose bytes are in other files beside the model (onnx.proto at `external_data`). A model is
 * somebody else's text, so a location is a plain relative path and nothing else: what a URL, an absolute path, `..` or
 * an escape sequence would name is refused before any file is touched. Where the bytes come from is a `RangeSource`'s
 * business; it is asked for ranges, never for whole files.
 */

import { bytesPerElement, type DType, elementCount, printType, TritbankError } from '../ir/index.ts';
import type { GraphProto, TensorProto } from './schema.ts';
import { codeToDtype, placeOf, toSafeInteger } from './types.ts';

/** Gives the whole content of the file that holds external data; `location` is relative to the model's folder. */
export type ExternalSource = (location: string) => Uint8Array;

/** The bytes of one tensor in a data file. */
export interface ExternalRange {
  /** Names separated by `/`, none of them `.` or `..`: equal for all spellings of one path. */
  readonly location: string;
  /** The tensor, for messages. */
  readonly where: string;
  /** In bytes, as `length`. */
  readonly offset: number;
  readonly length: number;
}

/** The bytes of a range, aligned and for the graph to keep; equal ranges give the same array. */
export type RangeSource = (range: ExternalRange) => Uint8Array;

/** What tells ranges apart. */
export const rangeKey = ({ location, offset, length }: ExternalRange): string => `${offset}+${length} ${location}`;

export const externalLocation = 1; // TensorProto.DataLocation.EXTERNAL

/** A scheme, an absolute path of any system, a backslash, an escape sequence, a query, a control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const odd = /^[a-z][a-z0-9+.-]*:|^\/|\\|%[0-9a-f]{2}|[?#\u0000-\u001f\u007f]/i;

/** The path in its one spelling. E_FORMAT for anything but a relative path that goes down. */
export function plainLocation(location: string, where: string): string {
  const names = location.split('/').filter((name) => name !== '' && name !== '.');
  if (!odd.test(location) && names.length > 0 && !names.includes('..')) return names.join('/');
  const message = `expected external data as a plain path inside the model's folder, found '${location}'`;
  throw new TritbankError('E_FORMAT', where, message);
}

function entry(proto: TensorProto, key: 'offset' | 'length', fallback: number, where: string): number {
  const text = proto.externalData.find((e) => e.key === key)?.value;
  if (text === undefined) return fallback;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TritbankError('E_FORMAT', where, `expected external ${key} to be a count of bytes, found '${text}'`);
}

/** The dimensions of a tensor: whole numbers of at least 0. */
export function dimsOf(proto: TensorProto, where: string): number[] {
  return proto.dims.map((d) => {
    if (d < 0n) throw new TritbankError('E_FORMAT', where, `expected dimensions of at least 0, found ${d}`);
    return toSafeInteger(d, where);
  });
}

export const isExternal = (proto: TensorProto): boolean => proto.dataLocation === externalLocation;

/** Where a tensor's bytes are, as many as its dimensions ask for. E_FORMAT where its entries say otherwise. */
export function rangeOf(proto: TensorProto, dtype: DType, dims: readonly number[], where: string): ExternalRange {
  const given = proto.externalData.find((e) => e.key === 'location')?.value;
  if (!given) throw new TritbankError('E_FORMAT', where, 'expected a location of its external data, found none');
  const location = plainLocation(given, where);
  if (dtype === 'string') throw new TritbankError('E_FORMAT', where, 'expected strings in string_data, found bytes');
  const bytes = elementCount(dims) * bytesPerElement(dtype);
  const [offset, length] = [entry(proto, 'offset', 0, where), entry(proto, 'length', bytes, where)];
  if (length === bytes) return { location, where, offset, length };
  const type = printType({ dtype, shape: dims });
  throw new TritbankError('E_FORMAT', where, `expected ${bytes} bytes for ${type}, found ${length}`);
}

/** The ranges that the model's tensors name, each once. */
export function externalRanges(graph: GraphProto): ExternalRange[] {
  const ranges = new Map<string, ExternalRange>();
  const add = (proto: TensorProto, where: string) => {
    if (!isExternal(proto)) return;
    const range = rangeOf(proto, codeToDtype(proto.dataType ?? 0, where), dimsOf(proto, where), where);
    ranges.set(rangeKey(range), range);
  };
  for (const tensor of graph.initializer) add(tensor, placeOf('initializer', tensor));
  for (const { attribute } of graph.node) for (const { t, name } of attribute) if (t) add(t, `attribute ${name}`);
  return [...ranges.values()];
}

/** Overlaps beyond this, in sizes of the file, are no network's. */
const maxShare = 2;

/**
 * Checks the ranges of one data file of `size` bytes before any is read: each lies inside (E_FORMAT), and all together
 * are not far more than there is (E_LIMIT).
 */
export function checkRanges(ranges: readonly ExternalRange[], size: number): void {
  for (const { location, where, offset, length } of ranges) {
    if (offset + length <= size) continue;
    const expected = `bytes ${offset} to ${offset + length} in '${location}'`;
    throw new TritbankError('E_FORMAT', where, `expected ${expected}, found a file of ${size}`);
  }
  const total = ranges.reduce((sum, { length }) => sum + length, 0);
  if (total <= maxShare * size) return;
  const place = `external data '${ranges[0]?.location}'`;
  throw new TritbankError(
    'E_LIMIT',
    place,
    `expected tensors of its ${size} bytes, found overlapping ones of ${total}`,
  );
}

/** A source of ranges that were read already. */
export function fromRead(ranges: readonly ExternalRange[], bytes: readonly Uint8Array[]): RangeSource {
  const read = new Map(ranges.map((range, i) => [rangeKey(range), bytes[i]!]));
  return (range) => {
    const found = read.get(rangeKey(range));
    if (found) return found;
    throw new Error(`internal: '${range.location}' was not read`);
  };
}

/** A source of ranges from whole files that were given, which stay their owner's. */
export function fromFiles(graph: GraphProto, give: ExternalSource): RangeSource {
  const ranges = externalRanges(graph);
  const bytes = new Map<ExternalRange, Uint8Array>();
  for (const [location, own] of byLocation(ranges)) {
    const file = give(location);
    checkRanges(own, file.length);
    // Uint8Array's slice, where Buffer's would not copy
    for (const range of own) {
      const part = new Uint8Array(file.buffer, file.byteOffset + range.offset, range.length);
      bytes.set(range, part.slice());
    }
  }
  return fromRead(
    ranges,
    ranges.map((range) => bytes.get(range)!),
  );
}

/** Ranges by the file that they are in. */
export function byLocation(ranges: readonly ExternalRange[]): Map<string, ExternalRange[]> {
  const files = new Map<string, ExternalRange[]>();
  for (const range of ranges) {
    const own = files.get(range.location);
    if (own) own.push(range);
    else files.set(range.location, [range]);
  }
  return files;
}
