/** `tritbank table1 --measured`: Table I on arrays, as synthesised and simulated. */

import { number, oneOf, text } from '../../options/values.ts';
import type { ProcessName } from '../../synthesis/index.ts';
import { type CommonOptions, interruptible, printResult, type TritbankCommand, ValueOption } from '../command.ts';
import { warn } from '../output.ts';
import { createProgress } from '../progress.ts';
import { addLibertyOption, addMemoryOption, processFrom, type ToolOptions } from './options.ts';
import { checkImageChoice } from './quantized-images.ts';
import { openTableCases, type TableNetwork, tableNetworks } from './table-networks.ts';

export interface MeasuredOptions extends Pick<ToolOptions, 'liberty' | 'goal' | 'yosys' | 'cache'> {
  readonly network?: TableNetwork;
  readonly data?: string;
  readonly dataDir?: string;
  readonly memory?: ProcessName;
  readonly clock?: number;
  /** `--no-energy`. */
  readonly energy?: boolean;
}

export function addMeasuredOptions(command: TritbankCommand): void {
  const add = (flags: string, description: string, kind: ConstructorParameters<typeof ValueOption<unknown>>[2]) =>
    command.addOption(new ValueOption(flags, description, kind));
  command.optionsGroup('Measured:');
  command.option('--measured', 'synthesise arrays of the accelerator, and measure networks on them');
  add('--network <name>', `${tableNetworks.join(' or ')} (default: ${tableNetworks[0]})`, oneOf(tableNetworks));
  add('--data <name|dir>', 'images for calibration and activity (default: drawn ones)', text('a name or a directory'));
  add('--data-dir <dir>', 'where the files of a named data set are', text('a directory'));
  addLibertyOption(command);
  addMemoryOption(command);
  add('--goal <goal>', 'what cells are chosen for: speed or area (default: area)', oneOf(['speed', 'area'] as const));
  add('--clock <MHz>', 'clock of all arrays (default: 50)', number({ above: 0 }));
  command.option('--no-energy', 'areas and cycles only: gates are not simulated');
  add(
    '--yosys <origin>',
    'npm (@yowasp/yosys) or native (default: npm where it is installed)',
    oneOf(['npm', 'native'] as const),
  );
  command.option('--no-cache', 'measure again what was measured before');
}

export async function measuredTable1(options: MeasuredOptions & CommonOptions): Promise<void> {
  const [
    { measureTable },
    { openLibrary, sramProcesses },
    { cacheFolder, describeMachine },
    { computeTable1 },
    { printMeasuredTable },
    { clockNote },
  ] = await Promise.all([
    import('../../hardware/index.ts'),
    import('../../synthesis/index.ts'),
    import('../../files/index.ts'),
    import('../../cost/index.ts'),
    import('../../report/measured-text.ts'),
    import('../../report/explore-text.ts'),
  ]);
  const { network = tableNetworks[0], data, dataDir, memory, liberty, goal = 'area', yosys, cache, quiet } = options;
  checkImageChoice({ data, dataDir }, {});
  const library = openLibrary(liberty);
  const process = await processFrom(memory, library);
  const progress = createProgress({ label: 'table1', total: 0, unit: 'steps', quiet: quiet ?? false });
  let [steps, row] = [0, 'networks'];
  const onStep = (step: string) => progress.update(++steps, { row, now: step.split('\\').at(-1)! });
  try {
    const cases = await openTableCases({ network, data, dataDir, onStep });
    const table = await interruptible(
      (signal) =>
        measureTable(cases, {
          ...{ library, goal, yosys, onStep, signal },
          clockMHz: options.clock ?? 50,
          process: sramProcesses[process],
          hasEnergy: options.energy ?? true,
          cache: cache === false ? undefined : cacheFolder('synthesis'),
          onCase: (done, total, name) => {
            row = `${Math.min(done + 1, total)}/${total} ${name}`;
          },
        }),
      () => 'start again: rows that were measured are kept',
    );
    progress.stop();
    const slow = clockNote(table.rows, table.clockMHz);
    if (slow !== undefined) warn(`--clock: ${slow}`);
    const analytic = computeTable1('paper').rows;
    const result = { network, data: data ?? 'drawn', memory: process, goal, ...table };
    const origin = { machine: describeMachine(), date: new Date().toISOString() };
    printResult(options, { ...origin, ...result, analytic }, () => printMeasuredTable(result, analytic));
  } finally {
    progress.stop();
  }
}
