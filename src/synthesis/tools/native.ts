/** Programs in the search path, each run in a temporary folder of its own. */

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AbortError } from '../../ir/index.ts';
import { LineCollector, type Tool, type ToolJob, type ToolNames, type ToolOutcome } from './tool.ts';

async function run(command: string, { args, files, outputs, onLine, signal }: ToolJob): Promise<ToolOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'tritbank-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const collector = new LineCollector(onLine);
    const status = await new Promise<number>((resolve, reject) => {
      const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) });
      child.stdout.on('data', (bytes: Buffer) => collector.take(bytes));
      child.stderr.on('data', (bytes: Buffer) => collector.take(bytes));
      child.on('error', (error) => reject(signal?.aborted ? new AbortError('stopped') : error));
      child.on('close', (code) => resolve(code ?? 1));
    });
    const made = outputs.flatMap((name) => {
      try {
        return [[name, readFileSync(join(folder, name), 'utf8')] as const];
      } catch {
        return [];
      }
    });
    return { status, lines: collector.end(), files: Object.fromEntries(made) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The program in the search path; undefined where there is none. */
export function findNativeTool({ command, versionFlag }: ToolNames): Tool | undefined {
  const { status, stdout, stderr } = spawnSync(command, [versionFlag], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const version = /\d+\.\d[\w.+-]*/.exec(`${stdout}${stderr}`)?.[0] ?? 'of an unknown version';
  return { name: `${command} ${version}`, run: (job) => run(command, job) };
}
