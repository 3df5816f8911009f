/**
 * A training step over a slow network: two network namespaces of this machine, joined by a veth pair whose rate `tc` limits
 * (token bucket), one rank of Open MPI in each, over TCP. Per rate: gradients in one bucket, which is reduced after the
 * backward pass, and in buckets of 512 KiB, which begin as they are ready; in float32 and in float16. Each time beside that
 * of the model of `tritbank bench mpi`, from the link that was measured at that rate. As root, after `npm run build`:
 *
 *   npx tsx bench/ranks/netns.ts [OUT.json] [MBIT...]
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RanksResult } from '../../src/bench/ranks/records.ts';
import { stepTime } from '../../src/bench/ranks/simulate.ts';

const [out = 'results/bench/mpi-netns.json', ...given] = process.argv.slice(2);
const rates = given.length > 0 ? given.map(Number) : [1000];
/** Little and much to add up beside the arithmetic: only in the latter does `cutStages` cut. */
const tasks = ['--width 0.5 --images 32', '--width 1 --images 4'];
const spaces = ['tritbank-0', 'tritbank-1'];
const devices = ['tritbank-v0', 'tritbank-v1'];
const network = '10.213.77.0/24';
const addresses = ['10.213.77.1', '10.213.77.2'];

const ip = (words: string) => execFileSync('ip', words.split(' '), { stdio: ['ignore', 'ignore', 'inherit'] });
const tc = (space: string, words: string) =>
  execFileSync('ip', ['netns', 'exec', space, 'tc', ...words.split(' ')], { stdio: ['ignore', 'ignore', 'inherit'] });

function makeSpaces(): void {
  for (const space of spaces) ip(`netns add ${space}`);
  ip(`link add ${devices[0]} netns ${spaces[0]} type veth peer name ${devices[1]} netns ${spaces[1]}`);
  for (const [i, space] of spaces.entries()) {
    ip(`-n ${space} addr add ${addresses[i]}/24 dev ${devices[i]}`);
    ip(`-n ${space} link set ${devices[i]} up`);
    ip(`-n ${space} link set lo up`);
  }
}

function removeSpaces(): void {
  for (const space of spaces) spawnSync('ip', ['netns', 'del', space], { stdio: 'ignore' });
}

function limit(mbit: number): void {
  for (const [i, space] of spaces.entries()) {
    tc(space, `qdisc replace dev ${devices[i]} root tbf rate ${mbit}mbit burst 128kb latency 100ms`);
  }
}

/** What stands for ssh: the second host is the other namespace. */
function makeAgent(directory: string): string {
  const file = join(directory, 'agent.sh');
  writeFileSync(file, `#!/bin/sh\nshift\nexec ip netns exec ${spaces[1]} sh -c "$*"\n`);
  chmodSync(file, 0o755);
  return file;
}

function measure(agent: string, options: readonly string[]): RanksResult {
  const mca = [
    ['plm_rsh_agent', agent],
    ['btl', 'tcp,self'],
    ['btl_tcp_if_include', network],
    ['oob_tcp_if_include', network],
  ].flatMap(([name, value]) => ['--mca', name!, value!]);
  const host = addresses.map((address) => `${address}:1`).join(',');
  const program = [process.execPath, 'dist/cli/main.js', 'bench', 'mpi', '--json', '--quiet', ...options];
  const line = ['netns', 'exec', spaces[0]!, 'mpirun', '--allow-run-as-root', ...mca, '--host', host, '-n', '2'];
  const { status, stdout, stderr } = spawnSync('ip', [...line, ...program], { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(`mpirun ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as RanksResult;
}

const variants = (['float32', 'float16'] as const).flatMap((bucketType) =>
  [false, true].map((overlap) => ({ bucketType, overlap, kib: overlap ? 512 : 2 ** 20 })),
);

removeSpaces();
const directory = mkdtempSync(join(tmpdir(), 'tritbank-netns-'));
try {
  makeSpaces();
  const agent = makeAgent(directory);
  let about: Pick<RanksResult, 'library' | 'machine'>;
  const rows = rates.flatMap((mbit) => {
    limit(mbit);
    const cases = tasks.flatMap((task) => variants.map((variant) => ({ task, ...variant })));
    return cases.map(({ task, bucketType, overlap, kib }) => {
      const options = `${task} --rounds 3 --steps 2 --bucket-type ${bucketType} --bucket-kib ${kib}`;
      const { library, machine, measured, step } = measure(agent, options.split(' '));
      about = { library, machine };
      const { alone, together, bytes, parts } = step;
      const half = bucketType === 'float16';
      const model = 1000 * stepTime(parts, 2, measured, { overlap, half });
      const whole = 1000 * stepTime(parts, 2, measured, { overlap: false, half });
      const early = parts.buckets.filter(({ afterStage }) => afterStage < parts.stages.length - 2).length;
      const row = {
        mbit,
        network: step.network,
        images: step.images,
        bucketType,
        overlap,
        stages: parts.stages.length,
        /** Buckets, and those whose sum begins before the backward pass is over. */
        buckets: parts.buckets.length,
        early,
        bytes,
        link: { microseconds: 1e6 * measured.latency, gbit: (8 * measured.bandwidth) / 1e9 },
        alone,
        together,
        model,
        modelWithoutOverlap: whole,
      };
      console.error(JSON.stringify(row));
      return row;
    });
  });
  const command = ['npx tsx bench/ranks/netns.ts', ...process.argv.slice(2)].join(' ');
  const result = { command, date: new Date().toISOString(), ...about!, rows };
  writeFileSync(out, `${JSON.stringify(result, null, 1)}\n`);
} finally {
  removeSpaces();
  rmSync(directory, { recursive: true, force: true });
}
