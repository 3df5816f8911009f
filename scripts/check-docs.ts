/**
 * Checks the pages, as a part of `npm run lint`: lines of fewer than 120 columns, and links to files that are there, in the
 * repository and, from what the package brings, in the package.
 *
 * Tables, code and what cannot be broken (a link, a path, a heading) may be longer.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const columns = 120;
process.chdir(join(import.meta.dirname, '..'));

const listed = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' });
const pages = listed('git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.md').trim().split('\n').sort();
const [{ files }] = JSON.parse(listed('npm', 'pack', '--dry-run', '--json')) as [
  { files: readonly { path: string }[] },
];
const packed = new Set(files.map(({ path }) => path));

/** The lines of a page with their numbers, code left out. */
function* proseOf(text: string): Generator<readonly [line: string, number: number]> {
  let fence: string | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || line.trim() === fence))
      fence = fence === undefined ? mark : undefined;
    else if (fence === undefined && !/^ {4}/.test(line)) yield [line, i + 1];
  }
}

/** Whether a line is too long and could be broken before its last word. */
function isTooLong(line: string): boolean {
  if (line.length < columns || /^\s*(\||#)/.test(line)) return false;
  return line.trim().slice(0, columns).includes(' ');
}

const isPacked = (path: string) => packed.has(path) || [...packed].some((file) => file.startsWith(`${path}/`));

const problems: string[] = [];
for (const page of pages) {
  if (!existsSync(page)) continue;
  for (const [line, number] of proseOf(readFileSync(page, 'utf8'))) {
    if (isTooLong(line))
      problems.push(`${page}:${number}: expected fewer than ${columns} columns, found ${line.length}`);
    for (const [, target] of line.matchAll(/\]\((?!https?:|#|mailto:)([^)\s]+)\)/g)) {
      const path = normalize(join(dirname(page), target!.replace(/#.*$/, ''))).replace(/\/$/, '');
      if (!existsSync(path))
        problems.push(`${page}:${number}: expected a file of the repository, found a link to ${target}`);
      else if (packed.has(page) && !isPacked(path)) {
        problems.push(`${page}:${number}: expected a file of the package, found a link to ${target}`);
      }
    }
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
