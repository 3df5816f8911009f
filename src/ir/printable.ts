/**
 * Text of others (names, metadata, paths, labels) made safe to print. A terminal obeys escape sequences, a log splits
 * at newlines, and marks of direction reorder what a reader sees; so each becomes the escape that JavaScript writes.
 */

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** C0 and C1 controls, DEL, line and paragraph separators, marks of direction, lone surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

const escapeOf = (char: string, isJson: boolean): string => {
  const code = char.charCodeAt(0);
  const hex = code.toString(16);
  return code < 256 && !isJson ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`;
};

/** The text on one line, with what is not printable as `\n`, `\x1b`, `\u202e`. Printable text stays as it is. */
export function printable(text: string): string {
  return text.replace(unsafe, (char) => short[char] ?? escapeOf(char, false));
}

/** A text of several lines, each of them printable. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** JSON without line ends that says the same: what `JSON.stringify` leaves of controls and marks is escaped, too. */
export const printableJson = (json: string): string => json.replace(unsafe, (char) => escapeOf(char, true));
