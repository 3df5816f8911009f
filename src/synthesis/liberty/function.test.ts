import { expect, it } from 'vitest';
import { parseFunction } from './function.ts';

/** The function's value for each combination, the first variable changing fastest. */
const table = (text: string) => [...parseFunction(text, 'cell').values].join('');

it.each([
  ['A', '01'],
  ["A'", '10'],
  ['!A', '10'],
  ["!A''", '10'],
  ['A B', '0001'],
  ['A*B', '0001'],
  ['A & B', '0001'],
  ['A+B', '0111'],
  ['A | B', '0111'],
  ['A ^ B', '0110'],
  ["(A B)'", '1110'],
  ['0', '0'],
  ['1', '1'],
  ['!((A B)+C)', '11100000'],
  // xor binds stronger than and, and than or
  ['A B ^ C', '00010100'],
  ['A + B C', '01010111'],
  ['!A B', '0010'],
  ['((A1*A2)+B1)', '00011111'],
])('%s has the table %s', (text, values) => expect(table(text)).toBe(values));

it('names the variables in the order in which they come', () => {
  expect(parseFunction('(!S*A0)+(S*A1)', 'cell').variables).toEqual(['S', 'A0', 'A1']);
});

it.each(['', '(A', 'A)', 'A +', '+ A', 'A ^', '!', 'A # B', '()'])('refuses %j', (text) => {
  expect(() => parseFunction(text, 'lib cell X pin Y')).toThrow(/lib cell X pin Y: expected .*function/);
});

it('refuses functions of more pins than a table should have', () => {
  const text = Array.from({ length: 13 }, (_, i) => `A${i}`).join('+');
  expect(() => parseFunction(text, 'cell')).toThrow('at most 12 pins');
});
