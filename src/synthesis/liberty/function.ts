/**
 * Boolean functions of liberty files, `!((A B) + C')`, as truth tables. Operators from the strongest on: `!` before and
 * `'` behind an operand, `^`, then `&`, `*` or nothing between two operands, then `|` or `+`.
 */

import { oneLine } from '../../files/index.ts';
import { TritbankError } from '../../ir/index.ts';

export interface TruthTable {
  /** Names of the variables; the first one is the lowest bit of an index. */
  readonly variables: readonly string[];
  /** The value, 0 or 1, for each of the 2^n combinations. */
  readonly values: Uint8Array;
}

type Value = (at: number) => number;

/** Tables double with each variable; the widest cells of common libraries have eight inputs. */
const mostVariables = 12;

/** The truth table of a function. E_FORMAT for a text that is none; `where` says whose function it is. */
export function parseFunction(text: string, where: string): TruthTable {
  const words = text.match(/[A-Za-z_][\w[\]]*|\S/g) ?? [];
  const variables = [...new Set(words.filter((word) => /^[A-Za-z_]/.test(word)))];
  const wrong = (expected: string) =>
    new TritbankError('E_FORMAT', where, `expected ${expected}, found '${oneLine(text)}'`);
  if (variables.length > mostVariables) throw wrong(`a function of at most ${mostVariables} pins`);
  let at = 0;

  const operand = (): Value => {
    const word = words[at++];
    if (word === undefined) throw wrong('a Boolean function');
    let value: Value;
    if (word === '!') {
      const inner = operand();
      return (i) => 1 - inner(i);
    }
    if (word === '(') {
      value = sum();
      if (words[at++] !== ')') throw wrong("a Boolean function with a ')' for each '('");
    } else if (word === '0' || word === '1') {
      const constant = Number(word);
      value = () => constant;
    } else {
      const bit = variables.indexOf(word);
      if (bit < 0) throw wrong('a Boolean function');
      value = (i) => (i >> bit) & 1;
    }
    while (words[at] === "'") {
      at++;
      const inner = value;
      value = (i) => 1 - inner(i);
    }
    return value;
  };
  const exclusive = (): Value => {
    let value = operand();
    while (words[at] === '^') {
      at++;
      const [a, b] = [value, operand()];
      value = (i) => a(i) ^ b(i);
    }
    return value;
  };
  const product = (): Value => {
    let value = exclusive();
    for (;;) {
      const word = words[at];
      if (word === undefined || word === ')' || word === '+' || word === '|') return value;
      if (word === '*' || word === '&') at++;
      const [a, b] = [value, exclusive()];
      value = (i) => a(i) & b(i);
    }
  };
  const sum = (): Value => {
    let value = product();
    while (words[at] === '+' || words[at] === '|') {
      at++;
      const [a, b] = [value, product()];
      value = (i) => a(i) | b(i);
    }
    return value;
  };

  const value = sum();
  if (at < words.length) throw wrong('one Boolean function');
  return { variables, values: Uint8Array.from({ length: 2 ** variables.length }, (_, i) => value(i)) };
}
