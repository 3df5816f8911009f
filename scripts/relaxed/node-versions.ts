/** Versions of Node from npm, as programs, and what runs in them. */

import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '../..');
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** The program of a version, which npm keeps in its cache; undefined where it cannot be had. */
export function findNode(version: string): string | undefined {
  const args = ['exec', '--yes', `--package=node@${version}`, '-c', 'node -p process.execPath'];
  const { status, stdout } = spawnSync('npm', args, { cwd: '/', encoding: 'utf8' });
  return status === 0 ? stdout.trim().split('\n').at(-1) : undefined;
}

/** The runtime's tests; what they print goes through. */
export function runTests(node: string): boolean {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const run = (project: string, ...files: string[]) =>
    spawnSync(node, [vitest, 'run', '--project', project, ...files], { cwd: root, stdio: 'inherit' }).status === 0;
  const passed = [run('fast', 'src/runtime'), run('slow', 'test/ort/runtime')];
  return passed.every(Boolean);
}

/** What a program prints, which is given `input`. */
export function runProgram(node: string, script: string, input: string): Promise<string> {
  const child = spawn(node, ['--import', tsx, join(import.meta.dirname, script)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(input);
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (status) => {
      if (status === 0) done(stdout);
      else fail(new Error(`${script} in ${node}: status ${status}`));
    });
  });
}
