/** What pages show: commands with options that the program has, and TypeScript that passes the type checker. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs')).flatMap((f) => (f.endsWith('.md') ? [`docs/${f}`] : [])),
];

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

/** Code blocks, those of lists too. */
const blocks = pages.flatMap((page): Block[] =>
  [...read(page).matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```/gm)].map(([, indent = '', language = '', text = '']) => ({
    page,
    language,
    text: text.replace(new RegExp(`^${indent}`, 'gm'), ''),
  })),
);

/** The program's help for a command, which a test holds to the program. */
function helpOf(words: readonly string[]): string | undefined {
  const [first = '', second = ''] = words;
  const path = [`${first}-${second}`, first].map((name) => join(root, `test/golden/help-${name}.txt`)).find(existsSync);
  return path && readFileSync(path, 'utf8');
}

const commands = blocks
  .filter(({ language }) => language === 'sh' || language === 'console')
  .flatMap(({ page, text }) =>
    text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .flatMap((line) => /^(?:\$ )?(?:[\w.=-]+ )*?(?:npx )?tritbank ([a-z].*)$/.exec(line)?.[1] ?? [])
      .flatMap((line) => line.split(/ && | \| | > /)[0] ?? [])
      .map((line) => ({ page, line: line.replace(/ #.*/, '').trim() })),
  );

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

const entries: Readonly<Record<string, string>> = {
  tritbank: 'src/index.ts',
  'tritbank/graph': 'src/graph.ts',
  'tritbank/cost': 'src/cost/index.ts',
  'tritbank/runtime': 'src/runtime/node.ts',
};

it('TypeScript on pages passes the type checker', { timeout: 180_000 }, () => {
  const found = blocks.filter(({ language, text }) => language === 'ts' && text.includes(" from 'tritbank"));
  expect(found.length).toBeGreaterThan(5);
  const files = new Map(
    found.map(({ page, text }, i): [string, string] => {
      const code = text.replace(
        / from '(tritbank[^']*)'/g,
        (_, name: string) => ` from '${join(root, entries[name]!)}'`,
      );
      // what a page leaves to the reader
      const given = 'declare const canvas: HTMLCanvasElement; declare const pixels: Float32Array;';
      return [join(root, `test/pure/${page.replace(/\W/g, '-')}-${i}.ts`), `${code}\n${given}\nexport {};\n`];
    }),
  );
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {
      noUnusedLocals: false,
      noUncheckedIndexedAccess: false,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
    },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )!;
  const host = ts.createCompilerHost(config.options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name);
  host.readFile = (name) => files.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, options, ...rest) => {
    const text = files.get(name);
    return text === undefined
      ? getSourceFile.call(host, name, options, ...rest)
      : ts.createSourceFile(name, text, options);
  };
  const program = ts.createProgram([...files.keys()], config.options, host);
  const faults = [...files.keys()].flatMap((name) => {
    const source = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${name.slice(root.length + 11)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
  expect(faults).toEqual([]);
});
