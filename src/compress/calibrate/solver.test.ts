import { expect, test } from 'vitest';
import { Random } from '../../ir/index.ts';
import { fitLayer, type LayerTask } from './fit-layer.ts';
import type { Moments } from './moments.ts';
import { LayerSolver } from './solver.ts';

const [filters, inputs] = [6, 40];

function moments(seed: number): Moments {
  const random = new Random(seed, 'moments');
  const draw = (count: number) => Float64Array.from({ length: count }, () => random.normal());
  const samples = draw(inputs * 200);
  const covariance = new Float64Array(inputs * inputs);
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < inputs; j++) {
      for (let s = 0; s < 200; s++)
        covariance[i * inputs + j]! += (samples[i * 200 + s]! * samples[j * 200 + s]!) / 200;
    }
  }
  const rest = { xMean: draw(inputs), yMean: draw(filters), cross: draw(filters * inputs) };
  return { filters, inputs, covariance, variance: new Float64Array(filters).fill(50), ...rest };
}

const taskOf = (): LayerTask => ({
  before: Float64Array.from({ length: filters * inputs }, (_, i) => Math.sin(i)),
  biasBefore: new Float64Array(filters),
  evidence: [{ all: moments(1), halves: [moments(2), moments(3)] }],
  bank: {
    plan: { method: 'hybrid', fullPrecision: [1], hidden: 5 },
    options: { damping: 0.01, rounds: 1, seed: 0, name: 'layer', reselect: false },
  },
});

test('another thread finds the same, and says how far it is', async () => {
  const solver = new LayerSolver(undefined);
  try {
    const expected = fitLayer(taskOf());
    for (const work of [0, 1e9, 1e9]) {
      const shares: number[] = [];
      expect(await solver.solve(taskOf(), work, (share) => shares.push(share))).toEqual(expected);
      expect(shares).toHaveLength(work > 0 ? 7 : 0);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      expect(shares.at(-1) ?? 0).toBeLessThan(1);
    }
  } finally {
    await solver.close();
  }
});

test.each([0, 1e9])('ends at once after the signal (work %d)', async (work) => {
  const controller = new AbortController();
  const solver = new LayerSolver(controller.signal);
  try {
    const solved = solver.solve(taskOf(), work, () => {});
    controller.abort(new Error('enough'));
    await expect(solved).rejects.toThrow('enough');
  } finally {
    await solver.close();
  }
});
