/**
 * Protocol-buffer messages described as data: a schema maps field names to tag, kind and rule, and one decoder and one
 * encoder walk it over the library `pbf`. The wire format is that of the protobuf encoding guide.
 * 64-bit integers are bigints, so that no value is rounded. Repeated numbers are read packed or unpacked.
 * Every length is checked against the bytes that are there before anything is allocated or skipped. Unknown fields are
 * skipped. Left out: groups, maps, and merging of a message field that occurs twice (the last one wins).
 */

import { PbfReader, PbfWriter } from 'pbf';
import { TritbankError } from '../ir/index.ts';

interface Scalars {
  int32: number;
  int64: bigint;
  uint64: bigint;
  float: number;
  double: number;
  string: string;
  bytes: Uint8Array;
}

type Scalar = keyof Scalars;

interface Field {
  readonly tag: number;
  readonly kind: Scalar | Schema;
  readonly rule: 'one' | 'many' | 'packed';
}

export interface Schema {
  readonly [name: string]: Field;
}

type Item<K> = K extends Scalar ? Scalars[K] : K extends Schema ? Message<K> : never;
type InitItem<K> = K extends Scalar ? Scalars[K] : K extends Schema ? Init<K> : never;

/** A decoded message: absent single fields are `undefined`, absent repeated ones are empty. */
export type Message<S extends Schema> = {
  readonly [N in keyof S]: S[N]['rule'] extends 'one' ? Item<S[N]['kind']> | undefined : readonly Item<S[N]['kind']>[];
};

/** What the encoder takes: any field may be left out. */
export type Init<S extends Schema> = {
  readonly [N in keyof S]?:
    | (S[N]['rule'] extends 'one' ? InitItem<S[N]['kind']> : readonly InitItem<S[N]['kind']>[])
    | undefined;
};

/** A field that occurs at most once. */
export const one = <K extends Scalar | Schema>(tag: number, kind: K) => ({ tag, kind, rule: 'one' }) as const;
/** A repeated field, written unpacked. */
export const many = <K extends Scalar | Schema>(tag: number, kind: K) => ({ tag, kind, rule: 'many' }) as const;
/** A repeated numeric field, written packed. */
export const packed = <K extends Scalar>(tag: number, kind: K) => ({ tag, kind, rule: 'packed' }) as const;

const wireTypes = { int32: 0, int64: 0, uint64: 0, double: 1, string: 2, bytes: 2, float: 5 } as const;
const lengthDelimited = 2;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const wireType = (kind: Scalar | Schema) => (typeof kind === 'string' ? wireTypes[kind] : lengthDelimited);

const tables = new WeakMap<Schema, Map<number, readonly [string, Field]>>();

function fieldsByTag(schema: Schema): Map<number, readonly [string, Field]> {
  let table = tables.get(schema);
  if (!table) {
    table = new Map(Object.entries(schema).map(([name, field]) => [field.tag, [name, field]]));
    tables.set(schema, table);
  }
  return table;
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Decodes UTF-8 strictly, or throws E_FORMAT. */
export function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new TritbankError('E_FORMAT', where, 'expected UTF-8 text, found other bytes', { cause });
  }
}

/**
 * Decodes one message. `path` names it in errors (`graph.node[3]`); damage of any kind is an E_FORMAT error.
 * `bytes` fields are views of the argument.
 */
export function decode<S extends Schema>(schema: S, bytes: Uint8Array, path: string): Message<S> {
  const table = fieldsByTag(schema);
  const message: Record<string, unknown> = {};
  for (const [name, field] of table.values()) message[name] = field.rule === 'one' ? undefined : [];
  const reader = new PbfReader(bytes);
  let start = 0;
  try {
    while (reader.pos < reader.length) {
      start = reader.pos;
      const key = reader.readVarint();
      const tag = Math.floor(key / 8);
      const wire = key % 8;
      if (tag < 1 || tag > 0x1fffffff) throw damaged(path, start, `a field number, found ${tag}`);
      const entry = table.get(tag);
      if (entry) readField(reader, message, entry, wire, path);
      else skip(reader, wire, path);
      if (reader.pos > reader.length) throw damaged(path, start, 'a whole field, found the end of the data');
    }
  } catch (cause) {
    // pbf reports a varint without an end, and DataView a number without enough bytes, by other error classes
    if (cause instanceof TritbankError) throw cause;
    throw damaged(path, start, 'a whole number, found the end of the data', cause);
  }
  return message as Message<S>;
}

function damaged(path: string, position: number, expected: string, cause?: unknown): TritbankError {
  return new TritbankError('E_FORMAT', path, `expected ${expected} (at byte ${position} of this part)`, { cause });
}

function readField(
  reader: PbfReader,
  message: Record<string, unknown>,
  [name, { kind, rule }]: readonly [string, Field],
  wire: number,
  path: string,
): void {
  const expected = wireType(kind);
  const list = rule === 'one' ? undefined : (message[name] as unknown[]);
  if (list && wire === lengthDelimited && expected !== lengthDelimited) {
    const block = new PbfReader(readBlock(reader, `${path}.${name}`));
    while (block.pos < block.length) list.push(readScalar(block, kind as Scalar, path));
    return;
  }
  if (wire !== expected) {
    throw damaged(`${path}.${name}`, reader.pos, `wire type ${expected}, found ${wire}`);
  }
  const place = list ? `${path}.${name}[${list.length}]` : `${path}.${name}`;
  const value =
    typeof kind === 'string' ? readScalar(reader, kind, place) : decode(kind, readBlock(reader, place), place);
  if (list) list.push(value);
  else message[name] = value;
}

function readBlock(reader: PbfReader, path: string): Uint8Array {
  const length = reader.readVarint();
  const { pos } = reader;
  if (length > reader.length - pos) {
    throw new TritbankError('E_FORMAT', path, `expected ${length} bytes, found ${reader.length - pos}`);
  }
  reader.pos = pos + length;
  return reader.buf.subarray(pos, pos + length);
}

function readScalar(reader: PbfReader, kind: Scalar, path: string): Scalars[Scalar] {
  switch (kind) {
    case 'int32':
      return reader.readVarint(true) | 0;
    case 'int64':
      return readInt64(reader);
    case 'uint64':
      return BigInt.asUintN(64, readInt64(reader));
    case 'float':
      return reader.readFloat();
    case 'double':
      return reader.readDouble();
    case 'string':
      return decodeText(readBlock(reader, path), path);
    case 'bytes':
      return readBlock(reader, path);
  }
}

/** pbf's number is exact while it is a safe integer; beyond that the bytes are read again. */
function readInt64(reader: PbfReader): bigint {
  const start = reader.pos;
  const value = reader.readVarint(true);
  if (Number.isSafeInteger(value)) return BigInt(value);
  let exact = 0n;
  for (let i = reader.pos - 1; i >= start; i--) exact = (exact << 7n) | BigInt(reader.buf[i]! & 0x7f);
  return BigInt.asIntN(64, exact);
}

function skip(reader: PbfReader, wire: number, path: string): void {
  if (wire === 0) reader.readVarint();
  else if (wire === 1) reader.pos += 8;
  else if (wire === lengthDelimited) readBlock(reader, path);
  else if (wire === 5) reader.pos += 4;
  else throw damaged(path, reader.pos, `wire type 0, 1, 2 or 5, found ${wire}`);
}

/** Encodes a message; fields come in the order of the schema, so equal messages give equal bytes. */
export function encode<S extends Schema>(schema: S, message: Init<S>, sizeHint = 256): Uint8Array {
  const writer = new PbfWriter(new Uint8Array(sizeHint));
  writeFields(writer, schema, message);
  return writer.finish();
}

function writeFields(writer: PbfWriter, schema: Schema, message: Init<Schema>): void {
  for (const [name, field] of Object.entries(schema)) {
    const value: unknown = message[name];
    if (value === undefined) continue;
    if (field.rule === 'one') {
      writeField(writer, field, value);
    } else if (field.rule === 'many') {
      for (const item of value as readonly unknown[]) writeField(writer, field, item);
    } else if ((value as readonly unknown[]).length > 0) {
      const writeItems = (items: readonly unknown[], to: PbfWriter) => {
        for (const item of items) writeScalar(to, field.kind as Scalar, item);
      };
      writer.writeMessage(field.tag, writeItems, value as readonly unknown[]);
    }
  }
}

function writeField(writer: PbfWriter, { tag, kind }: Field, value: unknown): void {
  if (typeof kind === 'string') {
    writer.writeTag(tag, wireTypes[kind]);
    writeScalar(writer, kind, value);
  } else {
    writer.writeMessage(tag, (item, to) => writeFields(to, kind, item), value as Init<Schema>);
  }
}

function writeScalar(writer: PbfWriter, kind: Scalar, value: unknown): void {
  if (kind === 'int32') writer.writeVarint(value as number);
  else if (kind === 'float') writer.writeFloat(value as number);
  else if (kind === 'double') writer.writeDouble(value as number);
  else if (kind === 'string')
    writer.writeBytes(encodeText(value as string)); // pbf 5.1 garbles U+20000 and beyond
  else if (kind === 'bytes') writer.writeBytes(value as Uint8Array);
  else writeInt64(writer, value as bigint);
}

/** A varint of the 64-bit two's complement: ten bytes for every negative number. */
function writeInt64(writer: PbfWriter, value: bigint): void {
  if (value >= 0n && value <= 0xfffffffn) {
    writer.writeVarint(Number(value));
    return;
  }
  let rest = BigInt.asUintN(64, value);
  writer.realloc(10);
  while (rest > 0x7fn) {
    writer.buf[writer.pos++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  writer.buf[writer.pos++] = Number(rest);
}
