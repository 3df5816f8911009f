/** Runs a written folder in an RTL simulator: Verilator, or Icarus Verilog. */

import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Timeline } from '../../accelerator/index.ts';
import { AbortError, TritbankError } from '../../ir/index.ts';

export const rtlSimulators = ['verilator', 'icarus'] as const;
export type RtlSimulator = (typeof rtlSimulators)[number];

const commands: Readonly<Record<RtlSimulator, string>> = { verilator: 'verilator', icarus: 'iverilog' };

/** Of Debian. */
const packages: Readonly<Record<RtlSimulator, string>> = { verilator: 'verilator make g++', icarus: 'iverilog' };

export interface RtlRun {
  readonly simulator: RtlSimulator;
  /** Every word that the hardware wrote is as expected. */
  readonly equal: boolean;
  readonly cycles: number;
  /** When instructions of each engine were done, in order. */
  readonly ends: { readonly mac: readonly number[]; readonly adder: readonly number[] };
  /** The first differences, as the test bench says them. */
  readonly differences: readonly string[];
}

/** Whether each instruction was done in the cycle that the model says, and the whole run. */
export const keepsTime = ({ cycles, ends }: RtlRun, timeline: Timeline): boolean =>
  cycles === timeline.cycles &&
  (['mac', 'adder'] as const).every((engine) => {
    const spans = timeline.spans[engine];
    return spans.length === ends[engine].length && spans.every(({ end }, i) => end === ends[engine][i]);
  });

interface Outcome {
  readonly status: number;
  readonly text: string;
}

/** Ends a process and those that it started. */
function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // they have ended
  }
}

function run(command: string, args: readonly string[], cwd: string, signal: AbortSignal | undefined): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // a group of its own: with Verilator, make and the compiler are in it
    const child = spawn(command, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = () => void (child.pid !== undefined && endGroup(child.pid));
    const release = () => {
      signal?.removeEventListener('abort', kill);
      process.off('exit', kill);
    };
    signal?.addEventListener('abort', kill);
    process.once('exit', kill);
    let text = '';
    const take = (bytes: Buffer) => {
      text += bytes.toString('utf8');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => {
      release();
      reject(error);
    });
    child.on('close', (status) => {
      release();
      if (signal?.aborted) reject(new AbortError('the simulation was stopped'));
      else resolve({ status: status ?? 1, text });
    });
  });
}

async function isInstalled(simulator: RtlSimulator): Promise<boolean> {
  try {
    return (
      (await run(commands[simulator], [simulator === 'verilator' ? '--version' : '-V'], '.', undefined)).status === 0
    );
  } catch {
    return false;
  }
}

/** The one that is asked for, or the faster one of those that are installed. E_FILE without any. */
export async function findRtlSimulator(wanted?: RtlSimulator): Promise<RtlSimulator> {
  for (const simulator of wanted ? [wanted] : rtlSimulators) if (await isInstalled(simulator)) return simulator;
  const expected = wanted
    ? `the program ${commands[wanted]} in the search path (Debian: apt-get install ${packages[wanted]})`
    : `verilator or iverilog in the search path (Debian: apt-get install ${packages.verilator}, or ${packages.icarus})`;
  throw new TritbankError('E_FILE', wanted ?? 'RTL simulator', `expected ${expected}, found none`);
}

const buildOf = (simulator: RtlSimulator, sources: readonly string[]): readonly [command: string, ...args: string[]] =>
  simulator === 'verilator'
    ? [
        ...(['verilator', '--binary', '-O3', '--timing', '--timescale', '1ns/1ps', '-Irtl', '-I.'] as const),
        ...['--top-module', 'testbench', '--Mdir', 'build', '-o', 'simulation', 'testbench.v', ...sources],
      ]
    : ['iverilog', '-g2005-sv', '-Irtl', '-I.', '-s', 'testbench', '-o', 'build/simulation', 'testbench.v', ...sources];

/**
 * Builds the test bench of the folder and runs it on its images. E_FILE without the simulator or where it cannot be
 * built; AbortError after the signal.
 */
export async function runRtl(folder: string, simulator: RtlSimulator, signal?: AbortSignal): Promise<RtlRun> {
  const sources = ['rtl', 'models'].flatMap((part) =>
    readdirSync(join(folder, part))
      .filter((file) => file.endsWith('.v'))
      .sort()
      .map((file) => `${part}/${file}`),
  );
  mkdirSync(join(folder, 'build'), { recursive: true });
  const [command, ...args] = buildOf(simulator, sources);
  signal?.throwIfAborted();
  const built = await run(command, args, folder, signal);
  if (built.status !== 0) {
    const found = built.text.trim().split('\n').slice(0, 5).join(' | ');
    throw new TritbankError('E_FILE', simulator, `expected a test bench that can be built, found: ${found}`);
  }
  const simulation =
    simulator === 'verilator' ? (['./build/simulation'] as const) : (['vvp', '-n', 'build/simulation'] as const);
  const [program, ...rest] = simulation;
  const { text } = await run(program, [...rest, '+images=images/0'], folder, signal);
  return { simulator, ...readRtlLog(text) };
}

/** What the test bench printed. */
export function readRtlLog(text: string): Omit<RtlRun, 'simulator'> {
  const lines = text.split('\n');
  const endsOf = (engine: string) =>
    lines.flatMap((line) => {
      const [name, , cycle] = line.split(' ');
      return name === engine && /^\d+$/.test(cycle ?? '') ? [Number(cycle)] : [];
    });
  const done = lines.map((line) => /^all layers equal, (\d+) cycles/.exec(line)).find((match) => match !== null);
  const ends = { mac: endsOf('mac'), adder: endsOf('adder') };
  const differences = lines.filter((line) => line.startsWith('error:'));
  return { equal: done !== undefined && differences.length === 0, cycles: Number(done?.[1] ?? 0), ends, differences };
}
