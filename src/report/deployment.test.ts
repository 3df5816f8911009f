import { describe, expect, it } from 'vitest';
import { judgeControl } from './deployment.ts';

type Given = Parameters<typeof judgeControl>[0];

/** A compressed file of 1000 bytes that has 60 % right, and its controls. */
const given = (control: object, more: { fourBits?: object; config?: object } = {}) =>
  ({
    result: {
      bytes: 1000,
      accuracy: { after: { top1: 0.6 } },
      forms: { activations: 'int8' },
      config: {},
      control,
      ...more,
    },
  }) as unknown as Given;

describe('judgeControl', () => {
  it('speaks where a control is as small and no less accurate', () => {
    expect(judgeControl(given({ bytes: 900, top1: 0.6 }))).toContain('(900 bytes against 1,000)');
    expect(judgeControl(given({ bytes: 900 }))).toContain('in int8 is smaller');
    const fourBits = { bytes: 800, top1: 0.7 };
    expect(judgeControl(given({ bytes: 2000, top1: 0.7 }, { fourBits }))).toContain('--uniform int4');
  });

  it('says nothing where the file gains something, or is int8 itself', () => {
    expect(judgeControl(given({ bytes: 900, top1: 0.5 }))).toBeUndefined();
    expect(judgeControl(given({ bytes: 2000, top1: 0.7 }, { fourBits: { bytes: 800, top1: 0.5 } }))).toBeUndefined();
    const config = { uniform: { bits: 8 } };
    expect(judgeControl(given({ bytes: 900, top1: 0.6 }, { config }))).toBeUndefined();
  });
});
