import { expect, it } from 'vitest';
import { steps } from './steps.ts';
import { type Outcome, renderTable } from './table.ts';

const outcome = (text: string, ok = true): Outcome => ({
  ok,
  text,
  seconds: 1,
  command: 'tritbank x',
  date: '2026-01-02T',
});

it('has a row per file, and the reasons of what failed behind them', () => {
  const text = renderTable({
    machine: 'a machine',
    versions: { torch: '1' },
    command: 'npm run exporters',
    rows: [
      {
        model: 'resnet18',
        opset: '13',
        file: '',
        outcomes: { inspect: outcome('21 of 21'), runtime: outcome('a | b', false) },
      },
    ],
  });
  expect(text).toContain('| ResNet (`resnet18`) | 13 | 21 of 21 |  |  |  |  | no |');
  expect(text).toContain('| `resnet18` | 13 | runtime | a \\| b |');
  expect(text).toContain('a machine; torch 1; 2026-01-02.');
});

it('calls runtimes equal up to 1e-4 of the range and with the same best classes', () => {
  const { fault } = steps.runtime;
  expect(fault!({ error: 1e-5, sameTop: 20, images: 20 })).toBeUndefined();
  expect(fault!({ error: 1e-5, sameTop: 19, images: 20 })).toBe('1.0e-5, 19 of 20 the same');
  expect(fault!({ error: Number.NaN, sameTop: 20, images: 20 })).toContain('NaN');
});
