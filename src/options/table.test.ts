import { describe, expect, it } from 'vitest';
import {
  type ConfigOption,
  checkValues,
  describeOption,
  extend,
  field,
  lift,
  nested,
  type OptionTable,
  option,
  parseConfig,
  toggle,
} from './table.ts';
import { listOf, number, oneOf, pairOf, series, text, whole } from './values.ts';

interface Config {
  readonly name: string;
  readonly epochs: number;
  readonly shares?: readonly number[];
  readonly rate?: { readonly kind: 'a' | 'b'; readonly factor?: number };
  readonly mirror?: boolean;
}

const defaults: Config = { name: 'net', epochs: 5, shares: [1, 2] };
const epochs = field<Config, 'epochs'>('epochs', '--epochs <n>', 'how often', whole({ from: 1 }));
const factor = nested<Config, 'rate', number>('rate', 'factor', '--factor <x>', 'how much', number({ above: 0 }), {
  fallback: { kind: 'a' },
});
const shares = field<Config, 'shares'>('shares', '--shares <list>', 'of what', listOf(number({ from: 0 }), 'numbers'));
const mirror = toggle<Config>('mirror', '--mirror', 'both sides', (config) => ({ ...config, mirror: true }));
const table: OptionTable<Config> = {
  One: [field('name', '--name <text>', 'called', text('a name')), epochs],
  Two: [factor, shares, mirror],
};

const changed = <C>(one: ConfigOption<C>, given: string, config: C) => one.parse(given)?.(config);

it('options change their part of a configuration and nothing else', () => {
  expect(changed(epochs, '7', defaults)).toEqual({ ...defaults, epochs: 7 });
  expect(changed(epochs, '0', defaults)).toBeUndefined();
  expect(changed(factor, '0.5', defaults)).toEqual({ ...defaults, rate: { kind: 'a', factor: 0.5 } });
  const known = { ...defaults, rate: { kind: 'b', factor: 3 } } as const;
  expect(changed(factor, '0.5', known)).toEqual({ ...defaults, rate: { kind: 'b', factor: 0.5 } });
  expect(changed(mirror, '', defaults)).toEqual({ ...defaults, mirror: true });
});

it('options of a part work on the whole', () => {
  const [lifted] = lift<{ readonly inner: Config }, 'inner'>('inner', [
    { ...epochs, need: { expected: '--name', found: ({ name }) => name, isMet: ({ name }) => name !== 'net' } },
  ]);
  expect(changed(lifted!, '9', { inner: defaults })).toEqual({ inner: { ...defaults, epochs: 9 } });
  expect([lifted!.key, lifted!.get({ inner: defaults })]).toEqual(['inner.epochs', 5]);
  expect([lifted!.need!.isMet({ inner: defaults }), lifted!.need!.found({ inner: defaults })]).toEqual([false, 'net']);
  const wide = { ...defaults, more: 1 };
  expect(changed(extend<Config, typeof wide>([epochs])[0]!, '9', wide)).toEqual({ ...wide, epochs: 9 });
});

it('descriptions end with the default, unless they have one of their own', () => {
  expect(describeOption(epochs, defaults)).toBe('how often (default: 5)');
  expect(describeOption(shares, defaults)).toBe('of what (default: 1,2)');
  expect(describeOption(factor, defaults)).toBe('how much');
  const own = { ...epochs, description: 'how often (default: often)' };
  expect(describeOption(own, defaults)).toBe('how often (default: often)');
});

describe('checks', () => {
  it.each<[Partial<Record<keyof Config, unknown>>, string]>([
    [{ epochs: 0 }, 'epochs: expected a whole number of at least 1, found 0'],
    [{ epochs: '7' }, "epochs: expected a whole number of at least 1, found '7'"],
    [{ name: '' }, "name: expected a name, found ''"],
    [{ rate: { factor: -1 } }, 'rate.factor: expected a number above 0, found -1'],
    [{ shares: [1, -2] }, 'shares: expected numbers, found [1,-2]'],
    [{ epochs: Number.NaN }, 'epochs: expected a whole number of at least 1, found NaN'],
  ])('refuse %j', (wrong, message) => {
    const check = () => checkValues(table, { ...defaults, ...wrong } as Config);
    expect(check).toThrow(expect.objectContaining({ code: 'E_USAGE', message }));
  });

  it('refuse a value in the place of a part', () => {
    const where = 'config.json';
    const whole: Config = { ...defaults, rate: { kind: 'a', factor: 1 } };
    expect(() => parseConfig({ rate: null }, { table, defaults: whole, where })).toThrow(
      'config.json rate: expected an object, found null',
    );
  });

  it('let absent values pass', () => {
    expect(() => checkValues(table, { name: 'x', epochs: 1 })).not.toThrow();
  });
});

describe('parseConfig', () => {
  const parse = (json: object) =>
    parseConfig(json, { table, defaults, where: 'config.json', more: ['start', 'rate.kind'] });

  it('puts what a file has in place of the defaults', () => {
    expect(parse({ epochs: 3, mirror: true, start: 'x' })).toEqual({
      ...defaults,
      epochs: 3,
      mirror: true,
      start: 'x',
    });
  });

  it('says what is wrong with a file', () => {
    expect(() => parse({ epoch: 3 })).toThrow(
      'config.json epoch: expected one of name, epochs, rate, shares, mirror, start, found another',
    );
    expect(() => parse({ rate: { factr: 1 } })).toThrow(
      'config.json rate.factr: expected one of factor, kind, found another',
    );
    expect(() => parse({ epochs: 0 })).toThrow(
      expect.objectContaining({ code: 'E_FORMAT', where: 'config.json epochs' }),
    );
  });
});

it('kinds accept the values that they parse, and no others', () => {
  const kinds = [
    [number({ from: 0, below: 1 }), '0.5', 1],
    [whole({ to: 3 }), '-2', 1.5],
    [oneOf(['a', 'b']), 'b', 'c'],
    [text('a name'), 'x', 7],
    [listOf(whole(), 'numbers'), '1,2', ['1']],
    [pairOf(oneOf(['a']), whole(), 'pairs'), 'a=1', { name: 'a' }],
    [series(), '0:1:0.5', [0, 'x']],
  ] as const;
  for (const [kind, given, wrong] of kinds) {
    expect(kind.accepts(kind.parse(given))).toBe(true);
    for (const value of [wrong, null, undefined, Number.NaN]) expect(kind.accepts(value)).toBe(false);
  }
});

it('an option may be anywhere in a configuration', () => {
  const pair = option<Config, number[]>('--pair <a,b>', 'both', listOf(number(), 'two numbers'), {
    key: 'shares',
    get: (config) => config.shares && [...config.shares],
    set: (config, values) => ({ ...config, shares: values }),
  });
  expect(changed(pair, '3,4', defaults)!.shares).toEqual([3, 4]);
  expect(pair.isGood({ ...defaults, shares: [Number.NaN] })).toBe(false);
});
