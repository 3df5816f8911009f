/** Arrays by name, and from files: JSON with the parameters of an array, or with one under `array`, as results have it. */

import { existsSync } from 'node:fs';
import { type ArrayParameters, checkArray, defaultArray } from '../../accelerator/index.ts';
import { describeValue, formatError, oneLine, parseText, readText } from '../../files/index.ts';
import { measuredArrays } from '../../hardware/index.ts';
import { TritbankError } from '../../ir/index.ts';

export const arrayNames = Object.keys(measuredArrays) as readonly (keyof typeof measuredArrays)[];

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The parameters in a file's JSON: all that are not there are those of the default array. */
function arrayIn(json: unknown): Json | undefined {
  const found = isObject(json) && isObject(json.array) ? json.array : json;
  return isObject(found) && 'lanes' in found ? found : undefined;
}

const ternaryForms: readonly string[] = ['lists', 'trits', 'five-trits'] satisfies ArrayParameters['ternary'][];

/** E_FORMAT for unknown names and values of another kind; E_USAGE for parameters that no array can have. */
export function parseArray(json: unknown, where: string): ArrayParameters {
  const found = arrayIn(json);
  if (!found) throw formatError(where, [], 'an array: an object with lanes, macs, adders', describeValue(json));
  for (const [key, value] of Object.entries(found)) {
    if (!Object.hasOwn(defaultArray, key)) {
      throw formatError(where, [key], `one of ${Object.keys(defaultArray).join(', ')}`, 'another');
    }
    const isGood = key === 'ternary' ? ternaryForms.includes(value as string) : typeof value === 'number';
    if (isGood) continue;
    throw formatError(
      where,
      [key],
      key === 'ternary' ? `one of ${ternaryForms.join(', ')}` : 'a number',
      describeValue(value),
    );
  }
  try {
    return checkArray({ ...defaultArray, ...(found as Partial<ArrayParameters>) });
  } catch (error) {
    if (!(error instanceof TritbankError)) throw error;
    throw new TritbankError(error.code, `${oneLine(where)} ${error.where}`, error.detail, { cause: error });
  }
}

const readJson = (path: string) => parseText(readText(path, 'a readable JSON file with an array'), path);

/** An array by name, or from a file. E_FILE for one that is absent or unreadable. */
export const readArray = (nameOrPath: string): ArrayParameters =>
  arrayNames.find((name) => name === nameOrPath) !== undefined
    ? measuredArrays[nameOrPath as keyof typeof measuredArrays]
    : parseArray(readJson(nameOrPath), nameOrPath);

/** Whether a file has an array in it. */
export const isArrayFile = (path: string): boolean => existsSync(path) && arrayIn(readJson(path)) !== undefined;
