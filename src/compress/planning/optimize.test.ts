/** Plans of a network beside uniform ones, and what is said of budgets that are out of reach. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../../models/index.ts';
import { bankPlan, findLayers, isBank, upTo } from '../../quantize/index.ts';
import { type Budget, budgetNames, namesIn } from './budget.ts';
import { type Candidate, untouched } from './candidate.ts';
import { costCandidates, type NetworkCosts, predictCost } from './layer-costs.ts';
import { optimizePlan } from './optimize.ts';

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

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

  it('keeps each budget, and says what is left', async () => {
    const budgets: Budget[] = [{ size: 0.5 }, { energy: 0.6 }, { multiplications: 0.4 }, { throughput: 1.1 }];
    for (const budget of [...budgets, { size: 0.6, energy: 0.7, multiplications: 0.5, throughput: 1 }]) {
      const { relative, slack, loss, lowerBound } = await optimizePlan(costs, budget);
      expect(holds(budget, relative)).toBe(true);
      expect(namesIn(slack)).toEqual(namesIn(budget));
      for (const name of namesIn(budget)) {
        const sign = name === 'throughput' ? -1 : 1;
        expect(slack[name]).toBe(sign * (budget[name]! - relative[name]));
      }
      expect(loss).toBeGreaterThan(0);
      // small enough for a proof
      expect(lowerBound).toBe(loss);
    }
  });

  it('keeps everything in full precision where it may', async () => {
    const { choice, loss, relative } = await optimizePlan(costs, { energy: 1 });
    expect([new Set(choice), loss, relative.multiplications]).toEqual([new Set([16]), 0, 1]);
  });

  it('beats every uniform plan at what that costs', async () => {
    const uniform = Array.from({ length: alphas.length * widthRatios.length }, (_, k) => layers.map(() => k));
    let better = 0;
    for (const choice of uniform) {
      const loss = sum(choice.map((j, i) => costs.layers[i]!.candidates[j]!.loss));
      const { relative } = predictCost(costs, choice);
      const plan = await optimizePlan(costs, relative);
      expect(plan.loss).toBeLessThanOrEqual(loss);
      if (plan.loss < 0.9 * loss) better++;
    }
    expect(better).toBeGreaterThan(uniform.length / 2);
  });

  const lineOf = async (budget: Budget, of: NetworkCosts = costs) => {
    try {
      await optimizePlan(of, budget);
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };

  it('says what is possible where a budget is out of reach', async () => {
    const message = await lineOf({ size: 0.01, throughput: 1 });
    const [, figure] = /^budget: expected a reachable one, found size 0.01: the closest possible is (0\.\d{3})$/.exec(
      message,
    )!;
    expect(await lineOf({ size: Number(figure) })).toBe('no error');
    expect(await lineOf({ size: Number(figure) - 0.001 })).toContain(`closest possible is ${figure}`);
    expect(await lineOf({ energy: 0.01, throughput: 9, size: 0.9 })).toMatch(
      /found energy 0.01, throughput 9: the closest possible is energy 0\.\d{3}, throughput \d\.\d{3}$/,
    );
  });

  it('finds the closest point where budgets exclude each other', async () => {
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
    const [, multiplications, throughput] = expected.exec(await lineOf(budget, wide))!;
    const closest = { multiplications: Number(multiplications), throughput: Number(throughput) };
    expect((await optimizePlan(wide, closest)).relative.throughput).toBeGreaterThanOrEqual(closest.throughput);
    // no choice is nearer: all of them
    const violation = (figures: { multiplications: number; throughput: number }) =>
      Math.max(figures.multiplications / budget.multiplications, budget.throughput / figures.throughput);
    const [a, b, c] = wide.layers.map(({ candidates: all }) => all.map((_, j) => j)) as [number[], number[], number[]];
    const all = a.flatMap((i) => b.flatMap((j) => c.map((k) => [i, j, k])));
    const least = Math.min(...all.map((choice) => violation(predictCost(wide, choice).relative)));
    expect(least).toBeGreaterThan(1);
    // figures are rounded to three digits
    expect(violation(closest)).toBeLessThan(least * 1.003);
  });

  it('refuses a budget without limits', async () => {
    expect(await lineOf({})).toBe(`budget: expected at least one of ${budgetNames.join(', ')}, found none`);
  });
});
