import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readIndex } from '../../src/zoo/index.ts';
import { zooEntries } from './cards.ts';

const results = 'results/cifar10';

describe('the cards of the package', () => {
  it('are what the stored results say', async () => {
    const cards = readIndex(readFileSync('packages/zoo/index.json', 'utf8'), 'index.json');
    const entries = await zooEntries(
      results,
      readdirSync(results)
        .filter((name) => !name.includes('.md'))
        .sort(),
    );
    expect(entries.map(({ card }) => card)).toEqual(cards.map(({ latency: _, ...card }) => card));
  });

  it('have the interval of their accuracy, a plan where filters are ternary, and a sum', async () => {
    const entries = await zooEntries(results, ['mobilenet-v1-0.5']);
    for (const { card, copies } of entries) {
      const [low, high] = card.accuracy.interval;
      expect(low).toBeLessThan(card.accuracy.top1);
      expect(high).toBeGreaterThan(card.accuracy.top1);
      expect(card.plan === undefined).toBe(card.name.endsWith('-full'));
      expect(copies.length).toBe(card.plan ? 2 : 1);
      expect(card.classes).toBe(10);
    }
  });
});
