/** Damage, from a seeded generator: of bytes whatever they mean, and of JSON that stays JSON. */

import type { Random } from '../../src/ir/index.ts';
import { decode, encode, type Files } from './target.ts';

export const pick = <T>(random: Random, items: readonly T[]): T => items[random.int(items.length)]!;

const oddBytes = [0, 1, 2, 0x7f, 0x80, 0xff];

/** Integers at which arithmetic, loops and allocations change. */
export const oddIntegers = [
  ...[0, 1, -1, 2, 3, 7, 64, 127, 255, 65535, 65536, 2 ** 20, 2 ** 24, 2 ** 27, 2 ** 31 - 1, 2 ** 31, 2 ** 32],
  ...[-2, -(2 ** 31), 2 ** 40, 2 ** 53 - 1, -(2 ** 53) + 1],
];

const edits: readonly ((random: Random, bytes: number[]) => void)[] = [
  (random, bytes) => {
    bytes[random.int(bytes.length)]! ^= 1 << random.int(8);
  },
  (random, bytes) => {
    bytes[random.int(bytes.length)] = pick(random, oddBytes);
  },
  (random, bytes) => {
    bytes[random.int(bytes.length)] = random.int(256);
  },
  (random, bytes) => void bytes.splice(random.int(bytes.length), 1 + random.int(16)),
  (random, bytes) => {
    const added = Array.from({ length: 1 + random.int(16) }, () => random.int(256));
    bytes.splice(random.int(bytes.length), 0, ...added);
  },
  (random, bytes) => {
    const from = random.int(bytes.length);
    bytes.splice(random.int(bytes.length), 0, ...bytes.slice(from, from + 1 + random.int(64)));
  },
  (random, bytes) => {
    bytes.length = random.int(bytes.length) + 1;
  },
  (random, bytes) => {
    // a number of four bytes, of either order
    const at = random.int(bytes.length);
    const value = pick(random, oddIntegers) >>> 0;
    const parts = [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
    bytes.splice(at, 4, ...(random.int(2) ? parts : parts.reverse()));
  },
];

/** Edits that leave the length, and so a file's structure, as it is. */
const inPlace = 3;

export function mutateBytes(random: Random, bytes: Uint8Array): Uint8Array {
  const changed = [...bytes];
  const usable = random.int(2) ? edits : edits.slice(0, inPlace);
  for (let n = 1 + random.int(4); n > 0; n--) {
    if (changed.length === 0) changed.push(random.int(256));
    pick(random, usable)(random, changed);
  }
  return Uint8Array.from(changed);
}

/** One file of several, byte by byte. */
export function mutateFile(random: Random, files: Files): Files {
  const name = pick(random, Object.keys(files));
  return { ...files, [name]: mutateBytes(random, files[name]!) };
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const oddValues: readonly Json[] = [
  ...[null, true, false, '', 'x', '\u001b[31m\n', [], {}, [[]], 0, -1, 0.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 53],
  ...['__proto__', 'constructor', 'NaN', 'x'.repeat(10_000)],
];

/** Replaces, renames, removes or repeats one value somewhere inside. */
function mutateJson(random: Random, value: Json): Json {
  if (typeof value !== 'object' || value === null || random.int(8) === 0) return pick(random, oddValues);
  if (Array.isArray(value)) {
    if (value.length === 0) return [pick(random, oddValues)];
    const at = random.int(value.length);
    const kind = random.int(6);
    if (kind === 0) return value.toSpliced(at, 1);
    if (kind === 1) return value.toSpliced(at, 0, value[random.int(value.length)]!);
    return value.with(at, mutateJson(random, value[at]!));
  }
  const keys = Object.keys(value);
  if (keys.length === 0) return pick(random, oddValues);
  const key = pick(random, keys);
  const kind = random.int(8);
  const { [key]: old = null, ...rest } = value;
  if (kind === 0) return rest;
  if (kind === 1) return { ...rest, [pick(random, ['__proto__x', 'toString', `${key}x`, ''])]: old };
  return { ...value, [key]: mutateJson(random, old) };
}

/** A file of JSON: mostly of its values, sometimes of its bytes. */
export function mutateText(random: Random, files: Files): Files {
  if (random.int(4) === 0) return mutateFile(random, files);
  const name = pick(random, Object.keys(files));
  let json: Json;
  try {
    json = JSON.parse(decode(files[name]!)) as Json;
  } catch {
    return mutateFile(random, files);
  }
  for (let n = 1 + random.int(3); n > 0; n--) json = mutateJson(random, json);
  return { ...files, [name]: encode(JSON.stringify(json)) };
}
