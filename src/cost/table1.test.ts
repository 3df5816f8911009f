/** Table I of Gope et al., arXiv 1911.01028: the printed figures, and the arithmetic behind ours written out. */

import { beforeAll, describe, expect, it } from 'vitest';
import { computeTable1, type Table1, type Table1Row } from './table1.ts';

let table: Table1;
const rowOf = (name: string): Table1Row => table.rows.find((row) => row.name === name)!;

beforeAll(() => {
  table = computeTable1();
});

// output channels and pixels of the 13 pairs of MobileNet-V1 0.5 at 224 x 224
const outputs = [32, 64, 64, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512];
const inputs = [16, ...outputs.slice(0, -1)];
const pixels = [112, 56, 56, 28, 28, 14, 14, 14, 14, 14, 14, 7, 7].map((side) => side * side);
const total = (f: (c: number, k: number, p: number) => number) =>
  outputs.reduce((sum, c, i) => sum + f(c, inputs[i]!, pixels[i]!), 0);

const firstPixels = 112 * 112;
const depthwise = total((_, k, p) => 9 * k * p);
const pointwise = total((c, k, p) => c * k * p);
const macs = 27 * 16 * firstPixels + depthwise + pointwise + 512 * 1000;
// one addition per output of every convolution and of the classifier
const biases = 16 * firstPixels + total((c, k, p) => (c + k) * p) + 1000;

describe('the rows of the paper', () => {
  it('has the counts of FACTS', () => {
    expect([macs, depthwise, pointwise, biases]).toEqual([149_497_088, 8_692_992, 134_873_088, 2_522_344]);
  });

  it('baseline', () => {
    const row = rowOf('baseline');
    expect(row.sizeKB.toFixed(2)).toBe('2590.08');
    expect([row.parameters, row.multiplications, row.additions, row.additionsWithMacs]).toEqual([
      1_326_120,
      macs,
      0,
      macs,
    ]);
    expect([row.energy, row.throughput]).toEqual([1, 1]);
  });

  it('TWN', () => {
    const row = rowOf('TWN');
    expect(row.sizeKB.toFixed(2)).toBe('323.76');
    expect([row.multiplications, row.additions]).toEqual([0, macs]);
    expect(row.energy).toBeCloseTo(0.1966, 12);
    expect(row.throughput).toBeCloseTo(2, 12);
  });

  it('StrassenNets', () => {
    // r = 2 c: Wb has r k weights, Wc has c r
    const ternary =
      (32 * 27 + 16 * 32) * firstPixels + total((c, k, p) => (2 * c * k + 2 * c * c) * p) + 512 * 512 + 512 * 1000;
    const products = 32 * firstPixels + total((c, _, p) => 2 * c * p) + 512;
    const row = rowOf('StrassenNets');
    expect(row.sizeKB.toFixed(2)).toBe('1178.93');
    expect([row.additions, row.products, row.macs]).toEqual([ternary + biases, products, depthwise]);
    expect((row.additions / 1e6).toFixed(2)).toBe('624.27');
    expect(row.change.additions.toFixed(2)).toBe('317.58');
    expect(row.throughput.toFixed(4)).toBe('0.4615');
    expect(row.energy.toFixed(4)).toBe('0.8999');
    expect(row.energy).toBeCloseTo((depthwise + products + 0.1966 * (ternary + biases)) / macs, 12);
    expect(row.throughput).toBeCloseTo(macs / (depthwise + products + 0.5 * (ternary + biases)), 12);
  });

  it('hybrid: size within 0.3 %, energy within 0.01, throughput within 0.02 of the paper', () => {
    const row = rowOf('hybrid');
    // half of the filters, 1.25 hidden units for each of the others
    const ternary =
      (10 * 27 + 8 * 10) * firstPixels +
      total((c, k, p) => (0.625 * c * k + 0.5 * c * 0.625 * c) * p) +
      512 * 512 +
      512 * 1000;
    const products = 10 * firstPixels + total((c, _, p) => 0.625 * c * p) + 512;
    const full = 8 * 27 * firstPixels + 0.5 * pointwise + depthwise;
    expect([row.macs, row.products, row.additions]).toEqual([full, products, ternary + biases]);
    const paper = row.paper!;
    expect(Math.abs(row.sizeKB / paper.sizeKB - 1)).toBeLessThan(0.003);
    expect(Math.abs(row.energy - paper.energy)).toBeLessThan(0.01);
    expect(Math.abs(row.throughput - paper.throughput)).toBeLessThan(0.02);
    expect(row.change.multiplications.toFixed(2)).toBe('-46.61');
    // the paper's +48 % has the additions inside MACs
    expect(row.change.additionsWithMacs).toBeCloseTo((100 * (full + ternary + biases)) / macs - 100, 10);
    expect(Math.abs(row.change.additionsWithMacs - paper.additionsChange!)).toBeLessThan(1.5);
  });
});

describe('the rows that the paper lacks', () => {
  it('int8 baseline: half the size, a fifth of the energy', () => {
    const row = rowOf('int8 baseline');
    expect(row.sizeKB).toBe(1_326_120 / 1024);
    expect(row.multiplications).toBe(macs);
    // an int8 MAC 0.2 + 0.1 pJ, an fp16 MAC 1.1 + 0.4 pJ (Horowitz)
    expect(row.energy).toBeCloseTo(0.3 / 1.5, 12);
    expect(row.throughput).toBeCloseTo((1640 + 1360) / (282 + 137), 3);
  });

  it('pointwise TWN keeps the other MACs', () => {
    const row = rowOf('pointwise TWN, int8');
    expect([row.macs, row.additions]).toEqual([macs - pointwise, pointwise + biases]);
    // 784,896 pointwise weights at 2 bits, the rest at 8
    expect(row.sizeKB).toBe((784_896 / 4 + 1_326_120 - 784_896) / 1024);
  });

  it('hybrid with 8-bit filters stores fewer bytes and does the same operations', () => {
    const [hybrid, int8] = [rowOf('hybrid'), rowOf('hybrid, int8')];
    expect([int8.macs, int8.products, int8.additions]).toEqual([hybrid.macs, hybrid.products, hybrid.additions]);
    // filters lose a byte of two, depthwise weights three of four
    expect(hybrid.sizeKB - int8.sizeKB).toBeCloseTo((392_664 + 3 * 22_320) / 1024, 2);
  });

  it('skips the zeros of factors that were drawn: 42 % of a normal distribution', () => {
    // P(|x| < 0.7 sqrt(2 / pi)) for the pointwise TWN, of the weights as they are drawn
    for (const name of ['pointwise TWN, int8', 'pointwise strassenified, int8', 'hybrid, int8']) {
      const [dense, skipped] = [rowOf(name), rowOf(`${name}, zeros skipped`)];
      const share = (skipped.additions - biases) / (dense.additions - biases);
      expect(share).toBeGreaterThan(0.565);
      expect(share).toBeLessThan(0.585);
      expect(skipped.sizeKB).toBe(dense.sizeKB);
      expect(skipped.energy).toBeLessThan(dense.energy);
    }
  });
});

it('needs both number formats', () => {
  const one = { energy: 1, area: 1 };
  const fp16 = { bytes: 2, mac: one, multiplication: one, addition: one };
  const model = { name: 'mine', description: '', source: '', units: { energy: 'pJ', area: 'um2' } };
  const incomplete = { ...model, formats: { fp16 }, defaultFormat: 'fp16', memory: null };
  expect(() => computeTable1(incomplete)).toThrow(
    "number format: expected one of fp16 (accelerator 'mine'), found 'int8'",
  );
});
