/** `tritbank table1`: Table I of the paper, computed from the graphs, beside the printed figures. */

import { join } from 'node:path';
import { TritbankError } from '../ir/errors.ts';
import { text } from '../options/values.ts';
import { type CommonOptions, flagOf, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { addMeasuredOptions, type MeasuredOptions, measuredTable1 } from './hardware/measured-table.ts';

interface Options extends CommonOptions, MeasuredOptions {
  readonly measured?: boolean;
  readonly accelerator?: string;
  readonly models?: string;
}

const example = `tritbank table1
tritbank table1 --measured --no-energy
tritbank table1 --models table1/ && tritbank cost table1/hybrid.onnx`;

export function addTable1(program: TritbankCommand): void {
  const command = program.command('table1');
  command
    .summary("the paper's Table I, computed from graphs")
    .description(
      'Compute Table I of "Aggressive Compression of MobileNets Using Hybrid Ternary Layers" (arXiv 1911.01028) from graphs ' +
        'of MobileNet-V1 0.5, beside the printed figures, and rows that the paper lacks: 8 bits, zeros skipped. ' +
        'Accuracies are the printed ones: nothing is trained here. With --measured: on arrays of the accelerator, as ' +
        'synthesised and simulated; docs/hardware.md explains each figure.',
    )
    .addOption(
      new ValueOption(
        '--accelerator <name|file>',
        'paper, horowitz-fp16, horowitz-int8, or a JSON file with the formats fp16 and int8 (default: paper)',
        text('a name or a file'),
      ),
    )
    .addOption(
      new ValueOption('--models <dir>', 'write the graphs of the rows there as ONNX files', text('a directory')),
    )
    .action((options: Options) => table1(options, command.given()));
  addMeasuredOptions(command);
  command.common(example);
}

/** What only makes sense with `--measured`, and what only without it. */
const ofMeasured = ['network', 'data', 'dataDir', 'liberty', 'memory', 'clock', 'energy', 'goal', 'yosys', 'cache'];
const ofComputed = ['accelerator', 'models'];

function requireTogether({ measured }: Options, given: Readonly<Record<string, unknown>>): void {
  const wrong = (measured ? ofComputed : ofMeasured).find((name) => name in given);
  if (wrong === undefined) return;
  const flag = given[wrong] === false ? flagOf(`no-${wrong}`) : flagOf(wrong);
  const found = measured ? 'it with --measured' : 'it alone';
  throw new TritbankError('E_USAGE', flag, `expected it ${measured ? 'without' : 'with'} --measured, found ${found}`);
}

async function table1(options: Options, given: Readonly<Record<string, unknown>>): Promise<void> {
  requireTogether(options, given);
  if (options.measured) return measuredTable1(options);
  const { buildTable1Graphs, computeTable1, loadAccelerator } = await import('../cost/index.ts');
  const { printTable1 } = await import('../report/index.ts');
  const accelerator = loadAccelerator(options.accelerator ?? 'paper');
  if (options.models !== undefined) {
    const { makeRunDirectory } = await import('../files/index.ts');
    makeRunDirectory(options.models);
  }
  const graphs = buildTable1Graphs();
  const table = computeTable1(accelerator, graphs);
  const files: string[] = [];
  if (options.models !== undefined) {
    const { saveModel } = await import('../onnx/index.ts');
    for (const [name, graph] of graphs) {
      const path = join(options.models, `${name}.onnx`);
      await saveModel(graph, path);
      files.push(path);
    }
  }
  printResult(options, { ...table, ...(files.length > 0 && { models: files }) }, () =>
    [printTable1(table), ...(files.length > 0 ? ['', ...files.map((path) => `model   ${path}`)] : [])].join('\n'),
  );
}
