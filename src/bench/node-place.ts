/** The contest in Node: in this process or by another version's program, and cold starts in processes of their own. */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TritbankError } from '../ir/index.ts';
import type { ContestOptions } from './contest.ts';
import { type ContestResult, contestHere } from './in-node.ts';
import { median } from './median.ts';
import type { ColdRequest, ContestRequest } from './node-program.ts';
import type { BenchTask, ColdStart, Measurement, ModelForm, PlaceResult } from './records.ts';

export interface PlaceOptions extends ContestOptions {
  /** Cold starts of each contestant. */
  readonly starts: number;
  readonly device?: 'webgpu';
}

const isSource = import.meta.url.endsWith('.ts');
const program = fileURLToPath(new URL(`./node-program${isSource ? '.ts' : '.js'}`, import.meta.url));

/** What lets Node read sources, where this is one. */
const loader = () => (isSource ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : []);

/** Gives a request to a program of its own. E_DEVICE where it does not run. */
function ask<T>(
  node: string,
  request: ColdRequest | ContestRequest,
  onMessage?: (message: number) => void,
): Promise<T> {
  const child = spawn(node, [...loader(), program], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
  const [input, output, errors] = [child.stdin!, child.stdout!, child.stderr!];
  let [stdout, stderr] = ['', ''];
  output.on('data', (chunk) => {
    stdout += chunk;
  });
  errors.on('data', (chunk) => {
    stderr += chunk;
  });
  child.on('message', (message) => onMessage?.(message as number));
  input.on('error', () => undefined);
  input.end(JSON.stringify(request));
  return new Promise((done, fail) => {
    const refuse = (found: string) =>
      fail(new TritbankError('E_DEVICE', node, `expected a Node that runs it, ${found}`));
    child.on('error', ({ message }) => refuse(`found: ${message}`));
    child.on('close', (status) => {
      const last =
        stderr
          .trim()
          .split('\n')
          .find((line) => /Error/.test(line)) ?? `status ${status}`;
      if (status === 0) done(JSON.parse(stdout) as T);
      else refuse(`found: ${last}`);
    });
  });
}

/** Starts take turns, as rounds do. */
async function startAll(
  node: string,
  measurements: readonly Measurement[],
  paths: ReadonlyMap<ModelForm, string>,
  { channels, size }: BenchTask,
  { threads, starts, device }: PlaceOptions,
): Promise<Measurement[]> {
  const found = measurements.map((): ColdStart[] => []);
  for (let turn = 0; turn < starts; turn++) {
    for (const [i, { runtime, form }] of measurements.entries()) {
      const own = { kind: 'cold', runtime, file: paths.get(form)!, threads, channels, size } as const;
      found[i]!.push(await ask<ColdStart>(node, { ...own, ...(device && { device }) }));
    }
  }
  if (starts === 0) return [...measurements];
  return measurements.map((measurement, i) => ({
    ...measurement,
    cold: median(found[i]!.map(({ milliseconds }) => milliseconds)),
    peak: median(found[i]!.map(({ peak = 0 }) => peak)),
  }));
}

/** In the Node of this process, or in that of the program `node`. */
export async function benchInNode(task: BenchTask, options: PlaceOptions, node?: string): Promise<PlaceResult> {
  const { channels, size, models } = task;
  const { threads, rounds, runs, device, onRound } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tritbank-bench-'));
  try {
    const paths = new Map<ModelForm, string>();
    for (const [form, bytes] of models) {
      paths.set(form, join(folder, `${form}.onnx`));
      writeFileSync(paths.get(form)!, bytes);
    }
    const images = { channels, size, ...(device && { device }) };
    const contest = { threads, rounds, runs };
    const { measurements, ...rest } = node
      ? await ask<ContestResult>(node, { kind: 'contest', files: [...paths], options: contest, ...images }, (done) =>
          onRound?.(done, rounds),
        )
      : await contestHere(task, options, device);
    const all = await startAll(node ?? process.execPath, measurements, paths, task, options);
    return { place: 'node', ...rest, measurements: all };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
