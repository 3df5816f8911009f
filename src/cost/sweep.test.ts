import { describe, expect, it } from 'vitest';
import { buildNetwork } from '../models/index.ts';
import { applyPlan, deploy, findLayers, isBank, makePlan, toFrozen } from '../quantize/index.ts';
import { paperConventions } from './conventions.ts';
import { measureCost } from './measure.ts';
import { storageSchemes } from './storage.ts';
import { sweepCost } from './sweep.ts';

const options = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 } as const;
const base = buildNetwork('mobilenet-v1', options);

describe('sweepCost', () => {
  it('has losses as an objective where they are known', () => {
    const grid = { alphas: [0, 0.5, 1], widthRatios: [1, 2] };
    const cheapest = sweepCost(base, grid).points.filter(({ pareto }) => pareto);
    const seen: number[] = [];
    const { points } = sweepCost(base, {
      ...grid,
      sensitivity: (widthRatio) => {
        seen.push(widthRatio);
        return Object.fromEntries(findLayers(base).map(({ name, filters }) => [name, Array(filters).fill(1)]));
      },
      // fewer ternary filters and more hidden units lose less
      lossOf: ({ layers }) => {
        const banks = Object.values(layers).filter((layer) => isBank(layer));
        return banks.reduce((sum, { hidden, fullPrecision }) => sum + 1 / (hidden + fullPrecision.length), 0);
      },
    });
    expect(seen).toEqual([1, 2, 1, 2, 1, 2]);
    const front = points.filter(({ pareto }) => pareto);
    expect(front.length).toBeGreaterThan(cheapest.length);
    for (const point of front) {
      const dominating = points.filter(
        (other) => other.bytes <= point.bytes && other.energy <= point.energy && other.loss! < point.loss!,
      );
      expect(dominating).toEqual([]);
    }
  });

  it('has the uncompressed network in int8 as its control', () => {
    const { control } = sweepCost(base, { alphas: [0.5], widthRatios: [1] });
    const int8 = measureCost(base, { scheme: 'int8', format: 'int8' });
    const fp = measureCost(base, { scheme: 'fp' });
    expect([control.bytes, control.energy, control.multiplications]).toEqual([
      int8.bytes,
      int8.energy,
      int8.multiplications,
    ]);
    expect(control.relative.size).toBeCloseTo(int8.bytes / fp.bytes, 12);
    // a fifth of the energy of 16 bits
    expect(control.relative.energy).toBeCloseTo(int8.energy / fp.energy, 12);
    expect(control.relative.throughput).toBeCloseTo(fp.areaTime / int8.areaTime, 9);
  });

  it('says what the built networks say', () => {
    const { points, scheme } = sweepCost(base, { alphas: [0, 0.5, 1], widthRatios: [1, 1.75] });
    expect(scheme).toEqual(storageSchemes['hybrid-fp16']);
    expect(points.map((p) => [p.alpha, p.widthRatio])).toEqual([
      [0, 1],
      [0, 1.75],
      [0.5, 1],
      [0.5, 1.75],
      [1, 1],
      [1, 1.75],
    ]);
    for (const { alpha, widthRatio, pareto: _, ...point } of points) {
      const plan = makePlan(base, { method: 'hybrid', alpha, widthRatio });
      const graph = deploy(toFrozen(applyPlan(base, plan, 1), new Map()), new Map());
      const built = measureCost(graph, { scheme: 'hybrid-fp16' });
      const { macs, products, multiplications, additions, additionsWithMacs, parameters, bytes } = built;
      const counts = { macs, products, multiplications, additions, additionsWithMacs, parameters, bytes };
      expect(point).toMatchObject(counts);
      expect(point.energy).toBeCloseTo(built.energy, 3);
      for (const key of ['size', 'multiplications', 'energy', 'throughput'] as const) {
        expect(point.relative[key]).toBeCloseTo(built.relative[key], 10);
      }
    }
  });

  it('marks the points that no other beats', () => {
    const { points } = sweepCost(base, { alphas: [0, 0.25, 0.5, 0.75, 1], widthRatios: [0.5, 1, 2] });
    const front = points.filter((p) => p.pareto);
    expect(front.length).toBeGreaterThan(0);
    const beats = (a: (typeof points)[number], b: (typeof points)[number]) =>
      a.bytes < b.bytes && a.energy < b.energy && a.relative.throughput > b.relative.throughput;
    for (const point of points) if (points.some((other) => beats(other, point))) expect(point.pareto).toBe(false);
    // fewer hidden units are better in all three
    expect(front.every((p) => p.widthRatio === 0.5 || p.alpha === 1)).toBe(true);
  });

  it('refuses what needs trained weights, and networks that have some', () => {
    const pairs = { alphas: [0.5], widthRatios: [1] };
    const conventions = (change: object) => ({ ...pairs, conventions: { ...paperConventions, ...change } });
    expect(() => sweepCost(base, conventions({ ternary: 'zero-skipping' }))).toThrow('found zero-skipping');
    expect(() => sweepCost(base, conventions({ outputScales: 'counted' }))).toThrow('found them counted');
    expect(() => sweepCost(base, { ...pairs, scheme: { ...storageSchemes.hybrid, packing: 'entropy' } })).toThrow(
      'found entropy',
    );
    expect(() => sweepCost(base, { ...pairs, scheme: 'packed-int8' })).toThrow('expected a scheme without structure');
    expect(() => sweepCost(base, { ...pairs, alphas: [1.5] })).toThrow(/alpha: expected 0 to 1/);
    const plan = makePlan(base, { method: 'hybrid' });
    const compressed = deploy(toFrozen(applyPlan(base, plan, 1), new Map()), new Map());
    expect(() => sweepCost(compressed, pairs)).toThrow('found ternary weights');
  });
});
