import { describe, expect, it } from 'vitest';
import { Random } from '../../ir/index.ts';
import { searchAgain } from './improve.ts';
import { poseProblem } from './options.ts';
import { type SearchOptions, TermSearch } from './search.ts';
import { Residual, Terms } from './terms.ts';

const defaults: SearchOptions = {
  alternations: 40,
  start: 'dense',
  starts: 1,
  unitCost: Number.POSITIVE_INFINITY,
  seed: 0,
};

function randomMatrix(filters: number, inputs: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: filters * inputs }, () => random.normal());
}

const searchIn = (matrix: Float64Array, filters: number, inputs: number, options: Partial<SearchOptions> = {}) =>
  new TermSearch(poseProblem(matrix, filters, inputs, { width: 1 }).metric, { ...defaults, ...options });

describe('a search for a term', () => {
  it('finds a term that is there', () => {
    // 2.5 [1, 0, -1]' [1, 1, 0, -1]
    const matrix = Float64Array.of(2.5, 2.5, 0, -2.5, 0, 0, 0, 0, -2.5, -2.5, 0, 2.5);
    for (const start of ['dense', 'column', 'row'] as const) {
      const { x, y, scale, gain } = searchIn(matrix, 3, 4, { start }).find(new Residual(matrix, 3, 4), 0);
      const sign = x[0]!;
      expect([...x].map((v) => sign * v + 0)).toEqual([1, 0, -1]);
      expect([...y].map((v) => sign * v + 0)).toEqual([1, 1, 0, -1]);
      expect([scale, gain]).toEqual([2.5, 6 * 2.5 ** 2]);
    }
  });

  it('finds the best of all terms, given enough starts', () => {
    for (let seed = 0; seed < 5; seed++) {
      const matrix = randomMatrix(4, 3, seed);
      let best = 0;
      for (let code = 0; code < 3 ** 7; code++) {
        const trits = Array.from({ length: 7 }, (_, i) => (Math.floor(code / 3 ** i) % 3) - 1);
        const [x, y] = [trits.slice(0, 4), trits.slice(4)];
        const norm = x.filter((v) => v).length * y.filter((v) => v).length;
        let product = 0;
        for (let i = 0; i < 4; i++) for (let j = 0; j < 3; j++) product += x[i]! * y[j]! * matrix[i * 3 + j]!;
        if (norm > 0) best = Math.max(best, product ** 2 / norm);
      }
      const search = searchIn(matrix, 4, 3, { starts: 50 });
      const found = search.find(new Residual(matrix, 4, 3), 0);
      expect(found.gain).toBeCloseTo(best, 10);
      // what it says it takes off is what it takes off
      const residual = new Residual(matrix.slice(), 4, 3);
      const before = search.energyOf(residual);
      residual.subtract(found);
      expect(before - search.energyOf(residual)).toBeCloseTo(found.gain, 10);
    }
  });

  it('finds what is left in one channel, which a random start may miss', () => {
    const matrix = new Float64Array(3 * 40);
    matrix[1 * 40 + 17] = 2;
    for (let index = 0; index < 20; index++) {
      const found = searchIn(matrix, 3, 40).find(new Residual(matrix, 3, 40), index);
      expect([found.gain, Math.abs(found.scale)]).toEqual([4, 2]);
    }
  });

  it('gains nothing on zeros', () => {
    const zeros = new Float64Array(6);
    for (const start of ['dense', 'column', 'row'] as const) {
      expect(searchIn(zeros, 2, 3, { start }).find(new Residual(zeros, 2, 3), 0).gain).toBe(0);
    }
  });

  it('sees a term that is added to the residual as if it were in it', () => {
    const matrix = randomMatrix(9, 8, 1);
    const search = searchIn(matrix, 9, 8);
    const random = new Random(2);
    const trits = (n: number) => Int8Array.from({ length: n }, () => random.int(3) - 1);
    const term = { x: trits(9), y: trits(8), scale: 0.7 };
    const start = trits(8);
    const added = search.refine(new Residual(matrix, 9, 8), start, term);
    const [x, y, gain] = [[...added.x], [...added.y], added.gain];
    const sum = matrix.map((v, at) => v + 0.7 * term.x[Math.floor(at / 8)]! * term.y[at % 8]!);
    const inside = search.refine(new Residual(sum, 9, 8), start);
    expect([[...inside.x], [...inside.y]]).toEqual([x, y]);
    expect(inside.gain).toBeCloseTo(gain, 10);
  });
});

describe('searching again', () => {
  it('never raises the error, and keeps the residual of both layouts', () => {
    const matrix = randomMatrix(10, 12, 3);
    const search = searchIn(matrix, 10, 12);
    const terms = new Terms(10, 12, 9);
    const residual = new Residual(matrix.slice(), 10, 12);
    for (let k = 0; k < 9; k++) {
      const found = search.find(residual, k);
      terms.add(found);
      residual.subtract(found);
    }
    let last = search.energyOf(residual);
    const first = last;
    for (let round = 0; round < 5; round++) {
      searchAgain(terms, residual, search);
      expect(search.energyOf(residual)).toBeLessThanOrEqual(last + 1e-12);
      last = search.energyOf(residual);
    }
    expect(last).toBeLessThan(0.99 * first);
    const exact = terms.residual(matrix);
    for (let i = 0; i < 10; i++) {
      for (let j = 0; j < 12; j++) {
        expect(residual.rows[i * 12 + j]).toBeCloseTo(exact[i * 12 + j]!, 10);
        expect(residual.columns[j * 10 + i]).toBe(residual.rows[i * 12 + j]);
      }
    }
  });
});
