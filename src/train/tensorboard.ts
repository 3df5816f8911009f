/**
 * TensorBoard event files: `Event` messages (tensorflow/core/util/event.proto) in TFRecord frames
 * (tensorflow/core/lib/io/record_writer.h), whose checksums are masked CRC-32C. Scalars only.
 */

import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PbfWriter } from 'pbf';
import { fileError } from '../files/index.ts';

/** An event file that is being written. Every call reaches the file at once, so that TensorBoard can follow a run. */
export class EventFile {
  readonly path: string;
  private handle: number | undefined;

  /**
   * Creates `events.out.tfevents.<seconds>.tritbank` in `directory`, which must exist; a number follows where that name
   * is taken. E_FILE when it cannot be written.
   * @param startTime  seconds since 1970
   */
  constructor(directory: string, startTime = Date.now() / 1000) {
    const name = `events.out.tfevents.${Math.floor(startTime).toString().padStart(10, '0')}.tritbank`;
    let path = join(directory, name);
    for (let n = 1; existsSync(path); n++) path = join(directory, `${name}.${n}`);
    this.path = path;
    this.guard(() => {
      this.handle = openSync(path, 'ax');
    });
    this.write((event) => {
      event.writeTag(1, 1);
      event.writeDouble(startTime);
      event.writeTag(3, 2);
      event.writeString('brain.Event:2');
    });
  }

  /**
   * Adds a point to the curve `tag` (f. ex. `'test/top1'`).
   * @param step  a non-negative integer, the x axis
   * @param value  stored as float32
   * @param wallTime  seconds since 1970
   */
  scalar(tag: string, step: number, value: number, wallTime = Date.now() / 1000): void {
    this.write((event) => {
      event.writeTag(1, 1);
      event.writeDouble(wallTime);
      event.writeTag(2, 0);
      event.writeVarint(step);
      event.writeMessage(5, writeSummary, { tag, value });
    });
  }

  /** Flushes the file to the disk and closes it; a second call does nothing. */
  close(): void {
    const { handle } = this;
    if (handle === undefined) return;
    this.handle = undefined;
    this.guard(() => {
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    });
  }

  private write(fill: (event: PbfWriter) => void): void {
    const { handle } = this;
    if (handle === undefined) throw new Error(`internal: wrote to the closed event file ${this.path}`);
    const event = new PbfWriter();
    fill(event);
    this.guard(() => {
      const record = frame(event.finish());
      for (let at = 0; at < record.length; ) at += writeSync(handle, record, at);
    });
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (cause) {
      throw fileError(this.path, 'a writable file', cause);
    }
  }
}

interface Scalar {
  readonly tag: string;
  readonly value: number;
}

const writeSummary = (scalar: Scalar, summary: PbfWriter) => summary.writeMessage(1, writeValue, scalar);

function writeValue({ tag, value }: Scalar, message: PbfWriter): void {
  message.writeTag(1, 2);
  message.writeString(tag);
  message.writeTag(2, 5);
  message.writeFloat(value);
}

/** A TFRecord: length (uint64), checksum of the length, data, checksum of the data. */
export function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

/** The mask keeps checksums of data that contains checksums from degenerating. */
const masked = (crc: number) => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli, RFC 3720), an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
