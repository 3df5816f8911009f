import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from './random.ts';

test('gives the reference sequence of xoshiro128**', () => {
  const random = Random.fromState([1, 2, 3, 4]);
  expect(Array.from({ length: 6 }, () => random.next())).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492]);
});

test('a seed and keys give the same numbers on every machine', () => {
  const random = new Random(7, 'augment', 3, 12345);
  expect([random.next(), random.next(), random.int(10), random.float()]).toMatchInlineSnapshot(`
    [
      3756736124,
      622457019,
      3,
      0.5627680270741006,
    ]
  `);
});

test('different seeds, keys and key orders give different numbers', () => {
  const first = (random: Random) => random.next();
  const values = [
    new Random(0),
    new Random(1),
    new Random(-1),
    new Random(2 ** 40),
    new Random(0, 0),
    new Random(0, 'a'),
    new Random(0, 'b'),
    new Random(0, 1, 2),
    new Random(0, 2, 1),
    new Random(0).fork(1),
    new Random(0).fork(2),
  ].map(first);
  expect(new Set(values).size).toBe(values.length);
});

test('the state restores the sequence, and forks do not advance it', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.nat(20), (seed, skip) => {
      const random = new Random(seed);
      for (let i = 0; i < skip; i++) random.next();
      const copy = Random.fromState(random.state);
      const child = random.fork('child', 3).next();
      expect(copy.fork('child', 3).next()).toBe(child);
      expect(copy.next()).toBe(random.next());
      expect(copy.state).toEqual(random.state);
    }),
  );
});

test('integers are uniform and in range', () => {
  const random = new Random(5);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.int(7)]!++;
  const chiSquare = counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
  expect(chiSquare).toBeLessThan(22.5); // 6 degrees of freedom, p = 0.001
});

test('floats, normals and betas have the moments of their distributions', () => {
  const moments = (draw: () => number) => {
    const values = Array.from({ length: 40_000 }, draw);
    const mean = values.reduce((a, b) => a + b) / values.length;
    return [mean, values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length] as const;
  };
  const random = new Random(9);
  const [uniformMean, uniformVariance] = moments(() => random.float());
  expect(uniformMean).toBeCloseTo(1 / 2, 2);
  expect(uniformVariance).toBeCloseTo(1 / 12, 2);
  const [normalMean, normalVariance] = moments(() => random.normal());
  expect(Math.abs(normalMean)).toBeLessThan(0.02);
  expect(Math.abs(normalVariance - 1)).toBeLessThan(0.03);
  const alpha = 0.4;
  const [betaMean, betaVariance] = moments(() => random.beta(alpha));
  expect(betaMean).toBeCloseTo(1 / 2, 1);
  expect(betaVariance).toBeCloseTo(1 / (4 * (2 * alpha + 1)), 2);
});

test('shuffling keeps the items, and moves each to any place equally often', () => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) {
    const order = new Random(i).shuffle([0, 1, 2, 3]);
    expect([...order].sort()).toEqual([0, 1, 2, 3]);
    counts[order.indexOf(0)]!++;
  }
  for (const n of counts) expect(Math.abs(n - 1000)).toBeLessThan(110);
});

test('refuses what would break it', () => {
  expect(() => new Random(0.5)).toThrow('internal');
  expect(() => new Random(0).int(0)).toThrow('internal');
  expect(() => Random.fromState([0, 0, 0, 0])).toThrow('internal');
});
