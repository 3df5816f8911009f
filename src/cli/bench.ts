/** `tritbank bench`: latency beside other runtimes, in Node and in Chromium. */

import type { DrawnName, Place } from '../bench/index.ts';
import type { ImageForm } from '../classifier/image-form.ts';
import { TritbankError } from '../ir/errors.ts';
import { listOf, oneOf, text, whole } from '../options/values.ts';
import { addBenchMpi } from './bench-mpi.ts';
import { type CommonOptions, commandLine, printResult, type TritbankCommand, ValueOption, version } from './command.ts';
import { addImageForm, imageFormFrom } from './image-form.ts';
import { warn } from './output.ts';
import { createProgress, type Progress } from './progress.ts';

interface Options extends CommonOptions {
  readonly networks?: readonly DrawnName[];
  readonly baseline?: string;
  readonly hybrid?: string;
  readonly in?: readonly Place[];
  readonly threads?: number;
  readonly rounds?: number;
  readonly runs?: number;
  readonly cold?: number;
  readonly node?: string;
  readonly device?: 'webgpu';
  readonly out?: string;
  readonly report?: string;
  readonly force?: boolean;
}

// As in src/bench, which is loaded only when the command runs.
const networks = ['v1-0.5-224', 'v1-0.5-160', 'v1-0.25-96'] as const satisfies readonly DrawnName[];
const places = ['node', 'chromium'] as const satisfies readonly Place[];

const example = `tritbank bench
tritbank bench --baseline mobilenet.onnx --hybrid small/network.onnx --report bench.html
tritbank bench --networks v1-0.5-224 --in node --json`;

export function addBench(program: TritbankCommand): void {
  const command = program.command('bench');
  const count = whole({ from: 1 });
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command
    .summary('latency beside other runtimes, in Node and Chromium')
    .description(
      'Measure the latency of one image in turns: this runtime, onnxruntime-web, onnxruntime-node and TensorFlow.js, on a ' +
        'network in float32, with 8 bits, and with hybrid filter banks. What is not installed is left out, and named.',
    );
  command.optionsGroup('Networks:');
  add(
    '--networks <list>',
    `MobileNets with drawn weights, of ${networks.join(', ')} (default: all)`,
    listOf(oneOf(networks), `names out of ${networks.join(', ')}, separated by commas`),
  );
  add('--baseline <file>', 'a network of your own instead, in full precision', text('a file'));
  add('--hybrid <file>', 'and its compressed form', text('a file'));
  addImageForm(command, undefined, 'Images of your own network');
  command.optionsGroup('Run:');
  add(
    '--in <places>',
    'node, chromium (default: both)',
    listOf(oneOf(places), 'node, chromium, or both, separated by a comma'),
  );
  add('--threads <n>', 'threads of each contestant (default: 1)', count);
  add('--rounds <n>', 'turns of each contestant (default: 7)', count);
  add('--runs <n>', 'runs in a turn (default: 10)', count);
  add('--cold <n>', 'starts of each in a process of its own (default: 3)', whole({ from: 0 }));
  add('--node <file>', 'also in this Node, beside the one that runs', text('a program'));
  add('--device <name>', 'webgpu: this runtime on a GPU, too', oneOf(['webgpu'] as const));
  command.action((options: Options) => bench(options, imageFormFrom(command)));
  command.optionsGroup('Output:');
  add('--out <file>', 'write all figures as JSON', text('a file'));
  add('--report <file>', 'write an HTML page with charts', text('a file'));
  command.replacing();
  command.common(example);
  addBenchMpi(command);
}

async function bench(options: Options, form: ImageForm): Promise<void> {
  const { baseline, hybrid, quiet = false } = options;
  if ((baseline === undefined) !== (hybrid === undefined)) {
    const [given, missing] = baseline === undefined ? ['--hybrid', '--baseline'] : ['--baseline', '--hybrid'];
    throw new TritbankError('E_USAGE', missing, `expected it with ${given}, found only that one`);
  }
  if (baseline !== undefined && options.networks) {
    throw new TritbankError('E_USAGE', '--networks', 'expected drawn networks or files, found both');
  }
  if (baseline === undefined && Object.keys(form).length > 0) {
    const found = 'found options of images without them';
    throw new TritbankError('E_USAGE', '--baseline', `expected a network of your own, with --hybrid, ${found}`);
  }
  const { claimOutputs } = await import('../files/outputs.ts');
  const { out, report, force } = options;
  claimOutputs({ '--out': out, '--report': report }, { force, inputs: [baseline, hybrid] });
  const { drawTask, readTask, runBench } = await import('../bench/index.ts');
  const tasks =
    baseline !== undefined && hybrid !== undefined
      ? [() => readTask(baseline, hybrid, form, warn)]
      : (options.networks ?? networks).map((name) => () => drawTask(name));
  let progress: Progress | undefined;
  const rounds = options.rounds ?? 7;
  try {
    const result = await runBench(tasks, {
      places: options.in ?? places,
      threads: options.threads ?? 1,
      rounds,
      runs: options.runs ?? 10,
      starts: options.cold ?? 3,
      ...(options.node !== undefined && { node: options.node }),
      ...(options.device && { device: options.device }),
      command: commandLine(),
      onContest: (task, place) => {
        progress?.stop();
        progress = createProgress({ label: `${task} in ${place}`, total: rounds, unit: 'rounds', quiet });
        progress.update(0);
      },
      onRound: (done) => progress?.update(done),
    });
    progress?.stop();
    const { writeFileAtomic } = await import('../files/index.ts');
    const { printBench, renderBenchReport } = await import('../report/index.ts');
    if (options.out !== undefined) writeFileAtomic(options.out, `${JSON.stringify(result, null, 1)}\n`);
    if (options.report !== undefined) {
      const page = { title: 'Latency', generatedBy: `tritbank ${version}`, result };
      writeFileAtomic(options.report, await renderBenchReport(page));
    }
    printResult(options, result, () => printBench(result));
  } finally {
    progress?.stop();
  }
}
