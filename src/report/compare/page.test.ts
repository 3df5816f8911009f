import { expect, it } from 'vitest';
import { colorOf } from './page.ts';

it('no two runs have the same colour', () => {
  const colors = Array.from({ length: 12 }, (_, group) => [0, 1, 2, 3].map((run) => colorOf(group, run, 4))).flat();
  expect(new Set(colors).size).toBe(colors.length);
});
