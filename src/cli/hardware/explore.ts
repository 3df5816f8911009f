/** `tritbank hardware explore`: many arrays for one network. */

import { basename } from 'node:path';
import type { ArrayParameters } from '../../accelerator/array.ts';
import type { ImageForm } from '../../classifier/image-form.ts';
import { listOf, number, oneOf, text, whole } from '../../options/values.ts';
import type { ProcessName } from '../../synthesis/index.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
  version,
} from '../command.ts';
import { addImageForm, imageFormFrom } from '../image-form.ts';
import { warn } from '../output.ts';
import { createProgress } from '../progress.ts';
import {
  addLibertyOption,
  addMemoryOption,
  processFrom,
  refuseGiven,
  saidByOptions,
  type ToolOptions,
} from './options.ts';
import { checkImageChoice, openNetwork } from './quantized-images.ts';

interface Options extends CommonOptions, Pick<ToolOptions, 'liberty' | 'goal' | 'yosys' | 'cache'> {
  readonly area?: number;
  readonly macs?: readonly number[];
  readonly inputs?: readonly number[];
  readonly weights?: readonly ArrayParameters['ternary'][];
  readonly macRates?: readonly number[];
  readonly adderRates?: readonly number[];
  readonly lanes?: number;
  readonly inFlight?: number;
  readonly energy?: boolean;
  readonly clock?: number;
  readonly memory?: ProcessName;
  readonly data?: string;
  readonly dataDir?: string;
  readonly control?: string;
  readonly report?: string;
  readonly force?: boolean;
}

const forms = ['lists', 'trits', 'five-trits'] as const;
const defaultModel = 'mobilenet-v1-0.5-cifar10-quarter-int8';

const example = `tritbank hardware explore model.int8.onnx --control original.int8.onnx --report explore.html
tritbank hardware explore model.int8.onnx --area 2.2e6 --macs 1,2 --inputs 0,8,16 --energy --json`;

export function addExplore(hardware: TritbankCommand): void {
  const command = hardware.command('explore');
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  const numbers = (from: number, to: number) =>
    listOf(whole({ from, to }), `whole numbers from ${from} to ${to}, separated by commas`);
  command
    .summary('many arrays for one network: throughput, area, energy')
    .description(
      'Compile a network for every combination of some parameters, synthesise the arrays, and say which are the fastest, ' +
        'the smallest, and the best for their area. What was synthesised is kept: a search that was stopped goes on.',
    )
    .argument('[MODEL.onnx]', `a model with 8-bit activations (default: ${defaultModel} of the zoo)`);
  command.optionsGroup('Control:');
  add('--control <file>', 'the same network, uncompressed, in int8: what gains are relative to', text('a file'));
  command.optionsGroup('Arrays:');
  add('--area <um2>', 'budget for the core, without memories (default: none)', number({ above: 0 }));
  add('--macs <list>', 'MACs in each lane (default: 1,2,4)', numbers(1, 8));
  add('--inputs <list>', 'inputs of an adder lane; 0: MACs only (default: 0,4,8,16)', numbers(0, 16));
  add(
    '--weights <list>',
    `forms of ternary weights, of ${forms.join(', ')} (default: lists,trits)`,
    listOf(oneOf(forms), `${forms.join(', ')}, separated by commas`),
  );
  add('--mac-rates <list>', 'values requantized in a cycle (default: as many as MACs, at least 2)', numbers(1, 64));
  add('--adder-rates <list>', 'the same of the adder engine (default: 4, or what divides the lanes)', numbers(1, 64));
  add('--lanes <n>', 'pixels at a time (default: 16)', whole({ from: 4, to: 64 }));
  add('--in-flight <n>', 'images at work at the same time (default: 4)', whole({ from: 1, to: 8 }));
  command.optionsGroup('Technology:');
  addLibertyOption(command);
  add('--goal <goal>', 'what cells are chosen for: speed or area (default: area)', oneOf(['speed', 'area'] as const));
  add('--clock <MHz>', 'clock of all arrays (default: 50)', number({ above: 0 }));
  addMemoryOption(command);
  command.option('--energy', 'simulate the gates of the Pareto points too: minutes each');
  add('--yosys <origin>', 'npm or native (default: npm where it is installed)', oneOf(['npm', 'native'] as const));
  command.option('--no-cache', 'synthesise again what was synthesised before');
  command.optionsGroup('Data:');
  add('--data <name|dir>', 'an image whose activity is simulated (default: noise)', text('a name or a directory'));
  add('--data-dir <dir>', 'where the files of a named data set are', text('a directory'));
  addImageForm(command);
  command.action((model: string | undefined, options: Options) => explore(model, options, imageFormFrom(command)));
  command.optionsGroup('Output:');
  add('--report <file>', 'write an HTML page with a chart', text('a file'));
  command.replacing();
  command.common(example);
}

async function explore(given: string | undefined, options: Options, form: ImageForm): Promise<void> {
  const [hardware, { openLibrary, sramProcesses }, { cacheFolder, claimOutputs, writeFileAtomic }, text] =
    await Promise.all([
      import('../../hardware/index.ts'),
      import('../../synthesis/index.ts'),
      import('../../files/index.ts'),
      import('../../report/explore-text.ts'),
    ]);
  const { report, force, liberty, data, dataDir, goal = 'area', yosys, cache, area, clock: clockMHz = 50 } = options;
  checkImageChoice({ data, dataDir }, form);
  if (!options.energy) refuseGiven(options, ['data'], 'with --energy, which simulates gates on an image, without');
  claimOutputs({ '--report': report }, { force, inputs: [given, liberty, data, dataDir, options.control] });
  const model = given ?? (await (await import('../../zoo/index.ts')).findInZoo(defaultModel));
  const library = openLibrary(liberty);
  const process = await processFrom(options.memory, library);
  const choice = { model, images: 1, ...(data !== undefined && { data }), ...(dataDir !== undefined && { dataDir }) };
  const { network, images } = await openNetwork({ ...choice, ...form }, warn);
  const other =
    options.control === undefined ? undefined : await openNetwork({ ...choice, model: options.control, ...form }, warn);
  const control = other && { network: other.network, image: other.images[0]! };
  if (control) await saidByOptions(() => hardware.checkControl(network, control.network));
  const { macs, inputs, weights, macRates, adderRates, lanes, inFlight } = options;
  const candidates = hardware.arraysOf({
    ...hardware.defaultSweep,
    ...(macs && { macs }),
    ...(inputs && { inputs }),
    ...(weights && { ternary: weights }),
    ...(macRates && { macRate: macRates }),
    ...(adderRates && { adderRate: adderRates }),
    ...(lanes !== undefined && { lanes }),
    ...(inFlight !== undefined && { inFlight }),
  });
  const progress = createProgress({
    ...{ label: 'explore', total: candidates.arrays.length, unit: 'arrays', quiet: options.quiet ?? false },
  });
  try {
    const exploration = await interruptible(
      (signal) =>
        hardware.exploreArrays(network, images[0]!, candidates, {
          ...{ library, goal, yosys, signal, clockMHz, area, control },
          process: sramProcesses[process],
          hasEnergy: options.energy ?? false,
          cache: cache === false ? undefined : cacheFolder('synthesis'),
          onArray: (done, _total, now) => progress.update(done, now === '' ? {} : { now }),
        }),
      () => 'start again: arrays that were synthesised are kept',
    );
    progress.stop();
    const slow = text.clockNote(exploration.arrays, clockMHz);
    if (slow !== undefined) warn(`--clock: ${slow}`);
    if (report !== undefined) {
      const { renderExplorePage } = await import('../../report/explore-page.ts');
      const about = { title: `Arrays for ${basename(model)}`, generatedBy: `tritbank ${version}` };
      const page = { ...about, command: commandLine(), date: new Date().toISOString(), exploration };
      writeFileAtomic(report, renderExplorePage({ ...page, budget: area, clockMHz }));
    }
    const result = { model, goal, clockMHz, ...exploration, ...(report !== undefined && { report }) };
    printResult(options, result, () =>
      [text.printExploration(exploration), ...(report === undefined ? [] : ['', `report  ${report}`])].join('\n'),
    );
  } finally {
    progress.stop();
  }
}
