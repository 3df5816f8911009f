/**
 * JSON files that people write, checked against a zod schema whose `error`s are what follows "expected" in the one line
 * that a user sees: `error E_FORMAT: my.json formats.int8.mac.energy: expected a number of at least 0, found -1`.
 */

import type * as z from 'zod';
import { TritbankError } from '../ir/index.ts';

/** Text in an error: on one line, and not a page of it. */
export function oneLine(value: string): string {
  const line = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"');
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

export function describeValue(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value === 'string') return `'${oneLine(value)}'`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.keys(value).length > 0 ? 'an object' : 'an empty object';
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
}

/** E_FORMAT for what is found at a place in a file. */
export function formatError(
  where: string,
  path: readonly PropertyKey[],
  expected: string,
  found: string,
): TritbankError {
  const place = path.length > 0 ? `${where} ${oneLine(path.map(String).join('.'))}` : where;
  return new TritbankError('E_FORMAT', place, `expected ${expected}, found ${found}`);
}

/** The checked value. `where`, usually the file, begins the place in an error. E_FORMAT for the first thing that is wrong. */
export function checkJson<S extends z.ZodType>(schema: S, json: unknown, where: string): z.output<S> {
  const { data, error } = schema.safeParse(json);
  if (!error) return data as z.output<S>;
  // a misspelt key is one unknown and one missing: the unknown one says more
  const issue = error.issues.find((i) => i.code === 'unrecognized_keys') ?? error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    throw formatError(where, [...issue.path, issue.keys[0]!], issue.message, 'an unknown key');
  }
  throw formatError(where, issue.path, issue.message, describeValue(valueAt(json, issue.path)));
}

/** Parses a file's text. E_FORMAT for one that is not JSON. */
export function parseText(content: string, where: string): unknown {
  try {
    // editors on Windows write a byte order mark
    return JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const found = content.trim() === '' ? 'an empty file' : oneLine((cause as Error).message);
    throw new TritbankError('E_FORMAT', where, `expected JSON, found ${found}`, { cause });
  }
}
