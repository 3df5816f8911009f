/** `tritbank hardware simulate`: a network on the array, by the cycle model and by the RTL. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { ArrayParameters, CompiledNetwork, Timeline } from '../../accelerator/index.ts';
import type { ImageForm } from '../../classifier/image-form.ts';
import type { RtlRun } from '../../export/verilog/index.ts';
import { TritbankError } from '../../ir/errors.ts';
import { oneOf, text, whole } from '../../options/values.ts';
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
import { type ArrayOptions, addArrayOptions, arrayFrom, stepProgress } from './options.ts';
import { checkImageChoice, openNetwork } from './quantized-images.ts';

interface Options extends CommonOptions, ArrayOptions {
  readonly images?: number;
  readonly data?: string;
  readonly dataDir?: string;
  readonly seed?: number;
  readonly simulator?: 'verilator' | 'icarus';
  readonly rtl?: boolean;
  readonly report?: string;
  readonly force?: boolean;
}

const example = `tritbank hardware simulate model.int8.onnx --images 2
tritbank hardware simulate model.int8.onnx --data images/ --images 20 --inputs 8 --json
tritbank hardware simulate model.int8.onnx --no-rtl --images 4 --report array.html`;

export function addSimulate(hardware: TritbankCommand): void {
  const command = hardware.command('simulate');
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command
    .summary('cycles of a network, layer by layer, and the RTL held to them')
    .description(
      'Compile a network with 8-bit activations for the array, run it in the cycle model, and run the Verilog in ' +
        'Verilator or Icarus on the same images: every word that the hardware writes has to be equal, and the cycles of ' +
        'every instruction. --no-rtl asks for the cycle model alone.',
    )
    .argument('<MODEL.onnx>', 'a model with 8-bit activations');
  command.optionsGroup('Images:');
  add('--images <n>', 'images of the run (default: 1)', whole({ from: 1, to: 64 }));
  add('--data <name|dir>', 'test images (default: noise)', text('a name or a directory'));
  add('--data-dir <dir>', 'where the files of a named data set are', text('a directory'));
  add('--seed <n>', 'of the noise (default: 0)', whole({ from: 0, to: 2 ** 32 - 1 }));
  addImageForm(command);
  addArrayOptions(command);
  command.optionsGroup('RTL:');
  add(
    '--simulator <name>',
    'verilator or icarus (default: the first that is installed)',
    oneOf(['verilator', 'icarus']),
  );
  command.option('--no-rtl', 'the cycle model alone');
  command.optionsGroup('Output:');
  add('--report <file>', 'write an HTML page: timeline, roofline, layers, memories', text('a file'));
  command.replacing();
  command.action((model: string, options: Options) => simulate(model, options, imageFormFrom(command)));
  command.common(example);
}

const advice = () => 'nothing is kept: start again';

/** The array for so many images. */
const forImages = (array: ArrayParameters, images: number): ArrayParameters => ({ ...array, images });

async function simulate(model: string, options: Options, form: ImageForm): Promise<void> {
  const { images = 1, data, dataDir, seed, simulator: wanted, rtl = true, report, force } = options;
  if (!rtl && wanted !== undefined) {
    throw new TritbankError('E_USAGE', '--simulator', 'expected it without --no-rtl, found both');
  }
  checkImageChoice({ data, dataDir, seed }, form);
  const array = forImages(await arrayFrom(options), images);
  const [{ compileNetwork, loadImages, simulateInTurns, timelineOf }, verilog, files] = await Promise.all([
    import('../../accelerator/index.ts'),
    import('../../export/verilog/index.ts'),
    import('../../files/index.ts'),
  ]);
  files.claimOutputs({ '--report': report }, { force, inputs: [model, data, dataDir] });
  // known before any work
  const simulator = rtl ? await verilog.findRtlSimulator(wanted) : undefined;
  const choice = {
    model,
    images,
    ...(data !== undefined && { data }),
    ...(dataDir !== undefined && { dataDir }),
    ...form,
  };
  const { network, images: integers } = await openNetwork({ ...choice, ...(seed !== undefined && { seed }) }, warn);
  const { printPairs } = await import('../../report/text-table.ts');
  const { onStep, stop } = stepProgress('simulate', options);
  const finish = async (compiled: CompiledNetwork, timeline: Timeline, outputs: readonly Float32Array[], run?: Run) => {
    const { layerFigures, nameArray } = await import('../../hardware/index.ts');
    const layers = layerFigures(compiled, timeline);
    const known = summary(array, timeline);
    if (report !== undefined) {
      const { renderSimulatePage } = await import('../../report/simulate-page.ts');
      const about = { title: `${basename(model)} on the array`, generatedBy: `tritbank ${version}` };
      const page = { ...about, command: commandLine(), date: new Date().toISOString(), arrayName: nameArray(array) };
      const figures = { array, timeline, layers, busy: known.busy };
      files.writeFileAtomic(report, renderSimulatePage({ ...page, ...figures, verdict: verdictOf(run) }));
    }
    stop();
    const result = {
      ...(run && { equal: run.equal, cycles: run.cycles }),
      modelCycles: timeline.cycles,
      ...(run && { simulator: run.simulator, differences: run.differences }),
      ...known,
      layers,
      outputs: outputs.map((scores) => [...scores]),
      ...(report !== undefined && { report }),
    };
    const { printLayers } = await import('../../report/simulate-text.ts');
    const more: [string, string][] = report === undefined ? [] : [['report', report]];
    printResult(options, result, () =>
      [printLayers(layers), '', printPairs([...describe(array, timeline, run), ...more])].join('\n'),
    );
    if (run && !run.equal) process.exitCode = 1;
  };
  try {
    if (!simulator) {
      const { compiled, outputs } = await interruptible(async (signal) => {
        onStep('cycle model');
        const compiled = compileNetwork(network, array);
        return {
          compiled,
          ...(await simulateInTurns(compiled, loadImages(compiled, integers), { records: false, signal })),
        };
      }, advice);
      await finish(compiled, timelineOf(compiled), outputs);
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'tritbank-rtl-'));
    const clean = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    process.once('exit', clean);
    try {
      const { project, run } = await interruptible(async (signal) => {
        onStep('cycle model');
        const project = await verilog.writeVerilogProjectInTurns(folder, network, array, integers, signal);
        onStep(`RTL in ${simulator}`);
        return { project, run: await verilog.runRtl(folder, simulator, signal) };
      }, advice);
      const { compiled, timeline, outputs } = project;
      const equal = run.equal && verilog.keepsTime(run, timeline);
      await finish(compiled, timeline, outputs, { ...run, equal });
    } finally {
      process.off('exit', clean);
      clean();
    }
  } finally {
    stop();
  }
}

type Run = RtlRun & { readonly equal: boolean };

function verdictOf(run: Run | undefined): string {
  if (!run) return 'not run: cycles and scores are those of the cycle model';
  if (run.equal) return `${run.simulator}: all layers equal, and the cycles of every instruction`;
  return `${run.simulator}: differs. ${run.differences[0] ?? 'Other cycles'}`;
}

function summary(array: ArrayParameters, { spans, cycles }: Timeline) {
  const share = (engine: 'mac' | 'adder') => spans[engine].reduce((sum, { times }) => sum + times.busy, 0) / cycles;
  const engines = array.adders > 0 ? (['mac', 'adder'] as const) : (['mac'] as const);
  return {
    array,
    cyclesPerImage: cycles / array.images,
    busy: Object.fromEntries(engines.map((engine) => [engine, share(engine)])),
    instructions: engines.flatMap((engine) => spans[engine]),
  };
}

const count = (value: number) => Math.round(value).toLocaleString('en-US');

function describe(array: ArrayParameters, timeline: Timeline, run: RtlRun | undefined): [string, string][] {
  const { busy, cyclesPerImage } = summary(array, timeline);
  const lines: [string, string][] = [
    [
      'cycles',
      `${count(timeline.cycles)} for ${array.images} image${array.images > 1 ? 's' : ''}, ${count(cyclesPerImage)} each`,
    ],
    ...Object.entries(busy).map(([engine, share]): [string, string] => [
      engine === 'mac' ? 'MACs' : 'adders',
      `${(100 * share).toFixed(1)} % of the time at work`,
    ]),
  ];
  if (run) {
    const said = run.equal
      ? 'all layers equal, and the cycles of every instruction'
      : run.differences.join('; ') || 'other cycles';
    lines.push(['RTL', `${said} (${run.simulator}, ${count(run.cycles)} cycles)`]);
  }
  return lines;
}
