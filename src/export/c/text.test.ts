import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrayText, commentText, floatText, identifierOf, stringText } from './text.ts';

it('floats are read back to the bit', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (v) => {
      const text = floatText(v);
      expect(Math.fround(Number(text.slice(0, -1)))).toBe(v);
      expect(text).toMatch(/^-?\d+[.e].*f$/);
    }),
  );
});

it('names and texts of files do no harm', () => {
  expect(identifierOf('9 lives/../x.int8')).toBe('model_9_lives_x_int8');
  expect(identifierOf('Mobile-Net V2')).toBe('mobile_net_v2');
  expect(identifierOf('日本')).toBe('model');
  expect(['test', 'Tritbank kernels', 'string', 'all'].map(identifierOf)).toEqual(
    ['test', 'tritbank_kernels', 'string', 'all'].map((name) => `model_${name}`),
  );
  expect(commentText('a */ b /* c\n')).toBe('a * / b / * c?');
  expect(stringText('say "??/" é\n')).toBe('"say \\"\\?\\?/\\" \\303\\251\\012"');
});

it('arrays have lines of at most 120 characters', () => {
  const text = arrayText('int32_t', 'x', [-(2 ** 31), ...Array.from({ length: 99 }, (_, i) => i * 1e6)]);
  expect(text).toContain('static const int32_t x[100] = {\n    (-2147483647 - 1), 0,');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});
