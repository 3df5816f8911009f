/** The knapsack beside brute force on small instances, and plans of a network beside uniform ones. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../../models/index.ts';
import { bankPlan, findLayers, isBank, upTo } from '../../quantize/index.ts';
import { type Budget, budgetNames, namesIn } from './budget.ts';
import { type Candidate, untouched } from './candidate.ts';
import { costCandidates, type NetworkCosts } from './layer-costs.ts';
import { type Item, type Knapsack, optimizePlan, solveKnapsack } from './optimize.ts';

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The least loss within the limits, by trying all choices; Infinity where there is none. */
function tryAll({ layers, limits }: Knapsack): number {
  const from = (l: number, used: readonly number[]): number => {
    if (used.some((cost, i) => cost > limits[i]!)) return Infinity;
    if (l === layers.length) return 0;
    return Math.min(
      ...layers[l]!.map(
        ({ loss, costs }) =>
          loss +
          from(
            l + 1,
            used.map((cost, i) => cost + costs[i]!),
          ),
      ),
    );
  };
  return from(
    0,
    limits.map(() => 0),
  );
}

const costOf = ({ layers, limits }: Knapsack, choice: readonly number[]) =>
  limits.map((_, i) => sum(choice.map((j, l) => layers[l]![j]!.costs[i]!)));

/** Whole numbers, so that sums are exact and ties frequent. */
const anyKnapsack = (limits: number) =>
  fc
    .record({
      layers: fc.array(
        fc.array(
          fc.record({ loss: fc.nat(50), costs: fc.array(fc.nat(20), { minLength: limits, maxLength: limits }) }),
          { minLength: 1, maxLength: 6 },
        ),
        { minLength: 1, maxLength: 5 },
      ),
      tightness: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: limits, maxLength: limits }),
    })
    .map(({ layers, tightness }): Knapsack => {
      const extreme = (i: number, of: (...values: number[]) => number) =>
        sum(layers.map((items) => of(...items.map((x) => x.costs[i]!))));
      const between = (i: number, x: number) => extreme(i, Math.min) * (1 - x) + extreme(i, Math.max) * x;
      return { layers, limits: tightness.map((x, i) => Math.round(between(i, x))) };
    });

/** Losses fall and costs rise with quality, as those of filter banks do, differently for each layer and limit. */
function drawKnapsack(seed: number, layerCount: number, items: number, limits: number): Knapsack {
  const random = new Random(seed, 'knapsack', layerCount, items, limits);
  const layers = Array.from({ length: layerCount }, () => {
    const [size, sensitivity] = [0.2 + 3 * random.float(), 0.01 + random.float() ** 3];
    return Array.from({ length: items }, (): Item => {
      const quality = random.float();
      const costs = Array.from({ length: limits }, (_, i) => size * (0.1 + quality * (1 + 0.3 * i * random.float())));
      return { loss: sensitivity * (1 - quality) ** 2 * (0.8 + 0.4 * random.float()), costs };
    });
  });
  const costs = (i: number) => layers.map((all) => all.map((item) => item.costs[i]!));
  const least = (i: number) => sum(costs(i).map((all) => Math.min(...all)));
  const mean = (i: number) => sum(costs(i).map((all) => sum(all) / all.length));
  return { layers, limits: Array.from({ length: limits }, (_, i) => (least(i) + mean(i)) / 2) };
}

describe('solveKnapsack', () => {
  it('finds what greed misses', () => {
    // of a limit of 10, the best single step (loss 9 to 2 for 6 units) keeps both layers from stepping (5 units each)
    const layer = (loss: number): Item[] => [
      { loss: 9, costs: [0] },
      { loss, costs: [5] },
      { loss: 2, costs: [6] },
    ];
    const solution = solveKnapsack({ layers: [layer(3), layer(4)], limits: [10] });
    expect(solution).toEqual({ choice: [1, 1], loss: 7, lowerBound: 7 });
  });

  it.each([1, 2, 3, 4])('finds the optimum of small instances under %i limits', (limits) => {
    fc.assert(
      fc.property(anyKnapsack(limits), (knapsack) => {
        const optimum = tryAll(knapsack);
        const solution = solveKnapsack(knapsack);
        if (optimum === Infinity) {
          expect(solution).toBeUndefined();
          return;
        }
        expect(solution!.loss).toBe(optimum);
        expect(solution!.lowerBound).toBe(optimum);
        expect(sum(solution!.choice.map((j, l) => knapsack.layers[l]![j]!.loss))).toBe(optimum);
        for (const [i, cost] of costOf(knapsack, solution!.choice).entries()) {
          expect(cost).toBeLessThanOrEqual(knapsack.limits[i]!);
        }
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('keeps the limits and comes within a few per cent of the lower bound on large instances', () => {
    for (const limits of [1, 2, 4]) {
      for (let seed = 1; seed <= 3; seed++) {
        const knapsack = drawKnapsack(seed, 30, 60, limits);
        const { choice, loss, lowerBound } = solveKnapsack(knapsack)!;
        expect(lowerBound).toBeLessThanOrEqual(loss);
        expect(loss).toBeLessThan(1.01 * lowerBound);
        for (const [i, cost] of costOf(knapsack, choice).entries()) {
          expect(cost).toBeLessThanOrEqual(knapsack.limits[i]! * (1 + 1e-11));
        }
      }
    }
  });

  it('is never worse than the k-th items of all layers', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 4 }), fc.nat(19), (seed, limits, k) => {
        const { layers } = drawKnapsack(seed, 12, 20, limits);
        const choice = layers.map(() => k);
        // exactly what the uniform choice costs
        const solution = solveKnapsack({ layers, limits: costOf({ layers, limits: Array(limits).fill(0) }, choice) });
        expect(solution!.loss).toBeLessThanOrEqual(sum(layers.map((items) => items[k]!.loss)));
      }),
      { numRuns: 30, seed: 1 },
    );
  });

  it('gives the same plan for the same input', () => {
    const solve = () => solveKnapsack(drawKnapsack(7, 12, 20, 3));
    expect(solve()).toEqual(solve());
  });

  it('takes limits that leave nothing but the cheapest choice', () => {
    const layers = [0.1, 0.2, 0.3].map((x) => [1, 2, 3].map((k) => ({ loss: 4 - k, costs: [k * x, (4 - k) * x] })));
    // 0.1 + 0.2 + 0.3 is not 0.6 in binary
    expect(solveKnapsack({ layers, limits: [0.6, 100] })).toEqual({ choice: [0, 0, 0], loss: 9, lowerBound: 9 });
    expect(solveKnapsack({ layers, limits: [0.5999, 100] })).toBeUndefined();
    // each limit within reach, not both
    expect(solveKnapsack({ layers, limits: [0.6, 0.6] })).toBeUndefined();
  });
});

describe('optimizePlan', () => {
  const options = { width: 0.5, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 } as const;
  const base = buildNetwork('mobilenet-v1', options);
  const layers = findLayers(base).filter((layer) => layer.kind === 'pointwise');
  const alphas = [0, 0.25, 0.5, 0.75];
  const widthRatios = [0.5, 1, 1.5, 2];

  /** Losses that fall with alpha and the width ratio, steeper for some layers. */
  const banksOf = (filters: number, sensitivity: number): Candidate[] => [
    ...alphas.flatMap((alpha) =>
      widthRatios.map((ratio): Candidate => {
        const kept = Math.round(alpha * filters);
        const plan = bankPlan(filters, upTo(kept), Math.round(ratio * (filters - kept)));
        return { plan, loss: sensitivity * (1 - alpha) * Math.exp(-1.5 * ratio) };
      }),
    ),
    untouched,
  ];
  const random = new Random(1, 'sensitivity');
  const costs = costCandidates(
    base,
    layers.map(({ name, filters }) => ({ name, candidates: banksOf(filters, 0.1 + 3 * random.float() ** 2) })),
  );

  const holds = (budget: Budget, found: Readonly<Record<(typeof budgetNames)[number], number>>) =>
    namesIn(budget).every((name) =>
      name === 'throughput' ? found[name] >= budget[name]! - 1e-9 : found[name] <= budget[name]! + 1e-9,
    );

  it('keeps each budget, and says what is left', () => {
    const budgets: Budget[] = [{ size: 0.5 }, { energy: 0.6 }, { multiplications: 0.4 }, { throughput: 1.1 }];
    for (const budget of [...budgets, { size: 0.6, energy: 0.7, multiplications: 0.5, throughput: 1 }]) {
      const { relative, slack, loss, lowerBound } = optimizePlan(costs, budget);
      expect(holds(budget, relative)).toBe(true);
      expect(namesIn(slack)).toEqual(namesIn(budget));
      for (const name of namesIn(budget)) {
        const sign = name === 'throughput' ? -1 : 1;
        expect(slack[name]).toBe(sign * (budget[name]! - relative[name]));
      }
      expect(loss).toBeGreaterThan(0);
      expect(loss).toBeLessThan(1.03 * lowerBound);
    }
  });

  it('keeps everything in full precision where it may', () => {
    const { choice, loss, relative } = optimizePlan(costs, { energy: 1 });
    expect([new Set(choice), loss, relative.multiplications]).toEqual([new Set([16]), 0, 1]);
  });

  it('beats every uniform plan at what that costs', () => {
    const uniform = Array.from({ length: alphas.length * widthRatios.length }, (_, k) => layers.map(() => k));
    let better = 0;
    for (const choice of uniform) {
      const loss = sum(choice.map((j, i) => costs.layers[i]!.candidates[j]!.loss));
      const { relative } = fixedPlan(choice);
      const plan = optimizePlan(costs, relative);
      expect(plan.loss).toBeLessThanOrEqual(loss);
      if (plan.loss < 0.9 * loss) better++;
    }
    expect(better).toBeGreaterThan(uniform.length / 2);
  });

  /** The plan of a choice. */
  function fixedPlan(choice: readonly number[]) {
    const only = costs.layers.map(({ name, candidates }, i) => ({ name, candidates: [candidates[choice[i]!]!] }));
    return optimizePlan(costCandidates(base, only), { size: 100 });
  }

  const lineOf = (budget: Budget, of: NetworkCosts = costs) => {
    try {
      optimizePlan(of, budget);
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };

  it('says what is possible where a budget is out of reach', () => {
    const message = lineOf({ size: 0.01, throughput: 1 });
    const [, figure] = /^budget: expected a reachable one, found size 0.01: the closest possible is (0\.\d{3})$/.exec(
      message,
    )!;
    expect(lineOf({ size: Number(figure) })).toBe('no error');
    expect(lineOf({ size: Number(figure) - 0.001 })).toContain(`closest possible is ${figure}`);
    expect(lineOf({ energy: 0.01, throughput: 9, size: 0.9 })).toMatch(
      /found energy 0.01, throughput 9: the closest possible is energy 0\.\d{3}, throughput \d\.\d{3}$/,
    );
  });

  it('finds the closest point where budgets exclude each other', () => {
    const network = new NetworkBuilder('two', 1);
    let x = network.convBlock('stem', network.input(1, 5), { filters: 8, kernel: 1 });
    for (const name of ['a', 'b', 'c']) x = network.convBlock(name, x, { filters: 8, kernel: 1 });
    const graph = network.classifier(x, 2);
    // wide and ternary: no MACs and many additions; full-precision: the other way round
    const candidates = [...banksOf(8, 1), { plan: bankPlan(8, [], 40), loss: 0.001 }];
    const wide = costCandidates(
      graph,
      ['a', 'b', 'c'].map((name) => ({
        name,
        candidates: candidates.filter(({ plan }) => !isBank(plan) || plan.hidden > 12),
      })),
    );
    const budget = { multiplications: 0.7, throughput: 0.9 };
    const expected =
      /^budget: .*, each within reach but not all together: the closest possible is multiplications (\S+), throughput (\S+)$/;
    const [, multiplications, throughput] = expected.exec(lineOf(budget, wide))!;
    const closest = { multiplications: Number(multiplications), throughput: Number(throughput) };
    expect(optimizePlan(wide, closest).relative.throughput).toBeGreaterThanOrEqual(closest.throughput);
    // no choice is nearer: all of them
    const violation = (figures: { multiplications: number; throughput: number }) =>
      Math.max(figures.multiplications / budget.multiplications, budget.throughput / figures.throughput);
    const [a, b, c] = wide.layers.map(({ candidates: all }) => all.map((_, j) => j)) as [number[], number[], number[]];
    const all = a.flatMap((i) => b.flatMap((j) => c.map((k) => [i, j, k])));
    const least = Math.min(
      ...all.map((choice) => {
        const only = wide.layers.map((layer, l) => ({ name: layer.name, candidates: [layer.candidates[choice[l]!]!] }));
        return violation(optimizePlan(costCandidates(graph, only), { size: 100 }).relative);
      }),
    );
    expect(least).toBeGreaterThan(1);
    // figures are rounded to three digits
    expect(violation(closest)).toBeLessThan(least * 1.003);
  });

  it('refuses a budget without limits', () => {
    expect(lineOf({})).toBe(`budget: expected at least one of ${budgetNames.join(', ')}, found none`);
  });
});
