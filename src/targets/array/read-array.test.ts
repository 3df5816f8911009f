import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { defaultArray } from '../../accelerator/index.ts';
import { measuredArrays } from '../../hardware/index.ts';
import { readTarget } from '../open.ts';
import { isArrayFile, parseArray, readArray } from './read-array.ts';

it('finds arrays by name', () => {
  expect(readArray('lists x2')).toEqual(measuredArrays['lists x2']);
  expect(readTarget('trits').limits).toEqual(['cycles']);
});

it('takes what is missing from the default, and an array out of a result', () => {
  expect(parseArray({ lanes: 8 }, 'a.json')).toEqual({ ...defaultArray, lanes: 8 });
  expect(parseArray({ cycles: 5, array: { lanes: 32, inFlight: 4 } }, 'a.json')).toMatchObject({
    lanes: 32,
    inFlight: 4,
  });
});

test('takes one by its name', () => {
  expect(readArray('lists x2')).toMatchObject({ lanes: 16, macs: 2, inputs: 8, copies: 4 });
  expect(() => readArray('fast')).toThrow(
    "array: expected one of mac, mac x2, mac x4, lists, lists x2, trits, or an array's JSON file, found 'fast'",
  );
});

test.each([
  [
    [],
    /^a\.json: expected an array, alone or under 'array': an object with lanes, and of macs, adders, .*, found a list$/,
  ],
  [{ formats: {}, units: {} }, /^a\.json: expected an array, .*, found one with formats, units and without lanes$/],
  [{ lanes: 8, speed: 2 }, 'a.json speed: expected one of lanes, macs,'],
  [{ lanes: '8' }, "a.json lanes: expected a number, found '8'"],
  [{ lanes: 8, ternary: 'quads' }, "a.json ternary: expected one of lists, trits, five-trits, found 'quads'"],
  [{ lanes: 3 }, 'a.json lanes: expected a whole number from 4 to 64, found 3'],
])('refuses %j', (json, message) => {
  expect(() => parseArray(json, 'a.json')).toThrow(message);
});

it('tells files of arrays from other ones', () => {
  const folder = mkdtempSync(join(tmpdir(), 'array-'));
  const [array, other] = [join(folder, 'array.json'), join(folder, 'other.json')];
  writeFileSync(array, JSON.stringify({ lanes: 8 }));
  writeFileSync(other, JSON.stringify({ formats: {} }));
  expect([array, other, join(folder, 'none.json')].map(isArrayFile)).toEqual([true, false, false]);
  expect(() => readTarget(join(folder, 'none.json'))).toThrow('expected a readable JSON file with an array');
  expect(() => readTarget('cortex-m99')).toThrow('target: expected one of');
});
