/**
 * Code that readers are shown, in a folder with the files that it names: the examples in the doc comments of what the entry
 * points export (every function has one), and the TypeScript and the commands of README.md and docs/. All of it runs but for
 * what `not-run.ts` lists.
 */

import { execFile, fork } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { blocksNotRun, languagesNotRun, linesNotRun, shorter } from '../fixtures/not-run.ts';
import { blocks, lines, root } from '../fixtures/pages.ts';
import { makeExampleFiles, makePageFiles, makeZoo } from '../fixtures/reader-files.ts';

/** What users import, and where it is; `tritbank/runtime` is another file in browsers, with the same types. */
const entries: Readonly<Record<string, string>> = {
  tritbank: 'src/index.ts',
  'tritbank/graph': 'src/graph.ts',
  'tritbank/cost': 'src/cost/index.ts',
  'tritbank/runtime': 'src/runtime/node.ts',
};

interface Exported {
  readonly name: string;
  readonly isFunction: boolean;
  readonly examples: readonly string[];
}

const config = ts.getParsedCommandLineOfConfigFile(
  join(root, 'tsconfig.json'),
  { noUnusedLocals: false, rewriteRelativeImportExtensions: false, allowImportingTsExtensions: true },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
)!;
const sources = ts.createProgram(
  Object.values(entries).map((path) => join(root, path)),
  config.options,
);

const examplesIn = (tags: readonly ts.JSDocTagInfo[]) =>
  tags.filter(({ name }) => name === 'example').map(({ text }) => ts.displayPartsToString(text).trim());

/** A function's examples, those of a class or an object with those of its methods; entries export much twice. */
function findExports(checker: ts.TypeChecker): Exported[] {
  const modules = Object.values(entries).map((path) =>
    checker.getSymbolAtLocation(sources.getSourceFile(join(root, path))!),
  );
  const symbols = modules.flatMap((module) => checker.getExportsOfModule(module!));
  const originals = symbols.map((symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  );
  return [...new Set(originals)].flatMap((symbol): Exported[] => {
    const { name, valueDeclaration } = symbol;
    if (!valueDeclaration) return [];
    const type = checker.getTypeOfSymbol(symbol);
    const calls = type.getCallSignatures();
    if (calls.length > 0) {
      const examples = calls.flatMap((call) => examplesIn(call.getJsDocTags()));
      return [{ name, isFunction: true, examples }];
    }
    const parts = [symbol, ...(symbol.flags & ts.SymbolFlags.Class ? [] : type.getProperties())];
    return [{ name, isFunction: false, examples: parts.flatMap((part) => examplesIn(part.getJsDocTags(checker))) }];
  });
}

const exported = findExports(sources.getTypeChecker());
const examples = exported.flatMap(({ name, examples: texts }) =>
  texts.map((text, i): [string, string] => [i === 0 ? name : `${name}-${i + 1}`, text]),
);

const shown = blocks
  .filter(({ language }) => language === 'ts')
  .map(({ page, text }, i): [string, string] => [`${page.replace(/\W/g, '-')}-${i + 1}`, text]);
/** What the first entry has that meets. */
const firstOf = (list: ReadonlyMap<string, string>, meets: (key: string) => boolean) =>
  [...list].find(([key]) => meets(key))?.[1];
const isRun = ([, text]: readonly [string, string]) => !firstOf(blocksNotRun, (key) => text.includes(key));

/** Paths in place of names, and an export: only modules have `await` outside of functions. */
function moduleOf(text: string): string {
  const pathOf = (name: string) => join(root, entries[name]!);
  return `${text.replace(/ from '(tritbank[^']*)'/g, (_, name: string) => ` from '${pathOf(name)}'`)}\nexport {};\n`;
}

let directory: string;
const place = process.cwd();
const fileOf = (name: string) => join(directory, 'modules', `${name}.ts`);

/** A folder of its own with the files that there are; returns its path. */
function copyFiles(name: string): string {
  const folder = join(directory, name);
  cpSync(join(directory, 'files'), folder, { recursive: true, verbatimSymlinks: true });
  return folder;
}

const zooBefore = process.env.TRITBANK_ZOO;

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'tritbank-api-')));
  process.chdir(directory);
  process.env.TRITBANK_ZOO = makeZoo('zoo');
  mkdirSync('files');
  process.chdir('files');
  await makeExampleFiles();
  // what examples write is none of what pages find
  copyFiles('examples');
  await makePageFiles();
  mkdirSync(join(directory, 'modules'));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of [...examples, ...shown]) writeFileSync(fileOf(name), moduleOf(text));
});
afterAll(() => {
  process.env.TRITBANK_ZOO = zooBefore;
  if (zooBefore === undefined) delete process.env.TRITBANK_ZOO;
  process.chdir(place);
  rmSync(directory, { recursive: true, force: true });
});

test('every exported function has an example', () => {
  const functions = exported.filter(({ isFunction }) => isFunction);
  expect(functions.length).toBeGreaterThan(80);
  expect(functions.filter((one) => one.examples.length === 0).map(({ name }) => name)).toEqual([]);
});

test('all of it passes the type checker', () => {
  const files = [...examples, ...shown].map(([name]) => fileOf(name));
  const program = ts.createProgram(files, config.options, ts.createCompilerHost(config.options), sources);
  const found = files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  const host = {
    getCurrentDirectory: () => directory,
    getCanonicalFileName: (name: string) => name,
    getNewLine: () => '\n',
  };
  expect(ts.formatDiagnostics(found, host)).toBe('');
});

async function runModule(name: string, folder: string): Promise<void> {
  for (const method of ['log', 'warn'] as const) vi.spyOn(console, method).mockImplementation(() => {});
  process.chdir(folder);
  await import(/* @vite-ignore */ pathToFileURL(fileOf(name)).href);
}

test.each(examples)('%s', (name) => runModule(name, join(directory, 'examples')));

test.each(shown.filter(isRun))('%s', (name) => runModule(name, copyFiles(join('blocks', name))));

/** A command among the words of a line, and the file that it prints to. */
interface Command {
  readonly words: readonly string[];
  readonly out: string | undefined;
}

/** The commands of a line of shell: words, maybe in quotes, `folder/*`, `&&` and `> file`. */
function commandsOf(line: string): Command[] {
  const commands = line.split(' && ').filter((text) => !isListed(text));
  return commands.map((text) => {
    const [, command = '', out] = /^(.*?)(?: > (\S+))?$/.exec(text)!;
    return { words: command.match(/'[^']*'|\S+/g)!.map((word) => word.replace(/^'|'$/g, '')), out };
  });
}

const expand = (cwd: string, word: string) =>
  word.endsWith('/*') ? readdirSync(join(cwd, word.slice(0, -1))).map((name) => word.replace('*', name)) : [word];

/** What lines may call besides the program: nothing that goes beyond the test's folder. */
const tools = new Set(['make', 'printf', 'arm-none-eabi-gcc', 'arm-none-eabi-size']);

interface Answer {
  readonly printed: string;
  readonly status?: number;
  readonly error?: string;
}

const begins = (line: string, key: string) => line.split(' && ').some((command) => command.startsWith(key));
const isListed = (command: string) => firstOf(linesNotRun, (key) => command.startsWith(key)) !== undefined;
const isBuilt = process.env.TRITBANK_TEST_BUILT === '1';
/** A line that is on several pages runs once. */
const toRun = [...new Map(lines.map((line) => [line.text, line])).values()].filter(({ text }) => !isListed(text));

describe('commands on pages', () => {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  let child: ReturnType<typeof fork>;
  const ask = (message: object) =>
    new Promise<Answer>((resolve, reject) => {
      child.once('message', (answer) => resolve(answer as Answer));
      child.once('exit', (code) => reject(new Error(`the program ended with status ${code}`)));
      child.send(message);
    });

  beforeAll(async () => {
    const env = { ...process.env, TRITBANK_DATA: join(directory, 'data'), XDG_CACHE_HOME: join(directory, 'cache') };
    child = fork(join(root, 'test/fixtures/run-commands.mjs'), { execArgv: isBuilt ? [] : ['--import', loader], env });
    await ask({ entry: pathToFileURL(join(root, isBuilt ? 'dist/cli/program.js' : 'src/cli/program.ts')).href });
    for (const page of new Set(lines.map((line) => line.page))) copyFiles(join('pages', page));
  });
  afterAll(() => child.kill());

  const cases = toRun.map(({ page, text }): [string, string] => [text, page]);
  test.for(cases)('%s (%s)', async ([line, page], context) => {
    const cwd = join(directory, 'pages', page);
    const more = (firstOf(shorter, (key) => line.includes(key)) ?? '').split(' ').filter(Boolean);
    for (const { words, out } of commandsOf(line)) {
      const [first = '', ...rest] = words;
      if (first !== 'tritbank') {
        expect([...tools]).toContain(first);
        try {
          await promisify(execFile)(first, rest, { cwd });
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') context.skip(`there is no ${first}`);
          throw error;
        }
        continue;
      }
      const args = [...rest.flatMap((word) => expand(cwd, word)), ...more];
      // what a command makes is not there yet
      const at = args.indexOf('--out');
      if (at > 0 && !args.includes('--resume')) rmSync(join(cwd, args[at + 1]!), { recursive: true, force: true });
      const { printed, status, error } = await ask({ cwd, words: args });
      if (error !== undefined) throw new Error(error);
      expect(status).toBe(0);
      expect(printed.length).toBeGreaterThan(10);
      if (!out) continue;
      const file = join(cwd, out.replace('~', 'home'));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, printed);
    }
  });
});

test('what is not run is on the pages, and has a reason', () => {
  const gone = [
    ...[...linesNotRun.keys()].filter((key) => !lines.some(({ text }) => begins(text, key))),
    ...[...shorter.keys()].filter((key) => !toRun.some(({ text }) => text.includes(key))),
    ...[...blocksNotRun.keys()].filter((key) => !shown.some(([, text]) => text.includes(key))),
    ...[...languagesNotRun.keys()].filter((key) => !blocks.some(({ language }) => language === key)),
  ];
  expect(gone).toEqual([]);
  const ways = new Set(['ts', 'sh', 'console', 'json', 'c', ...languagesNotRun.keys()]);
  expect(blocks.filter(({ language }) => !ways.has(language))).toEqual([]);
  expect([toRun.length, shown.filter(isRun).length].map((count, i) => count > [60, 12][i]!)).toEqual([true, true]);
});
