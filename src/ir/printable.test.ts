import { expect, it } from 'vitest';
import { TritbankError } from './errors.ts';
import { printable, printableJson, printableLines } from './printable.ts';

it.each([
  ['conv_1/α 卷积 🙂', 'conv_1/α 卷积 🙂'],
  ['a\nb\r\tc', 'a\\nb\\r\\tc'],
  ['\u001b[2J\u001b]0;title\u0007', '\\x1b[2J\\x1b]0;title\\x07'],
  ['\u009b31m\u007f', '\\x9b31m\\x7f'],
  ['\u202egnp.exe\u2028', '\\u202egnp.exe\\u2028'],
  ['\ud800', '\\ud800'],
  ['C:\\new', 'C:\\new'],
])('%j', (text, expected) => {
  expect(printable(text)).toBe(expected);
  expect(printable(expected)).toBe(expected);
});

it('keeps the lines of a text, and what JSON says', () => {
  expect(printableLines('a\u001b[2J\n\tb\u009b')).toBe('a\\x1b[2J\n\\tb\\x9b');
  const value = { label: 'a\u001b\u009b\u202e\ud800 卷 "\n' };
  const json = printableJson(JSON.stringify(value));
  expect(json).toMatch(/^[\x20-\x7e卷]*$/);
  expect(JSON.parse(json)).toEqual(value);
});

it('keeps errors on one line', () => {
  const error = new TritbankError('E_GRAPH', "node 'a\u001b[31m'", "expected one, found 'x\ny'");
  expect(error.line).toBe("error E_GRAPH: node 'a\\x1b[31m': expected one, found 'x\\ny'");
  expect([error.where, error.detail]).toEqual(["node 'a\\x1b[31m'", "expected one, found 'x\\ny'"]);
});
