/** `tritbank mcu`: what a network takes on an emulated microcontroller. */

import { type Optimize, optimizeNames } from '../export/c/optimize.ts';
import { type CoreName, coreNames } from '../mcu/cores.ts';
import type { McuResult } from '../mcu/index.ts';
import { oneOf, text } from '../options/values.ts';
import { type CommonOptions, interruptible, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { warn } from './output.ts';

interface Options extends CommonOptions {
  readonly core?: CoreName;
  readonly optimize?: Optimize;
  readonly control?: string;
}

const example = `tritbank mcu small.int8.onnx --core cortex-m4
tritbank mcu small.int8.onnx --core cortex-m0plus --optimize flash --control runs/small/control.onnx`;

export function addMcu(program: TritbankCommand): void {
  const command = program.command('mcu');
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command
    .summary('flash, RAM and instructions of a model on an emulated microcontroller')
    .description(
      'Write a model as C (as tritbank export --to c does), build it for a core, run it on QEMU, compare every layer, and ' +
        'count the instructions of each; beside it the same network in int8 by the same kernels. Where QEMU or a ' +
        'compiler for the core is absent, instructions are predicted. docs/microcontrollers.md says what the numbers mean.',
    )
    .argument('<MODEL.onnx>', 'a packed classifier with 8-bit activations');
  add('--core <name>', `${coreNames.join(', ')} (default: cortex-m4)`, oneOf(coreNames));
  add('--optimize <what>', `what is scarce: ${optimizeNames.join(', ')} (default: balanced)`, oneOf(optimizeNames));
  add(
    '--control <file>',
    'an uncompressed int8 model to compare with (default: the same layers with int8 weights)',
    text('a file'),
  );
  command.action(run);
  command.common(example);
}

async function run(model: string, options: Options): Promise<void> {
  const { coreOf, installText, measureModel, missingTools } = await import('../mcu/index.ts');
  const { core = 'cortex-m4', optimize, control } = options;
  const result = await interruptible(
    (signal) =>
      measureModel({
        ...{ model, core, signal },
        ...(optimize && { optimize }),
        ...(control !== undefined && { control }),
      }),
    () => 'nothing was written',
  );
  if (!result.measured) warn(`predicted, not measured: ${installText(missingTools(coreOf(core)))}`);
  const text = await import('../report/text-table.ts');
  printResult(options, result, () => describe(result, text));
}

type TextTable = typeof import('../report/text-table.ts');

function describe(result: McuResult, { alignTable, printNote }: TextTable): string {
  const { steps, control } = result;
  const count = (n: number) => n.toLocaleString('en-US');
  const rows = steps.map(({ name, kernel, instructions, estimatedCycles, flash }) => {
    return [name, kernel, count(instructions), count(estimatedCycles), count(flash)];
  });
  const all = ['all', '', count(result.instructions), count(result.estimatedCycles), count(result.flash)];
  const share = (key: 'instructions' | 'estimatedCycles' | 'flash' | 'ram') => [
    key,
    count(result[key]),
    count(control[key]),
    (result[key] / control[key]).toFixed(2),
  ];
  return [
    alignTable(['step', 'kernel', 'instructions', 'cycles', 'flash'], rows, all),
    '',
    alignTable(
      [result.core, 'model', 'int8 control', 'ratio'],
      (['instructions', 'estimatedCycles', 'flash', 'ram'] as const).map(share),
    ),
    '',
    printNote(`cycles: ${result.cycles}`),
  ].join('\n');
}
