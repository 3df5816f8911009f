/** `tritbank hardware simulate`: a network on the array, by the cycle model and by the RTL. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArrayParameters, Timeline } from '../../accelerator/index.ts';
import type { ImageForm } from '../../classifier/image-form.ts';
import type { RtlRun } from '../../export/verilog/index.ts';
import { oneOf, text, whole } from '../../options/values.ts';
import { type CommonOptions, interruptible, printResult, type TritbankCommand, ValueOption } from '../command.ts';
import { addImageForm, imageFormFrom } from '../image-form.ts';
import { warn } from '../output.ts';
import { type ArrayOptions, addArrayOptions, arrayFrom, stepProgress } from './options.ts';
import { openNetwork } from './quantized-images.ts';

interface Options extends CommonOptions, ArrayOptions {
  readonly images?: number;
  readonly data?: string;
  readonly dataDir?: string;
  readonly seed?: number;
  readonly simulator?: 'verilator' | 'icarus';
  readonly rtl?: boolean;
}

const example = `tritbank hardware simulate model.int8.onnx --images 2
tritbank hardware simulate model.int8.onnx --data images/ --images 20 --inputs 8 --json
tritbank hardware simulate model.int8.onnx --no-rtl`;

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
  command.action((model: string, options: Options) => simulate(model, options, imageFormFrom(command)));
  command.common(example);
}

/** The array for so many images. */
const forImages = (array: ArrayParameters, images: number): ArrayParameters => ({ ...array, images });

async function simulate(model: string, options: Options, form: ImageForm): Promise<void> {
  const { images = 1, data, dataDir, seed, simulator: wanted, rtl = true } = options;
  const array = forImages(await arrayFrom(options), images);
  const [{ compileNetwork, loadImages, simulate: runModel, timelineOf }, verilog] = await Promise.all([
    import('../../accelerator/index.ts'),
    import('../../export/verilog/index.ts'),
  ]);
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
  try {
    onStep('cycle model');
    if (!simulator) {
      const compiled = compileNetwork(network, array);
      const timeline = timelineOf(compiled);
      const { outputs } = runModel(compiled, loadImages(compiled, integers), { records: false });
      stop();
      const result = { ...summary(array, timeline), outputs: outputs.map((scores) => [...scores]) };
      printResult(options, result, () => printPairs(describe(array, timeline, undefined)));
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'tritbank-rtl-'));
    try {
      const { timeline, outputs } = verilog.writeVerilogProject(folder, network, array, integers);
      onStep(`RTL in ${simulator}`);
      const run = await interruptible(
        (signal) => verilog.runRtl(folder, simulator, signal),
        () => 'nothing is kept: start again',
      );
      stop();
      const sameTimes = isSame(timeline, run);
      const equal = run.equal && sameTimes && run.cycles === timeline.cycles;
      const result = {
        equal,
        cycles: run.cycles,
        modelCycles: timeline.cycles,
        simulator,
        differences: run.differences,
        ...summary(array, timeline),
        outputs: outputs.map((scores) => [...scores]),
      };
      printResult(options, result, () => printPairs(describe(array, timeline, { ...run, equal })));
      if (!equal) process.exitCode = 1;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } finally {
    stop();
  }
}

/** Whether each instruction was done in the cycle that the model says. */
const isSame = ({ spans }: Timeline, { ends }: RtlRun): boolean =>
  (['mac', 'adder'] as const).every(
    (engine) =>
      spans[engine].length === ends[engine].length && spans[engine].every(({ end }, i) => end === ends[engine][i]),
  );

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
