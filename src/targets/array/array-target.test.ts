/** Predicted cycles of filter banks beside those of compiled networks that have such banks. */

import { describe, expect, it, test } from 'vitest';
import { bankableLayers, separableNetwork, withBanks } from '../../../test/integer-banks.ts';
import { type ArrayParameters, defaultArray, macArray } from '../../accelerator/index.ts';
import { measureCycles, measuredArrays } from '../../hardware/index.ts';
import type { BankShape } from '../target.ts';
import { arrayTarget } from './array-target.ts';

const network = separableNetwork(16, [8, 24, 48, 64, 64]);

/** Banks of a kind in all layers that have more than eight filters. */
function banksWith(alpha: number, ratio: number, density: number): Map<string, BankShape> {
  return new Map(
    bankableLayers(network)
      .filter(({ rows }) => rows > 8)
      .map(({ name, rows, columns }) => {
        const fullPrecision = Math.round(alpha * rows);
        const ternary = rows - fullPrecision;
        const hidden = Math.max(1, Math.round(ratio * ternary));
        const nonZero = Math.round(density * hidden * (columns + ternary));
        return [name, { fullPrecision, ternary, hidden, nonZero }];
      }),
  );
}

const arrays: Record<string, ArrayParameters> = {
  lists: measuredArrays.lists,
  'lists in two copies': defaultArray,
  'lists of single words': { ...defaultArray, inputs: 2, copies: 1, gapBits: 3, lanes: 8 },
  trits: measuredArrays.trits,
  'three rows of trits': { ...measuredArrays.trits, adders: 3, macs: 2 },
  'MACs only': { ...macArray, macs: 2 },
  'an image at a time': { ...measuredArrays.lists, inFlight: 1 },
};

describe.each(Object.entries(arrays))('%s', (name, array) => {
  const target = arrayTarget(name, network, array);

  it('knows the uncompressed network to the cycle', () => {
    const { cycles } = measureCycles(network, array);
    // a stream has a beginning and an end
    expect(target.totals(new Map()).cycles).toBeGreaterThan(cycles * 0.999);
    expect(target.totals(new Map()).cycles).toBeLessThanOrEqual(cycles);
  });

  test.each([
    [0, 2, 0.25],
    [0.5, 1.25, 0.4],
    [0.25, 3, 0.1],
  ])('predicts banks of alpha %f, ratio %f, density %f within 3 %%', (...shape) => {
    const banks = banksWith(...shape);
    const { cycles } = measureCycles(withBanks(network, banks), array);
    const predicted = target.totals(banks).cycles!;
    expect(Math.abs(predicted / cycles - 1)).toBeLessThan(0.03);
    // no engine takes longer than the whole
    const sums = target.whole.map((whole, i) =>
      [...banks].reduce((sum, [layer, bank]) => sum + target.cost(layer, bank)[i]! - target.cost(layer)[i]!, whole),
    );
    expect(Math.max(...sums)).toBeLessThan(predicted * 1.01);
  });
});

describe('refuses', () => {
  const target = arrayTarget('lists', network, measuredArrays.lists);
  const bank = { fullPrecision: 0, ternary: 24, hidden: 10 };
  const [first] = bankableLayers(network).filter(({ rows }) => rows === 24);

  it('banks whose non-zeros are not known, where lists are as long as these are many', () => {
    expect(() => target.cost(first!.name, bank)).toThrow('predicted non-zero weights, which lists on the array need');
    expect(arrayTarget('trits', network, measuredArrays.trits).cost(first!.name, bank)).toHaveLength(2);
  });

  it('layers that are not there, or that are no filters', () => {
    expect(() => target.cost('other')).toThrow("layer 'other': expected filters on the array, found none of that name");
    const depthwise = network.layers.find((layer) => layer.kind === 'convolution' && layer.groups > 1)!;
    expect(() => target.cost(depthwise.name)).toThrow('found another layer');
  });
});
