/**
 * The words of a liberty file: names and numbers, quoted texts, and the signs `( ) { } : ; ,`. Comments and continued
 * lines are left out.
 */

import { oneLine } from '../../files/index.ts';
import { TritbankError } from '../../ir/index.ts';

export interface Token {
  readonly kind: 'word' | 'text' | 'sign' | 'end';
  readonly value: string;
  readonly line: number;
}

const space = /(?:\s|\\\r?\n|\/\*[\s\S]*?\*\/|\/\/[^\n]*)+/y;
// an expression such as VDD + 0.3 is several words
const lexeme = /"((?:[^"\\]+|\\[\s\S])*)"|([(){}:;,])|([^\s(){}:;,"\\]+)/y;

/** Reads one token after the other; E_FORMAT for what is none. `where` is the file. */
export class TokenReader {
  private at = 0;
  private counted = 0;
  private line = 1;
  private ahead: Token | undefined;

  constructor(
    private readonly source: string,
    readonly where: string,
  ) {}

  /** The next token, which stays the next one. */
  peek(): Token {
    this.ahead ??= this.read();
    return this.ahead;
  }

  next(): Token {
    const token = this.peek();
    this.ahead = undefined;
    return token;
  }

  /** E_FORMAT at a token. */
  wrong({ kind, value, line }: Token, expected: string): TritbankError {
    const found = kind === 'end' ? 'the end of the file' : `'${oneLine(value)}'`;
    return new TritbankError('E_FORMAT', `${this.where} line ${line}`, `expected ${expected}, found ${found}`);
  }

  private lineAt(position: number): number {
    for (
      let i = this.source.indexOf('\n', this.counted);
      i >= 0 && i < position;
      i = this.source.indexOf('\n', i + 1)
    ) {
      this.line++;
      this.counted = i + 1;
    }
    return this.line;
  }

  private read(): Token {
    space.lastIndex = this.at;
    if (space.test(this.source)) this.at = space.lastIndex;
    const line = this.lineAt(this.at);
    if (this.at >= this.source.length) return { kind: 'end', value: '', line };
    lexeme.lastIndex = this.at;
    const match = lexeme.exec(this.source);
    if (!match) {
      const value = this.source.slice(this.at, this.at + 20);
      throw this.wrong({ kind: 'word', value, line }, 'a name, a number or a closed text');
    }
    this.at = lexeme.lastIndex;
    const [, text, sign, word] = match;
    if (text !== undefined) return { kind: 'text', value: text.replace(/\\\r?\n/g, ' '), line };
    return sign !== undefined ? { kind: 'sign', value: sign, line } : { kind: 'word', value: word!, line };
  }
}
