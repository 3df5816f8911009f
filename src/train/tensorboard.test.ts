import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { crc32c, EventFile, frame } from './tensorboard.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tritbank-events-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ['check value', new TextEncoder().encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
  // RFC 3720, B.4
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(255), 0x62a8ab43],
  ['ascending', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
])('CRC-32C: %s', (_, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
});

test('the frame of an empty record', () => {
  // The masked checksum of eight zero bytes, then that of no bytes, as TensorFlow writes them.
  expect(Buffer.from(frame(new Uint8Array(0))).toString('hex')).toBe('000000000000000029039807d8ea82a2');
});

interface Read {
  time?: number;
  step?: number;
  version?: string;
  tag?: string;
  value?: number;
}

function readEvents(path: string): Read[] {
  const bytes = readFileSync(path);
  const events: Read[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.subarray(at, at + 16 + length).equals(frame(data))).toBe(true);
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

function readEvent(data: Buffer): Read {
  const event: Read = {};
  for (const [tag, field] of fieldsOf(data)) {
    if (tag === '1:1') event.time = field.readDoubleLE();
    else if (tag === '2:0') event.step = varint(field, 0).value;
    else if (tag === '3:2') event.version = field.toString();
    else if (tag === '5:2') for (const [tag, value] of fieldsOf(field)) if (tag === '1:2') readValue(value, event);
  }
  return event;
}

function readValue(data: Buffer, event: Read): void {
  for (const [tag, field] of fieldsOf(data)) {
    if (tag === '1:2') event.tag = field.toString();
    else if (tag === '2:5') event.value = field.readFloatLE();
  }
}

/** The fields of a protobuf message, each as `number:wire type` and its bytes. */
function fieldsOf(data: Buffer): [string, Buffer][] {
  const fields: [string, Buffer][] = [];
  for (let at = 0; at < data.length; ) {
    const key = varint(data, at);
    const type = key.value & 7;
    let begin = key.end;
    let end = begin + { 1: 8, 5: 4 }[type]!;
    if (type === 0) end = varint(data, begin).end;
    if (type === 2) {
      const length = varint(data, begin);
      begin = length.end;
      end = begin + length.value;
    }
    fields.push([`${key.value >> 3}:${type}`, data.subarray(begin, end)]);
    at = end;
  }
  return fields;
}

function varint(data: Buffer, at: number): { value: number; end: number } {
  let value = 0;
  for (let i = at; ; i++) {
    value += (data[i]! & 127) * 2 ** (7 * (i - at));
    if (data[i]! < 128) return { value, end: i + 1 };
  }
}

test('events come back, each at once', () => {
  const file = new EventFile(directory, 1_700_000_000.5);
  file.scalar('train/loss', 0, 2.25, 1_700_000_001);
  const first = { time: 1_700_000_000.5, version: 'brain.Event:2' };
  expect(readEvents(file.path)).toEqual([first, { time: 1_700_000_001, step: 0, tag: 'train/loss', value: 2.25 }]);
  file.scalar('test/top1 é', 3_000_000_000, 0.5, 1_700_000_002.25);
  file.close();
  file.close();
  expect(readEvents(file.path).at(-1)).toEqual({
    time: 1_700_000_002.25,
    step: 3_000_000_000,
    tag: 'test/top1 é',
    value: 0.5,
  });
  expect(() => file.scalar('late', 1, 1)).toThrow('internal: ');
});

test('the name has no host, and a second file in the same second another name', () => {
  new EventFile(directory, 1_700_000_000).close();
  new EventFile(directory, 1_700_000_000.9).close();
  expect(readdirSync(directory).sort()).toEqual([
    'events.out.tfevents.1700000000.tritbank',
    'events.out.tfevents.1700000000.tritbank.1',
  ]);
});

test('an absent directory is an E_FILE error', () => {
  expect(() => new EventFile(join(directory, 'none'), 0)).toThrow(/expected a writable file, found ENOENT: /);
});
