/** `tritbank hardware energy`: area and energy of the accelerator's units, and an accelerator model of them. */

import { basename } from 'node:path';
import type { ImageForm } from '../../classifier/image-form.ts';
import type { Accelerator } from '../../cost/index.ts';
import { TritbankError } from '../../ir/errors.ts';
import { listOf, number, oneOf, text, whole } from '../../options/values.ts';
import type { ProcessName, UnitMeasures, UnitTraces } from '../../synthesis/index.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
} from '../command.ts';
import { addImageForm, imageFormFrom } from '../image-form.ts';
import { warn } from '../output.ts';
import {
  addMemoryOption,
  addToolOptions,
  deviceOf,
  ofLibraries,
  refuseGiven,
  stepProgress,
  type ToolOptions,
} from './options.ts';

interface Options extends CommonOptions, ToolOptions {
  readonly data?: string;
  readonly dataDir?: string;
  readonly inputs?: readonly number[];
  readonly bits?: '8' | '16';
  readonly clock?: number;
  readonly wire?: number;
  readonly transition?: number;
  readonly glitches?: boolean;
  readonly cycles?: number;
  readonly memory?: ProcessName | 'none';
  readonly name?: string;
  readonly out?: string;
  readonly force?: boolean;
}

/** What is about gates at work, which FPGAs do not have here. */
const ofSimulation = ['data', 'bits', 'cycles', 'clock', 'wire', 'transition', 'memory'] as const;

const example = `tritbank hardware energy
tritbank hardware energy model.int8.onnx --data images/ --json
tritbank hardware energy --liberty cells.lib.gz --memory sky130 --name own --out own.json
tritbank cost model.int8.onnx --accelerator own.json`;

export function addEnergy(hardware: TritbankCommand): void {
  const command = hardware.command('energy');
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command
    .summary('energy of a MAC, an addition, a requantized value, on real data')
    .description(
      'Map the units of the array to the cells of a library, simulate them on data of a layer, and say what an operation ' +
        'takes: pins, estimated wires, insides of cells, clock, leakage; the tree of the clock is left out. With --out, ' +
        'an accelerator model for cost, table1 and compress. With --fpga logic cells are counted; there is no energy.',
    )
    .argument('[MODEL.onnx]', 'a model with 8-bit activations, whose data are simulated (default: drawn ones)');
  command.optionsGroup('Data:');
  add('--data <name|dir>', 'images for the model', text('a name or a directory'));
  add('--data-dir <dir>', 'where the files of a named data set are', text('a directory'));
  addImageForm(command);
  command.optionsGroup('Units:');
  add(
    '--inputs <list>',
    'inputs of adder lanes (default: 1,2,4,8)',
    listOf(whole({ from: 1, to: 16 }), 'whole numbers from 1 to 16, separated by commas'),
  );
  add('--bits <n>', 'of activations and weights, 8 or 16 with drawn data (default: 8)', oneOf(['8', '16'] as const));
  add('--cycles <n>', 'cycles to simulate (default: 4096)', whole({ from: 16, to: 1_000_000 }));
  addToolOptions(command);
  add('--clock <MHz>', 'clock, for leakage and idle cycles (default: 100)', number({ above: 0 }));
  add(
    '--wire <fF>',
    'wire for each pin that a net reaches (default: three pitches of the mean cell)',
    number({ from: 0 }),
  );
  add('--transition <ns>', 'how long inputs take to change (default: 0.15)', number({ above: 0 }));
  command.option('--glitches', 'see glitches, with gates that take the same time: an upper bound');
  addMemoryOption(command, ['none']);
  command.action((model: string | undefined, options: Options) => energy(model, options, imageFormFrom(command)));
  command.optionsGroup('Output:');
  add('--out <file>', 'write an accelerator model', text('a file'));
  add('--name <name>', "its name (default: the file's)", text('a name'));
  command.replacing();
  command.common(example);
}

const bitsOf = ({ bits }: Options): 8 | 16 => (bits === '16' ? 16 : 8);

async function tracesFrom(model: string | undefined, options: Options, form: ImageForm): Promise<UnitTraces> {
  const { drawnTraces, networkTraces } = await import('../../synthesis/index.ts');
  const { data, dataDir } = options;
  if (model === undefined && data !== undefined) {
    throw new TritbankError('E_USAGE', '--data', 'expected a model that sees the images, found none');
  }
  if (model === undefined) {
    const { checkImageChoice } = await import('./quantized-images.ts');
    checkImageChoice({ data, dataDir }, form);
    return drawnTraces(0, bitsOf(options));
  }
  if (options.bits === '16')
    throw new TritbankError('E_USAGE', '--bits', 'expected 8 with a model, whose activations are bytes, found 16');
  if (data === undefined) throw new TritbankError('E_USAGE', '--data', 'expected images for the model, found none');
  const { openNetwork } = await import('./quantized-images.ts');
  const choice = { model, data, ...(dataDir !== undefined && { dataDir }), images: 1, ...form };
  const { network, images } = await openNetwork(choice, warn);
  return networkTraces(network, images[0]!);
}

async function energy(model: string | undefined, options: Options, form: ImageForm): Promise<void> {
  const { out, name, force, data, dataDir, fpga, liberty, goal, yosys, cache, memory } = options;
  const [synthesis, { cacheFolder, claimOutputs, writeFileAtomic }] = await Promise.all([
    import('../../synthesis/index.ts'),
    import('../../files/index.ts'),
  ]);
  if (name !== undefined && out === undefined) {
    throw new TritbankError('E_USAGE', '--name', 'expected --out, a file that has the name, found none');
  }
  if (fpga !== undefined) {
    const unused = [...ofLibraries, ...ofSimulation];
    refuseGiven(options, unused, 'without --fpga');
    if (model !== undefined) {
      throw new TritbankError(
        'E_USAGE',
        'MODEL.onnx',
        'expected none with --fpga, where no data are simulated, found one',
      );
    }
  }
  claimOutputs({ '--out': out }, { force, inputs: [model, data, dataDir, liberty] });
  const inputs = options.inputs ?? [1, 2, 4, 8];
  const names = { name: name ?? (out === undefined ? 'measured' : basename(out, '.json')), command: commandLine() };
  const save = (accelerator: Accelerator) => {
    if (out !== undefined) writeFileAtomic(out, `${JSON.stringify(accelerator, null, 2)}\n`);
  };
  const { onStep, stop } = stepProgress('measure', options);
  const advice = () => 'start again: what was mapped whole is kept';
  try {
    if (fpga !== undefined) {
      const device = deviceOf(fpga);
      const accelerator = await interruptible(
        (signal) => measureFpga({ device, tools: yosys, onStep, signal, inputs, names }),
        advice,
      );
      save(accelerator);
      stop();
      printResult(options, { accelerator }, () => describeUnits(accelerator));
      return;
    }
    const traces = await tracesFrom(model, options, form);
    const library = synthesis.openLibrary(liberty);
    const { clock: clockMHz, wire, transition, cycles } = options;
    const delays = options.glitches ? ('unit' as const) : undefined;
    const figures = { inputs, clockMHz, wire, transition, delays, operandBits: bitsOf(options) };
    const work = { sources: synthesis.arraySources(), library, goal, yosys, ...figures };
    const folder = cache === false ? undefined : cacheFolder('synthesis');
    const measures = await interruptible(
      (signal) =>
        synthesis.measureUnits(
          { ...work, cache: folder, onStep, signal, ...(cycles !== undefined && { cycles }) },
          traces,
        ),
      advice,
    );
    const process = memory ?? synthesis.processOf(library.library);
    const sram = process === undefined || process === 'none' ? undefined : synthesis.sramProcesses[process];
    const accelerator = synthesis.modelOfUnits(measures, names, sram);
    save(accelerator);
    stop();
    printResult(options, { measures, accelerator }, () => `${describeUnits(accelerator)}\n\n${describeWork(measures)}`);
  } finally {
    stop();
  }
}

interface FpgaWork {
  readonly device: 'hx8k' | 'up5k';
  readonly tools: ToolOptions['yosys'];
  readonly onStep: (step: string) => void;
  readonly signal: AbortSignal;
  readonly inputs: readonly number[];
  readonly names: { readonly name: string; readonly command: string };
}

async function measureFpga({ inputs, names, ...work }: FpgaWork): Promise<Accelerator> {
  const { arraySources, fpgaFigures, modelOfFpga } = await import('../../synthesis/index.ts');
  const sources = arraySources();
  const figures = (top: string, parameters: Record<string, number>) =>
    fpgaFigures({ sources, top, parameters }, { ...work, usesDsps: false });
  const mac = await figures('mac_lane', { ACC_BITS: 24 });
  const adders = [];
  for (const count of inputs) {
    adders.push({ inputs: count, ...(await figures('adder_lane', { INPUTS: count, ACC_BITS: 20 })) });
  }
  return modelOfFpga(mac, adders, names);
}

/** Operations of an adder lane's cycle are in its name. */
const operationsOf = (unit: string) => Number(/^adder, (\d+)/.exec(unit)?.[1] ?? 1);

function describeUnits({ measured, units: names }: Accelerator): string {
  const { units } = measured!;
  const mac = units.mac!;
  const energies = (value: number) => value.toPrecision(4);
  const head = [
    'unit',
    `area (${names.area})`,
    'an operation',
    'of a MAC',
    `energy (${names.energy})`,
    'of a MAC',
    'idle',
  ];
  const rows = Object.entries(units).map(([unit, { area, energy, idle }]) => [
    unit,
    area.toLocaleString('en-US'),
    (area / operationsOf(unit)).toLocaleString('en-US', { maximumFractionDigits: 1 }),
    (area / operationsOf(unit) / mac.area).toFixed(3),
    energies(energy),
    (energy / mac.energy).toFixed(3),
    energies(idle),
  ]);
  return [head, ...rows]
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(18) : cell.padStart(16))).join(''))
    .join('\n');
}

const describeWork = ({ library, volts, clockMHz, goal, tool, data }: UnitMeasures) =>
  `${library}, ${volts} V, ${clockMHz} MHz, for ${goal}, ${tool}; ${data}`;
