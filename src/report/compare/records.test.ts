/** Names of groups of runs, and the directory that runs share. */

import { expect, it } from 'vitest';
import { type ComparedRun, commonDirectory, compareRuns } from './records.ts';

const run = (path: string, config: Record<string, unknown>): ComparedRun => ({
  ...{ path, kind: 'train', isFinished: false, seed: Number(config.seed), config, history: [] },
});

const namesOf = (runs: readonly ComparedRun[]) => compareRuns(runs).groups.map(({ name }) => name);

it('groups are named by the few settings in which they differ', () => {
  const runs = [run('runs/a', { alpha: 0.5, seed: 1 }), run('runs/b', { alpha: 0.25, seed: 1 })];
  expect(namesOf(runs)).toEqual(['alpha 0.5', 'alpha 0.25']);
});

it('or else by what their runs are called, seeds left out', () => {
  const many = (value: number) => ({ a: value, b: value, c: value, nested: { d: value, e: value } });
  const runs = [
    run('runs/planned-1', { ...many(1), seed: 1 }),
    run('runs/planned-2', { ...many(1), seed: 2 }),
    run('runs/uniform-1', { ...many(2), seed: 1 }),
    run('runs/uniform-2', { ...many(3), seed: 2 }),
  ];
  expect(namesOf(runs)).toEqual(['planned', 'uniform-1', 'uniform-2']);
});

it('an object and what is in it are said once', () => {
  const kinds = ['kd', 'dist'].map((kind) => run(`runs/${kind}`, { loss: { kind }, seed: 1 }));
  const runs = [...kinds, run('runs/none', { seed: 1 })];
  expect(namesOf(runs)).toEqual(['loss.kind kd', 'loss.kind dist', 'loss.kind default']);
});

it('the directory that all runs are in', () => {
  const of = (...paths: string[]) => commonDirectory(paths.map((path) => run(path, { seed: 1 })));
  expect(of('runs/a', 'runs/b/')).toBe('runs/');
  expect(of('runs/a', 'other/b')).toBe('');
  expect(of('a', 'b')).toBe('');
});
