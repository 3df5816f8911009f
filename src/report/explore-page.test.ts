import { expect, test } from 'vitest';
import { defaultArray, macArray } from '../accelerator/index.ts';
import type { ExploredArray } from '../hardware/explore.ts';
import { renderExplorePage } from './explore-page.ts';
import { clockNote, printExploration } from './explore-text.ts';

const array = (name: string, cycles: number, area: number, more: Partial<ExploredArray> = {}): ExploredArray => ({
  ...{ name, array: macArray, cycles, busy: { mac: 0.9, adder: 0 }, area, areaWithMemory: 2 * area },
  ...{
    throughput: 5e7 / cycles,
    throughputPerArea: 5e13 / cycles / area,
    isInBudget: true,
    isPareto: true,
    clockLimit: 60,
  },
  ...more,
});
const small = array('small', 1000, 1e6);
const fast = array('fast', 250, 2e6, { array: defaultArray, busy: { mac: 0.8, adder: 0.7 }, energy: 12.34 });
const large = array('large', 100, 9e6, { isInBudget: false, isPareto: false });
const exploration = {
  ...{ library: 'cells', arrays: [small, fast, large], fastest: fast, densest: fast },
  refused: [{ name: 'odd', reason: 'a reason' }],
};

test('the terminal has the best for its area first, and says what is too large and what was left out', () => {
  const lines = printExploration(exploration).split('\n');
  expect(lines.slice(2, 5).map((line) => line.split(' ')[0])).toEqual(['fast', 'large', 'small']);
  expect(lines[2]).toMatch(/12\.3 .*Pareto$/);
  expect(lines[3]).toMatch(/too large$/);
  expect(lines.at(-1)).toBe('left out           odd: a reason');
});

test('a page without its control says so, and one with it shows it', () => {
  expect(printExploration(exploration)).toContain('they are no control');
  const control = array('control: 16 x 1 MAC', 500, 1e6, { isControl: true, isPareto: false });
  const lines = printExploration({ ...exploration, arrays: [...exploration.arrays, control] });
  expect(lines).toContain('control: 16 x 1 MAC');
  expect(lines).toContain('the control is the uncompressed one in int8');
});

test('what is relative to the control, and clocks that are too fast', () => {
  const relative = { throughput: 2.4567, throughputWithMemory: 1.5, energy: 0.31 };
  const arrays = [
    { ...fast, relative },
    { ...small, clockLimit: 40 },
  ];
  const lines = printExploration({ ...exploration, arrays }).split('\n');
  expect(lines[0]).toMatch(/clock limit \(MHz\) +throughput per area +with memory +energy +with memory/);
  expect(lines[2]).toMatch(/ 60\.0 +2\.457 +1\.500 +0\.310 +Pareto$/);
  expect(clockNote(arrays, 40)).toBeUndefined();
  expect(clockNote(arrays, 50)).toBe(
    '50 MHz is more than 1 of 2 arrays can do, by an estimate of their longest paths (the slowest: 40.0 MHz)',
  );
});

test('the page has the best arrays, a dot for each array, and what was left out', () => {
  const about = { title: 'Arrays', generatedBy: 'a test', command: 'explore', date: '2026-01-01T00:00:00Z' };
  const page = renderExplorePage({ ...about, exploration, budget: 3e6, clockMHz: 50 });
  expect(page).toContain('Most for its area');
  expect(page).toContain('odd: a reason');
  for (const { name } of exploration.arrays) expect(page).toContain(`<title>${name}: `);
});
