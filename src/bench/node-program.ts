/**
 * A program for a process of its own, in this version of Node or another: a whole contest, or the cold start of one
 * contestant. Reads a request as JSON from standard input, prints the result as JSON; rounds are told to the parent.
 */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { json } from 'node:stream/consumers';
import type { SizeOption } from '../images/size.ts';
import { type ContestOptions, makeImage, startCold } from './contest.ts';
import { contestHere, nodeRuntimes } from './in-node.ts';
import type { ColdStart, ModelForm } from './records.ts';

interface Images {
  readonly channels: number;
  readonly size: SizeOption;
  readonly device?: 'webgpu';
}

export interface ContestRequest extends Images {
  readonly kind: 'contest';
  readonly files: readonly (readonly [ModelForm, string])[];
  readonly options: Omit<ContestOptions, 'onRound'>;
}

export interface ColdRequest extends Images {
  readonly kind: 'cold';
  readonly runtime: string;
  readonly file: string;
  readonly threads: number;
}

async function hold({ files, options, device, ...images }: ContestRequest) {
  const models = new Map<ModelForm, Uint8Array>();
  for (const [form, path] of files) models.set(form, await readFile(path));
  const onRound = (done: number) => void process.send?.(done);
  return contestHere({ ...images, models }, { ...options, onRound }, device);
}

/** On Linux by its own account: that of `getrusage` begins with what the parent took when it started this process. */
function peakBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kilobytes !== undefined) return 1024 * Number(kilobytes);
  } catch {
    // another system
  }
  return 1024 * process.resourceUsage().maxRSS;
}

async function start({ runtime, file, threads, channels, size, device }: ColdRequest): Promise<ColdStart> {
  const found = nodeRuntimes(device).find(({ name }) => name === runtime);
  if (!found) throw new Error(`internal: no runtime ${runtime}`);
  const { milliseconds } = await startCold(found, () => readFile(file), makeImage(channels, size), threads);
  return { milliseconds, peak: peakBytes() };
}

const request = (await json(process.stdin)) as ContestRequest | ColdRequest;
const result = request.kind === 'contest' ? await hold(request) : await start(request);
process.stdout.write(JSON.stringify(result), () => process.exit(0));
