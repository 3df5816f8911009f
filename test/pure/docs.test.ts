/** Commands that pages show have options that the program has. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lines, root } from '../fixtures/pages.ts';

/** The program's help for a command, which a test holds to the program. */
function helpOf(words: readonly string[]): string | undefined {
  const [first = '', second = ''] = words;
  const path = [`${first}-${second}`, first].map((name) => join(root, `test/golden/help-${name}.txt`)).find(existsSync);
  return path && readFileSync(path, 'utf8');
}

const commands = lines
  .flatMap(({ page, text }) => text.split(/ && | \| | > /).map((part) => ({ page, text: part })))
  .flatMap(({ page, text }) => {
    const line = /^(?:[\w.=-]+ )*?(?:npx )?tritbank ([a-z].*)$/.exec(text)?.[1];
    return line === undefined ? [] : { page, line };
  });

describe('commands on pages', () => {
  it('are many', () => expect(commands.length).toBeGreaterThan(60));

  it('and their options are those of the program', () => {
    const faults = commands.flatMap(({ page, line }) => {
      const words = line.split(/\s+/);
      const help = helpOf(words);
      if (help === undefined) return [`${page}: no command '${words[0]}'`];
      const flags = words.flatMap((word) => /^(--[a-z][\w-]*)/.exec(word)?.[1] ?? []);
      const known = new Set(help.match(/--[a-z][\w-]*/g));
      return flags.filter((flag) => !known.has(flag)).map((flag) => `${page}: tritbank ${line}: no option ${flag}`);
    });
    expect(faults).toEqual([]);
  });
});
