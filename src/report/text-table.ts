/** Tables and lists of statements as plain text with aligned columns. */

import { replaceControls } from './html.ts';

/** A text that stays on its line: names come from files, and may hold control characters and line ends. */
export const oneLine = (cell: string): string => replaceControls(cell).replace(/[\t\r\n]+/g, ' ');

const lengthOf = (text: string) => [...text].length;

/** Columns of the terminal that standard output is; without bound where it is a file or a pipe. */
const terminalWidth = (): number => (process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY);

/** Columns in groups that fit `width`, each of which begins with the first column; one group where all fit. */
function groupColumns(widths: readonly number[], width: number): number[][] {
  const groups: number[][] = [];
  let room = 0;
  for (const [column, own] of widths.entries()) {
    if (column === 0) continue;
    if (groups.length === 0 || own + 2 > room) {
      groups.push([0]);
      room = width - widths[0]!;
    }
    groups.at(-1)!.push(column);
    room -= own + 2;
  }
  return groups.length > 0 ? groups : [[0]];
}

/**
 * The first column to the left, the others to the right. The head over a rule, then one row a line; `total`, where
 * given, stands below a second rule. Every row has as many cells as the head. No spaces at the ends of lines, no line end
 * behind the last. A table wider than `width`, by default the terminal's, becomes several below one another.
 */
export function alignTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  total?: readonly string[],
  width = terminalWidth(),
): string {
  const all = [head, ...rows, ...(total ? [total] : [])].map((row) => row.map(oneLine));
  const widths = head.map((_, i) => all.reduce((most, row) => Math.max(most, lengthOf(row[i]!)), 0));
  const pad = (text: string, i: number) => {
    const space = ' '.repeat(widths[i]! - lengthOf(text));
    return i === 0 ? text + space : space + text;
  };
  const tables = groupColumns(widths, width).map((columns) => {
    const lines = all.map((row) => columns.map((i) => pad(row[i]!, i)).join('  '));
    const rule = '-'.repeat(lengthOf(lines[0]!));
    lines.splice(1, 0, rule);
    if (total) lines.splice(-1, 0, rule);
    return lines.map((line) => line.trimEnd()).join('\n');
  });
  return tables.join('\n\n');
}

/** A term with what is to be said about it, one thing a line. */
export interface Statement {
  readonly term: string;
  readonly texts: readonly string[];
}

/** The text in lines of at most `width` characters, broken between words. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Lines of running text are not narrower than this, whatever the terminal. */
const leastText = 24;

/** Terms to the left, texts beside them, one a line or, beyond `width`, several. No line end behind the last. */
export function printStatements(statements: readonly Statement[], width = terminalWidth()): string {
  const left = statements.reduce((longest, { term }) => Math.max(longest, lengthOf(oneLine(term))), 0);
  const room = Math.max(leastText, width - left - 2);
  const lines = statements.flatMap(({ term, texts }) =>
    texts
      .flatMap((text) => wrap(oneLine(text), room))
      .map((line, i) => `${(i === 0 ? oneLine(term) : '').padEnd(left)}  ${line}`),
  );
  return lines.join('\n');
}

/** Figures of one line each by what they are called, in lines that fit the terminal. */
export const printPairs = (pairs: readonly (readonly [term: string, text: string])[], width?: number): string =>
  printStatements(
    pairs.map(([term, text]) => ({ term, texts: [text] })),
    width,
  );

/** A note of one paragraph that fits the terminal. */
export const printNote = (text: string, width = terminalWidth()): string =>
  wrap(oneLine(text), Math.max(leastText, width)).join('\n');
