/** `bench train-step`: whole training steps of MobileNet-V1 on the CPU against PyTorch and TensorFlow.js. */

import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { printResult, type TritbankCommand, ValueOption } from '../../src/cli/command.ts';
import { TritbankError } from '../../src/ir/index.ts';
import { listOf, number, text, whole } from '../../src/options/values.ts';
import { describeEnvironment } from '../environment.ts';
import { measure } from './measure.ts';
import { printReport, type Report, type TaskResult } from './print.ts';
import { profileStep } from './profile.ts';
import { fixedTask, type Task } from './task.ts';

interface Options {
  readonly width: readonly number[];
  readonly batch: number;
  readonly threads: number;
  readonly rounds: number;
  readonly steps: number;
  readonly warmUp: number;
  readonly peers: boolean;
  readonly profile?: boolean;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

async function run(options: Options): Promise<void> {
  const { batch, threads, rounds, steps, warmUp, peers: withPeers } = options;
  const onProgress = (line: string) => void (options.quiet || process.stderr.write(`${line}\n`));
  const environment = describeEnvironment();
  const results: TaskResult[] = [];
  for (const width of options.width) {
    const task: Task = { ...fixedTask, width, batch, threads };
    onProgress(`MobileNet-V1 ${width}`);
    const contestants = await measure(task, { rounds, steps, warmUp, withPeers, onProgress });
    if (options.profile) onProgress('profile');
    const profile = options.profile ? await profileStep(task, steps, warmUp) : undefined;
    results.push({ task, contestants, ...(profile ? { profile } : {}) });
  }
  const report: Report = { benchmark: 'train-step', ...environment, rounds, steps, warmUp, results };
  printResult(options, report, () => printReport(report));
  if (options.out === undefined) return;
  try {
    await writeFile(options.out, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new TritbankError('E_FILE', options.out, `expected a file that can be written, found: ${found}`, { cause });
  }
}

export function addTrainStep(program: TritbankCommand): void {
  const count = whole({ from: 1, to: 10_000 });
  const widths = listOf(number({ above: 0, to: 2 }), 'width multipliers above 0, at most 2, separated by commas');
  program
    .command('train-step')
    .description(
      'Images a second of whole training steps (forward, loss, backward, SGD with Nesterov momentum, running averages) ' +
        'of MobileNet-V1 on 32x32 images, against PyTorch (channels-last and NCHW; where python3-torch is installed, or ' +
        'where PYTHON names an interpreter that has it) and TensorFlow.js (cpu and wasm backends).',
    )
    .addOption(new ValueOption('--width <list>', 'width multipliers', widths).default([0.5, 0.25], '0.5,0.25'))
    .addOption(new ValueOption('--batch <n>', 'images a step', count).default(64))
    .addOption(
      new ValueOption('--threads <n>', 'threads of each contestant', count).default(
        availableParallelism(),
        'one a core',
      ),
    )
    .addOption(new ValueOption('--rounds <n>', 'rounds, contestants in turns', count).default(5))
    .addOption(new ValueOption('--steps <n>', 'steps a round', count).default(8))
    .addOption(new ValueOption('--warm-up <n>', 'steps before the first round', count).default(3))
    .option('--no-peers', 'only Tritbank')
    .option('--profile', "ONNX Runtime's time by operator, and the matrix products against the measured peak")
    .addOption(new ValueOption('--out <file>', 'write the JSON result to a file too', text('a file name')))
    .common('npm run bench -- train-step --width 0.5 --profile')
    .action((options: Options) => run(options));
}
