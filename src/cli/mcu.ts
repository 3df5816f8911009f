/** `tritbank mcu`: what a network takes on an emulated microcontroller. */

import { basename } from 'node:path';
import { type Optimize, optimizeNames } from '../export/c/optimize.ts';
import { type CoreName, coreNamed, coreNames } from '../mcu/cores.ts';
import type { McuResult } from '../mcu/index.ts';
import { oneOf, text, type ValueKind } from '../options/values.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  type TritbankCommand,
  ValueOption,
  version,
} from './command.ts';
import { warn } from './output.ts';

interface Options extends CommonOptions {
  readonly core?: CoreName;
  readonly optimize?: Optimize;
  readonly control?: string;
  readonly report?: string;
  readonly force?: boolean;
}

const coreKind: ValueKind<CoreName> = { ...oneOf(coreNames), parse: coreNamed };

const example = `tritbank mcu small.int8.onnx --core cortex-m4 --report small.html
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
  add('--core <name>', `${coreNames.join(', ')}; m4 or riscv for short (default: cortex-m4)`, coreKind);
  add('--optimize <what>', `what is scarce: ${optimizeNames.join(', ')} (default: balanced)`, oneOf(optimizeNames));
  add(
    '--control <file>',
    'an uncompressed int8 model to compare with (default: the same layers with int8 weights)',
    text('a file'),
  );
  add('--report <file>', 'write an HTML page: steps, flash, what lies where in the arena', text('a file'));
  command.replacing();
  command.action(run);
  command.common(example);
}

async function run(model: string, options: Options): Promise<void> {
  const [{ coreOf, installText, measureModel, missingTools }, files] = await Promise.all([
    import('../mcu/index.ts'),
    import('../files/index.ts'),
  ]);
  const { core = 'cortex-m4', optimize, control, report, force } = options;
  files.claimOutputs({ '--report': report }, { force, inputs: [model, control] });
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
  if (report !== undefined) files.writeFileAtomic(report, await pageOf(result));
  const { printMcu } = await import('../report/mcu-text.ts');
  printResult(options, { ...result, ...(report !== undefined && { report }) }, () =>
    [printMcu(result), ...(report === undefined ? [] : [`\nreport  ${report}`])].join('\n'),
  );
}

async function pageOf(result: McuResult): Promise<string> {
  const { renderMcuPage } = await import('../report/mcu-page.ts');
  const about = { title: `${basename(result.model)} on a ${result.core}`, generatedBy: `tritbank ${version}` };
  return renderMcuPage({ ...about, command: commandLine(), date: new Date().toISOString(), result });
}
