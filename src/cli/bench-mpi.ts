/** `tritbank bench mpi`: sums over ranks, what they cost a training step, and how that scales. */

import { spawn } from 'node:child_process';
import type { Link } from '../bench/ranks/records.ts';
import { isRoot, launchOf } from '../cluster/index.ts';
import { TritbankError } from '../ir/errors.ts';
import { number, oneOf, text, whole } from '../options/values.ts';
import { type CommonOptions, commandLine, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { createProgress } from './progress.ts';
import { withRanks } from './ranks.ts';

interface Options extends CommonOptions {
  readonly ranks?: number;
  readonly model?: string;
  readonly width?: number;
  readonly inputSize?: number;
  readonly classes?: number;
  readonly images?: number;
  readonly threads?: number;
  readonly bucketType?: 'float32' | 'float16';
  readonly bucketKib?: number;
  readonly rounds?: number;
  readonly steps?: number;
  readonly latency?: number;
  readonly bandwidth?: number;
  readonly out?: string;
  readonly force?: boolean;
}

/** Latencies of messages between processes on usual networks, TCP on the first two. */
const usualLinks: readonly Link[] = [
  { name: '1 Gbit/s', latency: 50e-6, bandwidth: 1e9 / 8 },
  { name: '10 Gbit/s', latency: 25e-6, bandwidth: 10e9 / 8 },
  { name: '100 Gbit/s', latency: 2e-6, bandwidth: 100e9 / 8 },
];
const hosts = [8, 16, 32, 64, 128, 256];

const example = `tritbank bench mpi
mpirun -n 8 --hostfile hosts npx tritbank bench mpi --json
tritbank bench mpi --latency 25 --bandwidth 10`;

export function addBenchMpi(bench: TritbankCommand): void {
  const command = bench.command('mpi');
  const count = whole({ from: 1 });
  const add = <T>(flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<T>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command
    .summary('sums over ranks, and training steps with them')
    .description(
      'Measure sums over MPI ranks, and a training step with and without them, in turns; simulate 8 to 256 hosts by latency and ' +
        'bandwidth. Without a launcher, mpirun starts two ranks on this machine.',
    );
  command.optionsGroup('Network:');
  add('--model <name>', 'architecture (default: mobilenet-v1)', text('a name'));
  add('--width <x>', "multiplier of every layer's filters (default: 0.5)", number({ above: 0, to: 4 }));
  add('--input-size <px>', 'height and width (default: 32)', whole({ from: 28, to: 224 }));
  add('--classes <n>', 'classes (default: 10)', whole({ from: 2 }));
  add('--images <n>', 'images of each rank in a step (default: 32)', count);
  command.optionsGroup('Run:');
  add('--ranks <n>', 'ranks that are started, without a launcher (default: 2)', whole({ from: 2, to: 1024 }));
  add('--threads <n>', 'threads of each rank (default: 1)', count);
  add(
    '--bucket-type <name>',
    'gradients travel as float32 or float16 (default: float32)',
    oneOf(['float32', 'float16']),
  );
  add('--bucket-kib <n>', 'most KiB of gradients in a bucket (default: 4096)', count);
  add('--rounds <n>', 'turns (default: 7)', count);
  add('--steps <n>', 'steps in a turn (default: 4)', count);
  add('--latency <us>', 'simulate a network with this latency of a message, in microseconds', number({ above: 0 }));
  add('--bandwidth <gbit>', 'and this bandwidth, in Gbit/s', number({ above: 0 }));
  command.action((_own: Options, self: TritbankCommand) => benchMpi(self.optsWithGlobals() as Options));
  command.optionsGroup('Output:');
  add('--out <file>', 'write all figures as JSON', text('a file'));
  command.replacing();
  command.common(example);
}

/** Starts this command again under mpirun; resolves with its exit status. */
function launch(ranks: number): Promise<number> {
  const asRoot = process.getuid?.() === 0 ? ['--allow-run-as-root'] : [];
  const args = [
    '--oversubscribe',
    ...asRoot,
    '-n',
    `${ranks}`,
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  return new Promise((resolve, reject) => {
    const child = spawn('mpirun', args, { stdio: 'inherit' });
    child.on('error', (cause) => {
      const expected = 'expected a program that starts ranks';
      const install = 'apt-get install openmpi-bin libopenmpi3, or start this command with your own launcher';
      reject(new TritbankError('E_MPI', 'mpirun', `${expected}, found none: ${install}`, { cause }));
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function linksFrom({ latency, bandwidth }: Options): readonly Link[] {
  if (latency === undefined && bandwidth === undefined) return usualLinks;
  if (latency === undefined || bandwidth === undefined) {
    const missing = latency === undefined ? '--latency' : '--bandwidth';
    throw new TritbankError('E_USAGE', missing, 'expected both latency and bandwidth, found one');
  }
  const name = `${latency} µs, ${bandwidth} Gbit/s`;
  return [...usualLinks, { name, latency: latency * 1e-6, bandwidth: (bandwidth * 1e9) / 8 }];
}

async function benchMpi(options: Options): Promise<void> {
  const links = linksFrom(options);
  const place = launchOf();
  if (!place) {
    process.exitCode = await launch(options.ranks ?? 2);
    return;
  }
  if (place.size === 1) throw new TritbankError('E_USAGE', 'bench mpi', 'expected several ranks, found one');
  const { out, force } = options;
  const { claimOutputs } = await import('../files/outputs.ts');
  if ((place.rank ?? 0) === 0) claimOutputs({ '--out': out }, { force });
  await withRanks(async (ranks) => {
    if (!ranks) throw new TritbankError('E_USAGE', 'bench mpi', 'expected several ranks, found one');
    const { measureRanks } = await import('../bench/ranks/measure.ts');
    const isFirst = isRoot(ranks);
    let present = '';
    let progress: ReturnType<typeof createProgress> | undefined;
    try {
      const result = await measureRanks(ranks, {
        model: options.model ?? 'mobilenet-v1',
        width: options.width ?? 0.5,
        inputSize: options.inputSize ?? 32,
        classes: options.classes ?? 10,
        images: options.images ?? 32,
        threads: options.threads ?? 1,
        ...(options.bucketType && { bucketType: options.bucketType }),
        ...(options.bucketKib !== undefined && { bucketBytes: 1024 * options.bucketKib }),
        rounds: options.rounds ?? 7,
        steps: options.steps ?? 4,
        links,
        hosts,
        command: commandLine(),
        onProgress(what, done, total) {
          if (what !== present) {
            progress?.stop();
            progress = createProgress({
              label: what,
              total,
              unit: 'rounds',
              quiet: options.quiet === true || !isFirst,
            });
            present = what;
          }
          progress?.update(done);
        },
      });
      progress?.stop();
      if (!isFirst) return;
      const { printRanks } = await import('../report/ranks-text.ts');
      if (out !== undefined) {
        const { writeFileAtomic } = await import('../files/index.ts');
        writeFileAtomic(out, `${JSON.stringify(result, null, 1)}\n`);
      }
      printResult(options, result, () => printRanks(result));
    } finally {
      progress?.stop();
    }
  });
}
