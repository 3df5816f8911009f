import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TritbankError } from '../ir/index.ts';
import { acceleratorSchema, accelerators, formatOf, loadAccelerator, parseAccelerator } from './accelerator.ts';

/** The line that a command prints for what `work` throws. */
function lineOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof TritbankError) return error.line;
    throw error;
  }
  return 'no error';
}

const good = () => structuredClone(loadAccelerator('paper'));

/** The error of a good file in which the value at `path` (`formats.int8.mac`) is another; undefined removes the key. */
function lineWith(path: string, value: unknown): string {
  const json = good();
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], json);
  if (value === undefined) delete (parent as Record<string, unknown>)[last];
  else (parent as Record<string, unknown>)[last] = value;
  return lineOf(() => parseAccelerator(json, 'my.json'));
}

describe('the models that come with Tritbank', () => {
  it('are the files of the folder, each with its name in it', () => {
    const files = readdirSync(new URL('../../accelerators', import.meta.url));
    expect(files.sort()).toEqual(accelerators.map((name) => `${name}.json`).sort());
    for (const name of accelerators) expect(loadAccelerator(name).name).toBe(name);
  });

  it.each(['osu018', 'sky130', 'sg13g2', 'ice40'])('%s has the formats of its measured units', (name) => {
    const { formats, defaultFormat, measured } = loadAccelerator(name);
    expect(defaultFormat).toBe('int8');
    expect(measured!.command).toContain(`accelerators/${name}.json`);
    const { units } = measured!;
    for (const [format, { mac, multiplication, addition }] of Object.entries(formats)) {
      const inputs = Number(/^int8-(\d)/.exec(format)?.[1] ?? 4);
      const unit = units[`adder, ${inputs} input${inputs === 1 ? '' : 's'}`]!;
      expect([mac.energy, mac.area]).toEqual([units.mac!.energy, units.mac!.area]);
      expect(multiplication).toEqual(mac);
      expect(addition.area / (unit.area / inputs)).toBeCloseTo(1, 2);
      expect(addition.energy / unit.energy).toBeCloseTo(1, 2);
      expect(addition.area).toBeLessThan(mac.area / 2);
    }
  });

  it('are those that they are said to be', () => {
    const fp16 = formatOf(loadAccelerator('paper'));
    expect(fp16).toEqual({
      bytes: 2,
      mac: { energy: 1, area: 1 },
      multiplication: { energy: 1, area: 1 },
      addition: { energy: 0.1966, area: 0.5 },
    });
    const horowitz = loadAccelerator('horowitz-fp16');
    // 0.4 of 1.1 + 0.4 pJ, 1360 of 1640 + 1360 um2: not the constants that fit the paper
    const { mac, addition } = formatOf(horowitz);
    expect([mac.energy, mac.area]).toEqual([1.1 + 0.4, 1640 + 1360]);
    expect((addition.energy / mac.energy).toFixed(3)).toBe('0.267');
    expect((addition.area / mac.area).toFixed(3)).toBe('0.453');
    const { mac: mac8, addition: addition8, multiplication: product8 } = formatOf(loadAccelerator('horowitz-int8'));
    expect(mac8.energy).toBeCloseTo(0.2 + 0.1, 12);
    expect([mac8.area, product8.area, addition8]).toEqual([282 + 137, 282 + 137, { energy: 0.1, area: 137 }]);
    // 1.3 nJ and 100 pJ for 64 bits
    const memory = { weights: { energyPerByte: 1300 / 8 }, activations: { energyPerByte: 100 / 8 } };
    expect(horowitz.memory).toEqual(memory);
    expect(loadAccelerator('paper').memory).toBeNull();
  });

  it('agree with each other: the paper preset has int8 as fractions of the fp16 MAC', () => {
    const { formats } = loadAccelerator('horowitz-int8');
    const { memory, ...same } = loadAccelerator('horowitz-fp16');
    expect(formats).toEqual(same.formats);
    const one = formats.fp16!.mac;
    const paper = formatOf(loadAccelerator('paper'), 'int8');
    for (const operation of ['mac', 'addition'] as const) {
      expect(paper[operation].energy).toBeCloseTo(formats.int8![operation].energy / one.energy, 6);
      expect(paper[operation].area).toBeCloseTo(formats.int8![operation].area / one.area, 6);
    }
    expect(paper.multiplication).toEqual(paper.mac);
  });
});

describe('a number format', () => {
  it('is the default one unless another is named', () => {
    const accelerator = loadAccelerator('horowitz-int8');
    expect(formatOf(accelerator)).toBe(accelerator.formats.int8);
    expect(formatOf(accelerator, 'fp16')).toBe(accelerator.formats.fp16);
  });

  it.each(['bf16', '', 'constructor'])("is an error that names those there are when it is '%s'", (name) => {
    expect(lineOf(() => formatOf(loadAccelerator('paper'), name))).toBe(
      `error E_USAGE: number format: expected one of fp16, int8 (accelerator 'paper'), found '${name}'`,
    );
  });
});

describe("a user's file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tritbank-accelerator-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const write = (content: string) => {
    const path = join(folder, 'my.json');
    writeFileSync(path, content);
    return path;
  };

  it('is read, with or without a byte order mark and the place of its schema', () => {
    const own = { ...good(), name: 'mine' };
    expect(loadAccelerator(write(JSON.stringify(own)))).toEqual(own);
    expect(loadAccelerator(write(`\uFEFF${JSON.stringify({ $schema: 'a.schema.json', ...own })}`))).toEqual(own);
  });

  it('is an error that names the presets when it is not there or not a file', () => {
    const expected =
      'expected one of paper, horowitz-fp16, horowitz-int8, osu018, sky130, sg13g2, ice40 or a readable JSON file';
    expect(lineOf(() => loadAccelerator('papre'))).toBe(`error E_FILE: papre: ${expected}, found none`);
    mkdirSync(join(folder, 'inner'));
    const inner = join(folder, 'inner');
    expect(lineOf(() => loadAccelerator(inner))).toBe(`error E_FILE: ${inner}: ${expected}, found a folder`);
    const through = join(write('{}'), 'paper');
    expect(lineOf(() => loadAccelerator(through))).toContain('found a path through a file');
    expect(lineOf(() => loadAccelerator('a\0b'))).toContain(`${expected}, found ERR_INVALID_ARG_VALUE`);
  });

  it('is an error on one line when it is not JSON', () => {
    const path = write('');
    expect(lineOf(() => loadAccelerator(path))).toBe(`error E_FORMAT: ${path}: expected JSON, found an empty file`);
    write('{\n"name":\n}');
    expect(lineOf(() => loadAccelerator(path))).toMatch(/^error E_FORMAT: .*my\.json: expected JSON, found Unexp.*$/);
    write('[1]');
    expect(lineOf(() => loadAccelerator(path))).toMatch(
      /my\.json: expected an object with .*, name, .*, memory, measured, found a list$/,
    );
  });
});

describe('an error says where in the file, what was expected, what was found', () => {
  const number = 'expected a number of at least 0, found';
  const area = 'expected a number above 0, found';

  it.each([
    ['formats.int8.mac.energy', -1, `${number} -1`],
    ['formats.int8.mac.energy', undefined, `${number} none`],
    ['formats.int8.mac.energy', null, `${number} null`],
    ['formats.int8.mac.energy', '1', `${number} '1'`],
    ['formats.fp16.addition.energy', Number.POSITIVE_INFINITY, `${number} Infinity`],
    ['formats.fp16.addition.energy', Number.NaN, `${number} NaN`],
    ['formats.fp16.addition.area', 0, `${area} 0`],
    ['formats.fp16.multiplication.area', -3, `${area} -3`],
    ['formats.fp16.bytes', 0, `${area} 0`],
    ['formats.fp16.bytes', [2], `${area} a list`],
    ['formats.fp16.mac', undefined, 'expected an object with energy, area, found none'],
    ['formats.fp16.mac', 3, 'expected an object with energy, area, found 3'],
    ['formats.fp16', true, 'expected an object with bytes, mac, multiplication, addition, found true'],
    ['formats', {}, 'expected an object with at least one number format, found an empty object'],
    ['formats', [], 'expected an object with at least one number format, found a list'],
    ['formats', undefined, 'expected an object with at least one number format, found none'],
    ['defaultFormat', 'fp32', "expected one of fp16, int8, found 'fp32'"],
    ['defaultFormat', 'toString', "expected one of fp16, int8, found 'toString'"],
    ['defaultFormat', undefined, 'expected text that is not empty, found none'],
    ['name', '', "expected text that is not empty, found ''"],
    ['source', 7, 'expected text that is not empty, found 7'],
    ['units', 'pJ', "expected an object with energy, area, found 'pJ'"],
    ['units.area', undefined, 'expected text that is not empty, found none'],
    ['memory', undefined, 'expected null or an object with weights, activations, found none'],
    ['memory', false, 'expected null or an object with weights, activations, found false'],
    ['memory', { weights: { energyPerByte: 1 } }, 'expected an object with energyPerByte, found none', '.activations'],
    ['formats.fp16.mac.enrgy', 1, 'expected one of energy, area, found an unknown key'],
    ['formats.fp16.mul', {}, 'expected one of bytes, mac, multiplication, addition, found an unknown key'],
    ['memory', { dram: 1 }, 'expected one of weights, activations, found an unknown key', '.dram'],
    ['units.energy', 'a\n'.repeat(99), 'no error'],
    ['units.energy', [`a\n`.repeat(99)], 'expected text that is not empty, found a list'],
    ['defaultFormat', 'a\n'.repeat(99), `expected one of fp16, int8, found '${'a\\n'.repeat(19)}...'`],
  ])('%s: %j', (path, value, message, deeper = '') => {
    const line = message === 'no error' ? message : `error E_FORMAT: my.json ${path}${deeper}: ${message}`;
    expect(lineWith(path, value)).toBe(line);
  });

  it('names an unknown key at the top, and rather than the one that it should have been', () => {
    const keys = '$schema, name, description, source, units, formats, defaultFormat, memory, measured';
    const { name, ...nameless } = good();
    expect(lineOf(() => parseAccelerator({ ...nameless, nmae: name }, 'my.json'))).toBe(
      `error E_FORMAT: my.json nmae: expected one of ${keys}, found an unknown key`,
    );
    expect(lineOf(() => parseAccelerator(null, 'my.json'))).toBe(
      `error E_FORMAT: my.json: expected an object with ${keys}, found null`,
    );
  });
});

it('has the JSON Schema in docs', () => {
  const committed: unknown = JSON.parse(
    readFileSync(new URL('../../docs/accelerator.schema.json', import.meta.url), 'utf8'),
  );
  expect(committed, 'out of date: run npx tsx scripts/accelerator-schema.ts').toEqual(acceleratorSchema());
});
