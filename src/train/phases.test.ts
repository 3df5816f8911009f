import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planPhases } from './phases.ts';

const spans = (epochs: number, ...phases: [number, number, number]) =>
  planPhases({ method: 'hybrid', epochs, phases }).map((s) => `${s.phase} ${s.before}+${s.epochs}`);

describe('planPhases', () => {
  it('has one phase for full precision, whatever the shares', () => {
    const phases = [0, 1, 1] as const;
    expect(planPhases({ method: 'fp', epochs: 7, phases })).toEqual([{ phase: 'full', epochs: 7, before: 0 }]);
  });

  it('splits by shares', () => {
    const phases = [0.4, 0.4, 0.2] as const;
    expect(planPhases({ method: 'twn', epochs: 10, phases })).toEqual([
      { phase: 'full', epochs: 4, before: 0 },
      { phase: 'ternary', epochs: 4, before: 4 },
      { phase: 'frozen', epochs: 2, before: 8 },
    ]);
    expect(spans(6, 1, 1, 1)).toEqual(['full 0+2', 'ternary 2+2', 'frozen 4+2']);
    expect(spans(100, 29, 42, 29)).toEqual(['full 0+29', 'ternary 29+42', 'frozen 71+29']);
  });

  it('gives the first epochs to the ternary phase, then to the full, then to the frozen one', () => {
    expect(spans(1, 0.4, 0.4, 0.2)).toEqual(['ternary 0+1']);
    expect(spans(2, 0.4, 0.4, 0.2)).toEqual(['full 0+1', 'ternary 1+1']);
    expect(spans(3, 0.4, 0.4, 0.2)).toEqual(['full 0+1', 'ternary 1+1', 'frozen 2+1']);
    expect(spans(4, 0.98, 0.01, 0.01)).toEqual(['full 0+3', 'ternary 3+1']);
  });

  it('leaves out phases without a share', () => {
    expect(spans(5, 0, 1, 0)).toEqual(['ternary 0+5']);
    expect(spans(5, 3, 2, 0)).toEqual(['full 0+3', 'ternary 3+2']);
    expect(spans(4, 1, 0, 0)).toEqual(['full 0+4']);
  });

  it('uses every epoch once, in order, and no phase strays from its share by more than it must', () => {
    const share = fc.integer({ min: 0, max: 20 }).map((n) => n / 10);
    const shares = fc.tuple(share, share, share).filter((s) => s.some((v) => v > 0));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), shares, (epochs, phases) => {
        const found = planPhases({ method: 'hybrid', epochs, phases });
        let before = 0;
        for (const span of found) {
          expect(span.before).toBe(before);
          expect(span.epochs).toBeGreaterThan(0);
          before += span.epochs;
        }
        expect(before).toBe(epochs);
        const total = phases.reduce((a, b) => a + b, 0);
        const names = ['full', 'ternary', 'frozen'];
        for (const span of found) {
          const wanted = (phases[names.indexOf(span.phase)]! / total) * epochs;
          expect(wanted).toBeGreaterThan(0);
          // two other phases can each owe one epoch to the rule of at least one, or gain a rounded one
          expect(Math.abs(span.epochs - wanted)).toBeLessThanOrEqual(2 + 1e-9);
        }
      }),
    );
  });
});
