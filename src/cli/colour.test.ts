import { expect, test } from 'vitest';
import { hasColour, paint } from './colour.ts';

const terminal = { isTTY: true };

test.each([
  [terminal, {}, true],
  [{}, {}, false],
  [terminal, { NO_COLOR: '1' }, false],
  [terminal, { NO_COLOR: '' }, true],
  [terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  [{}, { FORCE_COLOR: '1' }, true],
  [{}, { FORCE_COLOR: '' }, true],
  [terminal, { FORCE_COLOR: '0' }, false],
  [terminal, { TERM: 'dumb' }, false],
])('%j under %j: %j', (stream, env, expected) => {
  expect(hasColour(stream, env)).toBe(expected);
});

test('a pipe gets plain text', () => {
  expect(paint('red', 'error', {})).toBe('error');
});
