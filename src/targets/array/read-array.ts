/** Arrays by name, and from files: JSON with the parameters of an array, or with one under `array`, as results have it. */

import { type ArrayParameters, checkArray, defaultArray } from '../../accelerator/index.ts';
import { describeValue, formatError, isThere, oneLine, parseText, readText } from '../../files/index.ts';
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

/** What a file without an array has, so that one sees what to take out of it. */
function describeOther(json: unknown): string {
  if (!isObject(json)) return describeValue(json);
  const inside = Object.keys(json);
  const most = 6;
  const listed = inside.slice(0, most).map(oneLine).join(', ');
  return inside.length === 0
    ? 'an empty object'
    : `one with ${listed}${inside.length > most ? ', ...' : ''} and without lanes`;
}

const ternaryForms: readonly string[] = ['lists', 'trits', 'five-trits'] satisfies ArrayParameters['ternary'][];

const others = Object.keys(defaultArray).filter((key) => key !== 'lanes');

/** E_FORMAT for unknown names and values of another kind; E_USAGE for parameters that no array can have. */
export function parseArray(json: unknown, where: string): ArrayParameters {
  const found = arrayIn(json);
  if (!found) {
    const expected = `an array, alone or under 'array': an object with lanes, and of ${others.join(', ')} what is not as usual`;
    throw formatError(where, [], expected, describeOther(json));
  }
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

/** An array by name, or from a file. E_FILE for one that is absent or unreadable; E_USAGE for what is neither. */
export function readArray(nameOrPath: string): ArrayParameters {
  const name = arrayNames.find((one) => one === nameOrPath);
  if (name !== undefined) return measuredArrays[name];
  if (nameOrPath.endsWith('.json') || isThere(nameOrPath)) return parseArray(readJson(nameOrPath), nameOrPath);
  const expected = `expected one of ${arrayNames.join(', ')}, or an array's JSON file, found '${oneLine(nameOrPath)}'`;
  throw new TritbankError('E_USAGE', 'array', expected);
}

/** Whether a file has an array in it. */
export const isArrayFile = (path: string): boolean => isThere(path) && arrayIn(readJson(path)) !== undefined;
