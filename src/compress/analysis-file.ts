/** An analysis as a JSON file, so that it is made once and plans are made from it many times. */

import { readText } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import type { Analysis, AnalyzedLayer, SparserFit } from './sensitivity.ts';

/** The file's text: lists on one line. */
export function formatAnalysis(analysis: Analysis): string {
  const { layers, ...facts } = analysis;
  const list = (values: readonly unknown[]) =>
    `[\n${values.map((value) => `      ${JSON.stringify(value)}`).join(',\n')}\n    ]`;
  const layer = ({ residuals, sparser, ...rest }: AnalyzedLayer) => {
    const lines = Object.entries(rest).map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    const others = sparser ? [`    "sparser": ${list(sparser)}`] : [];
    return `  {\n${[...lines, `    "residuals": ${list(residuals)}`, ...others].join(',\n')}\n  }`;
  };
  const lines = Object.entries(facts).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{\n${[...lines, `"layers": [\n${layers.map(layer).join(',\n')}\n]`].join(',\n')}\n}\n`;
}

/** Reads an analysis. E_FILE for a file that is absent or unreadable, E_FORMAT for one that is no analysis. */
export function readAnalysis(path: string): Analysis {
  const content = readText(path, 'a readable JSON file with an analysis');
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (cause) {
    const found = content.trim() === '' ? 'an empty file' : 'something else';
    throw new TritbankError('E_FORMAT', path, `expected JSON, found ${found}`, { cause });
  }
  return parseAnalysis(json, path);
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isAmount: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf =
  (check: Check, length: number): Check =>
  (value) =>
    Array.isArray(value) && value.length === length && value.every(check);
const ascends = (values: readonly number[]) => values.every((value, i) => value > 0 && !(value <= values[i - 1]!));

const kinds: readonly unknown[] = ['first', 'pointwise', 'depthwise', 'conv', 'classifier'];

/** Checks an analysis's parsed JSON. `where`, usually the file, begins the place in an error. E_FORMAT. */
export function parseAnalysis(json: unknown, where: string): Analysis {
  const fail = (key: string, expected: string): never => {
    const place = key === '' ? where : `${where} ${key}`;
    throw new TritbankError('E_FORMAT', place, `expected ${expected}, found something else`);
  };
  const require = (good: boolean, key: string, expected: string) => {
    if (!good) fail(key, expected);
  };
  if (!isObject(json)) return fail('', "an object, as 'tritbank analyze --out' writes it");
  require(json.version === 1, 'version', '1');
  require(isText(json.model), 'model', 'text');
  const { data, ratios, layers } = json;
  const isData = data === null || (isObject(data) && isText(data.name) && isCount(data.images));
  require(isData, 'data', 'null, or a name and a number of images');
  require(json.lossUnit === 'nats' || json.lossUnit === 'noise', 'lossUnit', 'nats or noise');
  const count = Array.isArray(ratios) ? ratios.length : 0;
  require(count > 0 &&
    isListOf(isAmount, count)(ratios) &&
    ascends(ratios as number[]), 'ratios', 'ascending numbers above 0');
  require(Number.isSafeInteger(json.seed), 'seed', 'a whole number');
  require(isAmount(json.seconds), 'seconds', 'a number of at least 0');
  if (!Array.isArray(layers) || layers.length === 0) return fail('layers', 'a list of layers');
  for (const [i, layer] of layers.entries()) {
    const at = (key: string) => `layers.${i}${key && `.${key}`}`;
    if (!isObject(layer)) return fail(at(''), 'an object');
    const filters = layer.filters as number;
    require(isText(layer.name), at('name'), 'text');
    require(kinds.includes(layer.kind), at('kind'), `one of ${kinds.join(', ')}`);
    require(isCount(filters) && filters > 0, at('filters'), 'a whole number of at least 1');
    require(isCount(layer.inputs) && layer.inputs !== 0, at('inputs'), 'a whole number of at least 1');
    const isWidth: Check = (value) => isCount(value) && value !== 0;
    require(isListOf(isWidth, count)(layer.widths), at('widths'), `${count} whole numbers of at least 1`);
    require(isListOf(isCount, count)(layer.nonZero), at('nonZero'), `${count} whole numbers of at least 0`);
    const isRounded = layer.rounded === undefined || isListOf(isAmount, filters)(layer.rounded);
    require(isRounded, at('rounded'), `${filters} numbers of at least 0`);
    const isNoise: Check = (value) => value === undefined || isListOf(isAmount, count)(value);
    require(isNoise(layer.relativeNoise), at('relativeNoise'), `${count} numbers of at least 0`);
    require(isListOf(isAmount, filters)(layer.importance), at('importance'), `${filters} numbers of at least 0`);
    const isSparser = ({ sparsity, nonZero, residuals, relativeNoise }: SparserFit, k: number) =>
      isAmount(sparsity) &&
      sparsity > (k > 0 ? (layer.sparser as SparserFit[])[k - 1]!.sparsity : 0) &&
      isListOf(isCount, count)(nonZero) &&
      isNoise(relativeNoise) &&
      isListOf(isListOf(isAmount, filters), count)(residuals);
    const sparser = layer.sparser ?? [];
    const areSparser = Array.isArray(sparser) && sparser.every((one, k) => isObject(one) && isSparser(one as never, k));
    require(areSparser, at('sparser'), 'decompositions of ascending sparsity, of the same widths and filters');
    const expected = `${count} lists of ${filters} numbers of at least 0`;
    require(isListOf(isListOf(isAmount, filters), count)(layer.residuals), at('residuals'), expected);
  }
  return json as unknown as Analysis;
}
