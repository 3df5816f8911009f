/** Colour where a terminal has it: `NO_COLOR` (no-color.org) and `FORCE_COLOR` have the last word. */

import { styleText } from 'node:util';

export type Style = 'red' | 'yellow' | 'green' | 'bold';

/** Whether what is written to `stream` may have colours. */
export function hasColour(stream: { readonly isTTY?: boolean }, env = process.env): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

/** `text` in a style, for a stream that shows it. */
export const paint = (style: Style, text: string, stream: { readonly isTTY?: boolean }): string =>
  hasColour(stream) ? styleText(style, text) : text;
