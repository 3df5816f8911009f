/**
 * Decoding of protocol-buffer messages by their schema. Every length is checked against the bytes that are there before
 * anything is allocated or skipped; unknown fields are skipped. A file has thousands of messages, and is read by code that
 * ran never before: one reader for all of them, and nothing made that only errors need.
 */

import { PbfReader } from 'pbf';
import { TritbankError } from '../ir/index.ts';
import {
  decodeText,
  type Field,
  lengthDelimited,
  type Message,
  type Scalar,
  type Scalars,
  type Schema,
  wireType,
} from './proto.ts';

type NamedField = Field & { readonly name: string };

/** What the decoder asks of a schema: its fields by tag, and a message without any. */
interface Layout {
  readonly fields: readonly (NamedField | undefined)[];
  readonly empty: Readonly<Record<string, unknown>>;
}

const layouts = new WeakMap<Schema, Layout>();
const none: readonly unknown[] = Object.freeze([]);

function layoutOf(schema: Schema): Layout {
  const known = layouts.get(schema);
  if (known) return known;
  const fields: (NamedField | undefined)[] = [];
  const empty: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema)) {
    fields[field.tag] = { ...field, name };
    empty[name] = field.rule === 'one' ? undefined : none;
  }
  const layout = { fields, empty };
  layouts.set(schema, layout);
  return layout;
}

/** Longer texts are faster with the engine's decoder, which costs more than a microsecond a call. */
const shortText = 24;

/** The text between two places, or undefined where it is long or not of ASCII. */
function shortAscii(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from > shortText) return undefined;
  let text = '';
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte > 127) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * Decodes one message. `path` names it in errors (`graph.node[3]`); damage of any kind is an E_FORMAT error.
 * `bytes` fields are views of the argument.
 */
export function decode<S extends Schema>(schema: S, bytes: Uint8Array, path: string): Message<S> {
  return new Decoder(bytes, path).message(schema, bytes.length) as Message<S>;
}

/** Walks over all parts with one reader; where it is, in words, is put together for errors only. */
class Decoder {
  private readonly reader: PbfReader;
  private readonly trail: string[];

  constructor(
    private readonly bytes: Uint8Array,
    path: string,
  ) {
    this.reader = new PbfReader(bytes);
    this.trail = [path];
  }

  /** The message from here to before `end`. */
  message(schema: Schema, end: number): Record<string, unknown> {
    const { reader } = this;
    const { fields, empty } = layoutOf(schema);
    const message = { ...empty };
    const first = reader.pos;
    let start = first;
    try {
      while (reader.pos < end) {
        start = reader.pos;
        const key = this.varint(end);
        const tag = Math.floor(key / 8);
        const wire = key % 8;
        if (tag < 1 || tag > 0x1fffffff) throw this.damaged(start - first, `a field number, found ${tag}`);
        const field = fields[tag];
        if (field) this.field(message, field, wire, first, end);
        else this.skip(wire, first, end);
        if (reader.pos > end) throw this.damaged(start - first, 'a whole field, found the end of the data');
      }
    } catch (cause) {
      // pbf reports a varint without an end, and DataView a number without enough bytes, by other error classes
      if (cause instanceof TritbankError) throw cause;
      throw this.damaged(start - first, 'a whole number, found the end of the data', cause);
    }
    return message;
  }

  private varint(end: number, isSigned = false): number {
    const value = this.reader.readVarint(isSigned);
    this.checkNumber(end);
    return value;
  }

  /** A number that does not end in its part is one that does not end. */
  private checkNumber(end: number): void {
    if (this.reader.pos > end) throw new RangeError('a number without an end');
  }

  private field(message: Record<string, unknown>, field: NamedField, wire: number, first: number, end: number): void {
    const { reader } = this;
    const { name, kind, rule } = field;
    const expected = wireType(kind);
    const list = rule === 'one' ? undefined : (message[name] as unknown[]);
    if (list && wire === lengthDelimited && expected !== lengthDelimited) {
      const numbers = list === none ? [] : list;
      message[name] = numbers;
      const last = this.block(field, undefined, end);
      while (reader.pos < last) numbers.push(this.scalar(field, undefined, last));
      return;
    }
    if (wire !== expected) {
      throw this.damaged(reader.pos - first, `wire type ${expected}, found ${wire}`, undefined, `.${name}`);
    }
    const index = list?.length;
    const value = typeof kind === 'string' ? this.scalar(field, index, end) : this.part(kind, field, index, end);
    if (!list) message[name] = value;
    else if (list === none) message[name] = [value];
    else list.push(value);
  }

  private part(schema: Schema, field: NamedField, index: number | undefined, end: number): Record<string, unknown> {
    const last = this.block(field, index, end);
    this.trail.push(stepOf(field, index));
    const message = this.message(schema, last);
    this.trail.pop();
    return message;
  }

  /** Reads a length; where what has it ends. */
  private block(field: NamedField, index: number | undefined, end: number): number {
    const length = this.varint(end);
    const { pos } = this.reader;
    if (length <= end - pos) return pos + length;
    const place = this.trail.join('') + stepOf(field, index);
    throw new TritbankError('E_FORMAT', place, `expected ${length} bytes, found ${end - pos}`);
  }

  private scalar(field: NamedField, index: number | undefined, end: number): Scalars[Scalar] {
    const { reader, bytes } = this;
    switch (field.kind as Scalar) {
      case 'int32':
        return this.varint(end, true) | 0;
      case 'int64':
        return this.int64(end);
      case 'uint64':
        return BigInt.asUintN(64, this.int64(end));
      case 'float': {
        const value = reader.readFloat();
        this.checkNumber(end);
        return value;
      }
      case 'double': {
        const value = reader.readDouble();
        this.checkNumber(end);
        return value;
      }
      case 'string': {
        const last = this.block(field, index, end);
        const from = reader.pos;
        reader.pos = last;
        const text = shortAscii(bytes, from, last);
        return text ?? decodeText(bytes.subarray(from, last), this.trail.join('') + stepOf(field, index));
      }
      case 'bytes': {
        const last = this.block(field, index, end);
        const from = reader.pos;
        reader.pos = last;
        return bytes.subarray(from, last);
      }
    }
  }

  /** pbf's number is exact while it is a safe integer; beyond that the bytes are read again. */
  private int64(end: number): bigint {
    const { reader, bytes } = this;
    const start = reader.pos;
    const value = this.varint(end, true);
    if (Number.isSafeInteger(value)) return BigInt(value);
    let exact = 0n;
    for (let i = reader.pos - 1; i >= start; i--) exact = (exact << 7n) | BigInt(bytes[i]! & 0x7f);
    return BigInt.asIntN(64, exact);
  }

  private skip(wire: number, first: number, end: number): void {
    const { reader } = this;
    if (wire === 0) this.varint(end);
    else if (wire === 1) reader.pos += 8;
    else if (wire === lengthDelimited) reader.pos = this.block(unknownField, undefined, end);
    else if (wire === 5) reader.pos += 4;
    else throw this.damaged(reader.pos - first, `wire type 0, 1, 2 or 5, found ${wire}`);
  }

  private damaged(position: number, expected: string, cause?: unknown, step = ''): TritbankError {
    const message = `expected ${expected} (at byte ${position} of this part)`;
    return new TritbankError('E_FORMAT', this.trail.join('') + step, message, { cause });
  }
}

/** What has no name in the schema is told by the message that it is in. */
const unknownField: NamedField = { name: '', tag: 0, kind: 'bytes', rule: 'one' };

const stepOf = ({ name }: NamedField, index: number | undefined): string =>
  name === '' ? '' : index === undefined ? `.${name}` : `.${name}[${index}]`;
