/**
 * Fields of FlatBuffers tables, read with checks: what `flatbuffers` reads outside of the bytes is 0 without a word, and a
 * file may be damaged. Fields are known by their number in the schema; absent ones have a default.
 */

import { ByteBuffer } from 'flatbuffers';
import { TritbankError } from '../ir/errors.ts';

const damaged = (detail: string) => new TritbankError('E_FORMAT', '', `expected ${detail}`);

/** Bytes, and how deep into them offsets have led: tables that contain themselves end. */
class Bytes {
  readonly buffer: ByteBuffer;
  /** Elements that vectors may have together: each takes bytes, unless tables share them. */
  private left: number;

  constructor(readonly bytes: Uint8Array) {
    this.buffer = new ByteBuffer(bytes);
    this.left = 64 * bytes.length + 1024;
  }

  check(at: number, length: number): number {
    if (at >= 0 && length >= 0 && at + length <= this.bytes.length) return at;
    throw damaged(`a whole TensorFlow Lite file (${length} bytes at ${at}), found the end at ${this.bytes.length}`);
  }

  take(count: number): void {
    this.left -= count;
    if (this.left < 0) throw damaged('vectors that the file has room for, found the same bytes again and again');
  }

  follow(at: number): number {
    return at + this.buffer.readUint32(this.check(at, 4));
  }
}

/** Where a vector begins, and how many elements it has. */
interface Span {
  readonly start: number;
  readonly length: number;
}

/** One table of a FlatBuffers file; E_FORMAT for whatever lies outside of the bytes. */
export class Table {
  private constructor(
    private readonly source: Bytes,
    private readonly at: number,
  ) {}

  /** The root table. E_FORMAT where the bytes do not carry the identifier. */
  static root(bytes: Uint8Array, identifier: string): Table {
    const source = new Bytes(bytes);
    source.check(0, 8);
    const found = String.fromCharCode(...bytes.subarray(4, 8));
    if (found !== identifier) throw damaged(`the identifier '${identifier}', found '${found}'`);
    return new Table(source, source.follow(0));
  }

  /** Where field `number` is; undefined for one that is left out. */
  private field(number: number, bytes: number): number | undefined {
    const { source, at } = this;
    const { buffer } = source;
    const vtable = at - buffer.readInt32(source.check(at, 4));
    const size = buffer.readUint16(source.check(vtable, 4));
    const entry = 4 + 2 * number;
    if (entry + 2 > size) return undefined;
    const offset = buffer.readUint16(source.check(vtable + entry, 2));
    return offset === 0 ? undefined : source.check(at + offset, bytes);
  }

  private number(field: number, bytes: number, fallback: number, read: (at: number) => number): number {
    const at = this.field(field, bytes);
    return at === undefined ? fallback : read(at);
  }

  int8 = (field: number, fallback = 0) => this.number(field, 1, fallback, (at) => this.source.buffer.readInt8(at));
  uint8 = (field: number, fallback = 0) => this.number(field, 1, fallback, (at) => this.source.buffer.readUint8(at));
  int32 = (field: number, fallback = 0) => this.number(field, 4, fallback, (at) => this.source.buffer.readInt32(at));
  uint32 = (field: number, fallback = 0) => this.number(field, 4, fallback, (at) => this.source.buffer.readUint32(at));
  float32 = (field: number, fallback = 0) =>
    this.number(field, 4, fallback, (at) => this.source.buffer.readFloat32(at));
  /** Exact up to 2^53. */
  uint64 = (field: number, fallback = 0) =>
    this.number(field, 8, fallback, (at) => Number(this.source.buffer.readUint64(at)));
  bool = (field: number, fallback = false) => this.uint8(field, fallback ? 1 : 0) !== 0;

  private span(field: number, elementBytes: number): Span {
    const at = this.field(field, 4);
    if (at === undefined) return { start: 0, length: 0 };
    const vector = this.source.follow(at);
    const length = this.source.buffer.readUint32(this.source.check(vector, 4));
    this.source.check(vector + 4, length * elementBytes);
    this.source.take(length);
    return { start: vector + 4, length };
  }

  private vector<T>(field: number, elementBytes: number, read: (at: number) => T): T[] {
    const { start, length } = this.span(field, elementBytes);
    return Array.from({ length }, (_, i) => read(start + i * elementBytes));
  }

  int32s = (field: number) => this.vector(field, 4, (at) => this.source.buffer.readInt32(at));
  float32s = (field: number) => this.vector(field, 4, (at) => this.source.buffer.readFloat32(at));
  /** Exact up to 2^53. */
  int64s = (field: number) => this.vector(field, 8, (at) => Number(this.source.buffer.readInt64(at)));

  /** A view of the file. */
  bytes(field: number): Uint8Array {
    const { start, length } = this.span(field, 1);
    return this.source.bytes.subarray(start, start + length);
  }

  string(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }

  table(field: number): Table | undefined {
    const at = this.field(field, 4);
    return at === undefined ? undefined : new Table(this.source, this.source.follow(at));
  }

  tables(field: number): Table[] {
    return this.vector(field, 4, (at) => new Table(this.source, this.source.follow(at)));
  }

  /** Bytes anywhere in the file, for data that is stored behind the tables. */
  outside(offset: number, length: number): Uint8Array {
    this.source.check(offset, length);
    return this.source.bytes.subarray(offset, offset + length);
  }
}
