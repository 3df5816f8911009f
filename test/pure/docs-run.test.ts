/**
 * Commands that pages show are run where they need no long computing and none of the reader's files, in a folder with a model and
 * what else pages take for granted. A block of such commands that cannot be run has its reason in the page, on the line
 * before it: `<!-- not run: REASON -->`.
 */

import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'dist/cli/main.js');
const isBuilt = process.env.TRITBANK_TEST_BUILT === '1' && existsSync(program);
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).flatMap((f) => (f.endsWith('.md') ? [`docs/${f}`] : [])),
];

/** Commands that only count, look or print: seconds at most. */
const quick = new Set(['accelerators', 'cost', 'inspect', 'table1', 'zoo']);
/** They compute, or draw a page, or read what the reader has. */
const slow = /--(data|sweep|report|measured)\b|\.tflite|\.json\b|int8\.onnx/;

const work = mkdtempSync(join(tmpdir(), 'tritbank-docs-'));
for (const name of ['model.onnx', 'small.onnx', 'mobilenet.onnx', 'network.onnx']) {
  copyFileSync(join(root, 'examples/browser/models/baseline.onnx'), join(work, name));
}
for (const name of ['accelerators', 'results']) symlinkSync(join(root, name), join(work, name));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The commands of a page's blocks that are not marked, without comments and what they are written to. */
const commandsOf = (page: string): string[] =>
  [
    ...readFileSync(join(root, page), 'utf8').matchAll(
      /(<!-- not run: .+ -->\n)?^ *```(?:sh|console)\n([\s\S]*?)^ *```/gm,
    ),
  ]
    .filter(([, mark]) => mark === undefined)
    .flatMap(([, , text = '']) => text.replaceAll('\\\n', ' ').split('\n'))
    .flatMap((line) => /^ *(?:\$ )?(?:npx )?tritbank ([a-z].*)$/.exec(line)?.[1] ?? [])
    .map((line) => line.replace(/\s+#.*| [|>&].*/, '').trim())
    .filter((line) => quick.has(line.split(' ')[0]!) && !slow.test(line));

const commands = [...new Map(pages.flatMap((page) => commandsOf(page).map((line) => [line, page] as const)))];

describe.skipIf(!isBuilt)('commands on pages do what they say', () => {
  it('are several', () => expect(commands.length).toBeGreaterThan(6));

  it.each(commands)('tritbank %s (%s)', async (line) => {
    const words = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'|'$/g, ''));
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...words], {
      cwd: work,
      env: { ...process.env, TRITBANK_CACHE: 'off' },
    });
    expect(stdout.length).toBeGreaterThan(10);
  });
});
