/**
 * A liberty file as what it is made of: groups, `cell (INVX1) { ... }`, with attributes, `area : 16;` or
 * `capacitive_load_unit (1, pf);`, and groups in them. What they mean is in `library.ts`.
 */

import { TritbankError } from '../../ir/index.ts';
import { TokenReader } from './tokens.ts';

export interface Group {
  readonly name: string;
  /** What stands in parentheses behind the name. */
  readonly args: readonly string[];
  /** Values by name; of an attribute that is given several times, the last one's. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly Group[];
  readonly line: number;
}

/** No file has groups in groups of more than five or six. */
const deepest = 16;

/** The one group of a liberty file, `library`. E_FORMAT for a text that is none; `where` is the file. */
export function parseGroups(source: string, where: string): Group {
  const reader = new TokenReader(source, where);
  const first = reader.next();
  if (first.kind !== 'word' || first.value !== 'library') throw reader.wrong(first, 'a liberty file: library (NAME) {');
  const library = parseGroup(reader, first.value, parseArgs(reader), first.line, 0);
  const last = reader.next();
  if (last.kind !== 'end') throw reader.wrong(last, 'the end of the file after the library');
  return library;
}

const isSign = ({ kind, value }: { kind: string; value: string }, sign: string) => kind === 'sign' && value === sign;

function expectSign(reader: TokenReader, sign: string): void {
  const token = reader.next();
  if (!isSign(token, sign)) throw reader.wrong(token, `'${sign}'`);
}

/** `(a, "b", c d)`: what is between commas, as one text each. */
function parseArgs(reader: TokenReader): string[] {
  expectSign(reader, '(');
  const args: string[] = [];
  let words: string[] = [];
  for (;;) {
    const token = reader.next();
    if (isSign(token, ')') || isSign(token, ',')) {
      if (words.length > 0) args.push(words.join(' '));
      words = [];
      if (token.value === ')') return args;
    } else if (token.kind === 'word' || token.kind === 'text' || isSign(token, ':')) words.push(token.value);
    else throw reader.wrong(token, "')'");
  }
}

function parseGroup(reader: TokenReader, name: string, args: string[], line: number, depth: number): Group {
  expectSign(reader, '{');
  if (depth > deepest) {
    throw new TritbankError(
      'E_FORMAT',
      `${reader.where} line ${line}`,
      `expected ${deepest} groups in groups, found more`,
    );
  }
  const attributes = new Map<string, readonly string[]>();
  const groups: Group[] = [];
  for (;;) {
    const token = reader.next();
    if (isSign(token, '}')) break;
    if (isSign(token, ';')) continue;
    if (token.kind !== 'word') throw reader.wrong(token, `an attribute, a group or '}' of ${name}`);
    if (isSign(reader.peek(), ':')) {
      reader.next();
      attributes.set(token.value, [parseValue(reader)]);
    } else {
      const inside = parseArgs(reader);
      if (isSign(reader.peek(), '{')) groups.push(parseGroup(reader, token.value, inside, token.line, depth + 1));
      else attributes.set(token.value, inside);
    }
  }
  if (isSign(reader.peek(), ';')) reader.next();
  return { name, args, attributes, groups, line };
}

/** The rest of `name : value;`. Some files leave the semicolon out: then the value ends with its line. */
function parseValue(reader: TokenReader): string {
  const first = reader.next();
  if (first.kind !== 'word' && first.kind !== 'text') throw reader.wrong(first, 'a value');
  const words = [first.value];
  for (;;) {
    const token = reader.peek();
    if (isSign(token, ';')) {
      reader.next();
      break;
    }
    if ((token.kind !== 'word' && token.kind !== 'text') || token.line !== first.line) break;
    words.push(reader.next().value);
  }
  return words.join(' ');
}
