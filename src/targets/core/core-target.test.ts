/** Figures of cores beside those of programs that the C export lays out. */

import { describe, expect, it } from 'vitest';
import { bankableLayers, separableNetwork, withBanks } from '../../../test/integer-banks.ts';
import { coreNames } from '../../mcu/index.ts';
import { readTarget } from '../open.ts';
import type { BankShape } from '../target.ts';
import { coreFigures, coreTarget } from './core-target.ts';

const network = separableNetwork(16, [8, 24, 48, 64, 64]);

const banks = new Map(
  bankableLayers(network)
    .filter(({ rows }) => rows > 10)
    .map(({ name, rows, columns }, i): [string, BankShape] => {
      const ternary = rows - (i % 2) * 8;
      const hidden = Math.round(1.5 * ternary);
      return [
        name,
        { fullPrecision: rows - ternary, ternary, hidden, nonZero: Math.round(0.3 * hidden * (columns + ternary)) },
      ];
    }),
);

describe.each(coreNames)('%s', (core) => {
  const target = coreTarget(core, network);

  it('is the program of the uncompressed network', () => {
    expect(target.totals(new Map())).toEqual(coreFigures(core, network));
  });

  it('predicts the program with banks', () => {
    const { instructions, flash, ram } = target.totals(banks);
    const found = coreFigures(core, withBanks(network, banks));
    expect(Math.abs(instructions! / found.instructions - 1)).toBeLessThan(0.05);
    expect(Math.abs(flash! / found.flash - 1)).toBeLessThan(0.05);
    // scratch of ternary layers comes to it
    expect(Math.abs(ram! / found.ram - 1)).toBeLessThan(0.6);
  });

  it('adds up', () => {
    const sums = target.whole.map((whole, i) =>
      [...banks].reduce((sum, [layer, bank]) => sum + target.cost(layer, bank)[i]! - target.cost(layer)[i]!, whole),
    );
    const { instructions, flash } = target.totals(banks);
    expect(sums[0]).toBeCloseTo(instructions!, 3);
    expect(sums[1]).toBeCloseTo(flash!, 3);
  });
});

it('asks for what a layer and a bank are, by the cost functions it is given', () => {
  const asked: unknown[] = [];
  const target = coreTarget('cortex-m4', network, (core, step) => {
    asked.push([core, step]);
    return { instructions: 2, cycles: 3, flash: 5 };
  });
  const last = bankableLayers(network).at(-1)!.name;
  const bank = { fullPrecision: 2, ternary: 8, hidden: 12, nonZero: 100 };
  expect([target.cost(last), target.cost(last, bank)]).toEqual([
    [2, 5],
    [2, 5],
  ]);
  const shape = { kind: 'connected', height: 1, width: 1, channels: 64, filters: 10, kernel: [1, 1], stride: 1 };
  expect(asked).toEqual([
    ['cortex-m4', shape],
    ['cortex-m4', { ...shape, filters: 2, ternary: { hidden: 12, filters: 8, nonZero: 100 } }],
  ]);
  expect(() => target.cost(last, { ...bank, nonZero: undefined })).toThrow('expected predicted non-zero weights');
  expect(() => target.cost('other')).toThrow("layer 'other': expected a convolution of one group, found none");
});

it('has short names', () => {
  expect(['m4', 'cortex-m0plus', 'rv32imc', 'riscv'].map((name) => readTarget(name).name)).toEqual([
    ...['cortex-m4', 'cortex-m0plus', 'rv32imc', 'rv32imc'],
  ]);
});
