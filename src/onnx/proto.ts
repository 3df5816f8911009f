/**
 * Protocol-buffer messages described as data: a schema maps field names to tag, kind and rule; one decoder (decode.ts) and
 * one encoder walk it over the library `pbf`. The wire format is that of the protobuf encoding guide. 64-bit integers are
 * bigints, so that no value is rounded. Repeated numbers are read packed or unpacked. Left out: groups, maps, and merging
 * of a message field that occurs twice (the last one wins).
 */

import { PbfWriter } from 'pbf';
import { TritbankError } from '../ir/index.ts';

export interface Scalars {
  int32: number;
  int64: bigint;
  uint64: bigint;
  float: number;
  double: number;
  string: string;
  bytes: Uint8Array;
}

export type Scalar = keyof Scalars;

export interface Field {
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
export const lengthDelimited = 2;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export const wireType = (kind: Scalar | Schema) => (typeof kind === 'string' ? wireTypes[kind] : lengthDelimited);

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
