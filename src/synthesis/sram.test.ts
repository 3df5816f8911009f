import { expect, it } from 'vitest';
import { sramCost, sramProcesses } from './sram.ts';

/** Published: words, bits, ports, area, read, write, leakage. */
const macros = [
  [64, 64, 1, 50489.13, 39.05, 50.5, 49.5],
  [256, 8, 1, 17546.88, 10.21, 13.51, 24.75],
  [256, 64, 1, 93180.53, 49.63, 63.44, 198.02],
  [512, 32, 1, 79719.9, 36.01, 42.32, 198.02],
  [1024, 8, 1, 49419.24, 15.6, 19.92, 99.01],
  [1024, 64, 1, 263946.14, 91.83, 110.92, 792.06],
  [2048, 64, 1, 491633.62, 122.39, 155.37, 1584.12],
  [4096, 16, 1, 257608.51, 58.64, 72.49, 792.06],
  [8192, 32, 1, 939914.93, 230.35, 239.31, 3168.25],
  [64, 32, 2, 52620.88, 20.36, 26.46, 39.86],
  [512, 8, 2, 57397.33, 11.34, 14.04, 79.73],
  [1024, 32, 2, 264167.28, 48.27, 58.92, 637.8],
] as const;

it.each(macros)('is near the published macro of %d words of %d bits, %d ports', (words, bits, ports, ...published) => {
  const { area, read, write, leakage } = sramCost({ words, bits, ports }, sramProcesses.sg13g2, 8192);
  const found = [area, read, write, leakage];
  for (const [i, value] of published.entries()) expect(found[i]! / value).toBeGreaterThan(0.87);
  for (const [i, value] of published.entries()) expect(found[i]! / value).toBeLessThan(1.13);
});

it('divides large memories into banks, and wide ones into macros side by side', () => {
  const one = sramCost({ words: 1024, bits: 64 }, sramProcesses.sg13g2);
  const four = sramCost({ words: 2048, bits: 128 }, sramProcesses.sg13g2);
  expect(four.macros).toBe(4);
  expect(four.area).toBeCloseTo(4 * one.area, 6);
  expect(four.leakage).toBeCloseTo(4 * one.leakage, 6);
  expect(four.read).toBeCloseTo(2 * one.read, 6);
});

it('scales with length and voltage', () => {
  const shape = { words: 512, bits: 32 };
  const [base, high, long] = [
    sramCost(shape, sramProcesses.sg13g2),
    sramCost(shape, sramProcesses.sky130),
    sramCost(shape, { nanometres: 260, volts: 1.2 }),
  ];
  expect(high.read / base.read).toBeCloseTo(2.25, 12);
  expect(high.area).toBe(base.area);
  expect(long.area / base.area).toBeCloseTo(4, 12);
  expect(long.read / base.read).toBeCloseTo(2, 12);
});

it('takes nothing where there is none', () => {
  expect(sramCost({ words: 0, bits: 8 }, sramProcesses.osu018)).toEqual({
    ...{ area: 0, read: 0, write: 0, leakage: 0, macros: 0 },
  });
});
