/**
 * `npm run kernels`: compiles assembly/ to WebAssembly, with and without relaxed SIMD, and assembly/packing/, and writes
 * each as base64 into a file of src/runtime/kernels/modules/ (never committed), so that a bundle for browsers has chunks
 * of script only, of which a page loads those that its engine takes.
 *
 * A module that imports shared memory is compiled too. It differs from the plain one in its head only, where the import
 * is declared; the code is stored once. Nothing is done when the sources are those of the last run.
 */

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Compiler {
  main(
    args: string[],
    options: { readFile(name: string, directory: string): string | null },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

const root = resolve(import.meta.dirname, '..');
const sources = join(root, 'assembly');
const target = join(root, 'src/runtime/kernels/modules');
const names = ['simd', 'relaxed-simd', 'packing'] as const;
const fileOf = (name: (typeof names)[number]) => join(target, `${name}.generated.ts`);

const flags = ['--optimizeLevel', '3', '--runtime', 'stub', '--noAssert', '--enable', 'simd'];
const kernelFlags = ['--importMemory'];
const relaxedFlags = ['--enable', 'relaxed-simd'];
const sharedFlags = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536'];

function fingerprint(): string {
  const require = createRequire(import.meta.url);
  const { version } = require('assemblyscript/package.json') as { version: string };
  const hash = createHash('sha256')
    .update(`assemblyscript ${version}`)
    .update(readFileSync(import.meta.filename));
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(sources, file)));
  return hash.digest('hex');
}

/**
 * A source with `// @inline` as the decorator that the compiler knows. TypeScript has decorators of classes only, so
 * that editors, lint and format could not read the decorator itself.
 */
function readSource(name: string, directory: string): string | null {
  const path = resolve(directory, name);
  return existsSync(path) ? readFileSync(path, 'utf8').replace(/^\/\/ @inline$/gm, '@inline') : null;
}

async function compile(
  compiler: Compiler,
  directory: string,
  extra: readonly string[],
  entry = 'index.ts',
): Promise<Buffer> {
  const out = join(directory, 'kernels.wasm');
  const { error, stderr } = await compiler.main([join(sources, entry), '-o', out, ...flags, ...extra], {
    readFile: readSource,
  });
  if (error !== null) throw new Error(`assembly/ does not compile:\n${stderr.toString()}`);
  return readFileSync(out);
}

/** Bytes at the end that are equal. */
function commonTail(a: Buffer, b: Buffer): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[a.length - 1 - length] === b[b.length - 1 - length]) length += 1;
  return length;
}

async function describeModule(compiler: Compiler, directory: string, extra: readonly string[]): Promise<string[]> {
  const plain = await compile(compiler, directory, [...kernelFlags, ...extra]);
  const shared = await compile(compiler, directory, [...kernelFlags, ...extra, ...sharedFlags]);
  const tail = commonTail(plain, shared);
  if (tail < 0.9 * plain.length) throw new Error('internal: modules for plain and shared memory differ in their code');
  const head = (bytes: Buffer) => bytes.subarray(0, bytes.length - tail).toString('base64');
  const code = plain.subarray(plain.length - tail).toString('base64');
  return [`plain = '${head(plain)}'`, `shared = '${head(shared)}'`, `code = '${code}'`];
}

async function build(): Promise<void> {
  const mark = `// ${fingerprint()}\n`;
  const isNew = (path: string) => existsSync(path) && readFileSync(path, 'utf8').startsWith(mark);
  if (names.every((name) => isNew(fileOf(name)))) return;
  const compiler = (await import('assemblyscript/asc')) as unknown as Compiler;
  const directory = mkdtempSync(join(tmpdir(), 'tritbank-kernels-'));
  try {
    const packing = await compile(compiler, directory, ['--shrinkLevel', '2'], 'packing/index.ts');
    const constants = {
      simd: await describeModule(compiler, directory, []),
      'relaxed-simd': await describeModule(compiler, directory, relaxedFlags),
      packing: [`code = '${packing.toString('base64')}'`],
    } as const;
    mkdirSync(target, { recursive: true });
    const note =
      '/** Generated from assembly/ by `npm run kernels`: what comes before the code, and the code, in base64. */\n';
    for (const name of names) {
      const lines = constants[name].map((constant) => `export const ${constant};\n`);
      writeFileSync(`${fileOf(name)}.tmp`, mark + note + lines.join(''));
      renameSync(`${fileOf(name)}.tmp`, fileOf(name));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

await build();
