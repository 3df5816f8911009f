/** Options that commands on the hardware share: the array, the cell library, the tools. */

import type { ArrayParameters } from '../../accelerator/array.ts';
import { TritbankError } from '../../ir/errors.ts';
import { oneOf, text, whole } from '../../options/values.ts';
import type { OpenedLibrary, ProcessName } from '../../synthesis/index.ts';
import { type CommonOptions, flagOf, type TritbankCommand, ValueOption } from '../command.ts';
import { createProgress } from '../progress.ts';

export interface ArrayOptions {
  /** A name, or a file. */
  readonly array?: string;
  readonly lanes?: number;
  readonly macs?: number;
  readonly adders?: number;
  readonly inputs?: number;
  readonly weights?: ArrayParameters['ternary'];
  readonly copies?: number;
  readonly macRate?: number;
  readonly adderRate?: number;
  readonly gapBits?: number;
  readonly inFlight?: number;
}

export function addArrayOptions(command: TritbankCommand): void {
  const add = (flags: string, description: string, from: number, to: number) =>
    command.addOption(new ValueOption(flags, description, whole({ from, to })));
  command.optionsGroup('Array:');
  command.addOption(
    new ValueOption(
      '--array <name|file>',
      "an array as a whole: one of table1 --measured, such as 'lists x2', or a JSON file; instead of the options below",
      text('a name or a file'),
    ),
  );
  add('--lanes <n>', 'pixels at a time (default: 16)', 4, 64);
  add('--macs <n>', 'MACs in each lane (default: 1)', 1, 8);
  add('--adders <n>', 'adder lanes for each pixel; 0: an array of MACs only (default: 1)', 0, 8);
  add('--inputs <n>', 'activations that an adder lane adds in a cycle (default: 4; 5 with five-trits)', 1, 16);
  command.addOption(
    new ValueOption(
      '--weights <form>',
      'ternary weights: lists of non-zeros, or dense as trits or five-trits to a byte (default: lists)',
      oneOf(['lists', 'trits', 'five-trits'] as const),
    ),
  );
  add('--copies <n>', 'banks of the tile with the same words (default: 2 with lists, else 1)', 1, 16);
  add('--mac-rate <n>', 'values that the MAC engine requantizes in a cycle (default: 1)', 1, 64);
  add('--adder-rate <n>', 'the same of the adder engine (default: 4, or the next smaller divisor of the lanes)', 1, 64);
  add('--gap-bits <n>', "bits of a list's gap (default: 5)", 2, 8);
  add('--in-flight <n>', 'images at work at the same time (default: 2)', 1, 8);
}

/** What `--array` says. */
export const arrayOptions = [
  ...['lanes', 'macs', 'adders', 'inputs', 'weights', 'copies', 'macRate', 'adderRate', 'gapBits', 'inFlight'],
] as const satisfies (keyof ArrayOptions)[];

/** Options that only mean something to adders. */
const ofAdders = ['inputs', 'weights', 'copies', 'adderRate', 'gapBits'] as const;

/** What is about cell libraries, which FPGAs do not have. */
export const ofLibraries = ['liberty', 'goal', 'cache'] as const;

/** E_USAGE for the first of `names` that was given; `how` says how it may be. */
export function refuseGiven<T extends object>(options: T, names: readonly (string & keyof T)[], how: string): void {
  const found = names.find((name) => options[name] !== undefined && options[name] !== true);
  const isGiven = found !== undefined && (found !== 'cache' || options[found] === false);
  if (!isGiven) return;
  const flag = options[found] === false ? flagOf(`no-${found}`) : flagOf(found);
  throw new TritbankError('E_USAGE', flag, `expected it ${how}, found both`);
}

/** Errors that name a parameter name its option. */
export async function saidByOptions<T>(work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TritbankError)) throw error;
    // a file says where it is wrong
    throw new TritbankError(
      error.code,
      /^[a-z]+$/i.test(error.where) ? flagOf(error.where) : error.where,
      error.detail,
    );
  }
}

/** The array that was asked for; what does not go together is E_USAGE. */
export async function arrayFrom(options: ArrayOptions): Promise<ArrayParameters> {
  const { array, ...others } = options;
  if (array !== undefined) {
    refuseGiven<ArrayOptions>(others, [...arrayOptions], 'without --array');
    const { readArray } = await import('../../targets/index.ts');
    return saidByOptions(() => readArray(array));
  }
  if (options.adders === 0) refuseGiven<ArrayOptions>(others, [...ofAdders], 'with adders, without --adders 0');
  const { checkArray, defaultArray, fittingDivisor } = await import('../../accelerator/index.ts');
  const { lanes, macs, adders, inputs, weights, copies, macRate, adderRate, gapBits, inFlight } = options;
  const ternary = weights ?? defaultArray.ternary;
  if (ternary !== 'lists') refuseGiven<ArrayOptions>(others, ['gapBits'], `with --weights lists, without ${ternary}`);
  const banks = inputs ?? (ternary === 'five-trits' ? 5 : defaultArray.inputs);
  const usualRate = fittingDivisor(lanes ?? defaultArray.lanes, defaultArray.adderRate);
  const usualCopies = ternary === 'lists' && banks % defaultArray.copies === 0 ? defaultArray.copies : 1;
  return saidByOptions(() =>
    checkArray({
      ...defaultArray,
      ternary,
      inputs: banks,
      copies: copies ?? usualCopies,
      ...(lanes !== undefined && { lanes }),
      ...(macs !== undefined && { macs }),
      ...(adders !== undefined && { adders }),
      ...(macRate !== undefined && { macRate }),
      adderRate: adderRate ?? (adders === 0 ? defaultArray.adderRate : usualRate),
      ...(gapBits !== undefined && { gapBits }),
      ...(inFlight !== undefined && { inFlight }),
    }),
  );
}

export interface ToolOptions {
  readonly liberty?: string;
  readonly fpga?: 'ice40' | 'hx8k' | 'up5k';
  readonly goal?: 'speed' | 'area';
  readonly yosys?: 'npm' | 'native';
  /** `--no-cache`. */
  readonly cache?: boolean;
}

export const addLibertyOption = (command: TritbankCommand): void =>
  void command.addOption(
    new ValueOption(
      '--liberty <file>',
      'cell library: .lib, .lib.gz, osu018 (180 nm, of Debian) or sky130 (130 nm, some cells, built in); ' +
        'default: osu018 where qflow-tech-osu018 is installed, else sky130',
      text('a file or a name'),
    ),
  );

/** Processes of the SRAM model, and none at all where a command goes without. */
export const addMemoryOption = (command: TritbankCommand, more: readonly 'none'[] = []): void => {
  const names = [...processes, ...more];
  const rest = more.length > 0 ? ', else none' : '';
  command.addOption(
    new ValueOption(
      '--memory <process>',
      `SRAM model: ${names.join(', ')} (default: that of the cell library${rest})`,
      oneOf(names),
    ),
  );
};

const processes: readonly ProcessName[] = ['sg13g2', 'sky130', 'osu018'];

/** The process of the memories: the one that was asked for, else the cell library's. E_USAGE where neither is known. */
export async function processFrom(memory: ProcessName | undefined, { library }: OpenedLibrary): Promise<ProcessName> {
  const { processOf } = await import('../../synthesis/index.ts');
  const process = memory ?? processOf(library);
  if (process) return process;
  const expected = `expected ${processes.join(', ')}, as the process of the library '${library.name}' is not known`;
  throw new TritbankError('E_USAGE', '--memory', `${expected}, found none`);
}

export function addToolOptions(command: TritbankCommand): void {
  command.optionsGroup('Technology:');
  addLibertyOption(command);
  command.addOption(
    new ValueOption(
      '--fpga <device>',
      'an FPGA instead: hx8k or up5k; ice40 is hx8k',
      oneOf(['ice40', 'hx8k', 'up5k'] as const),
    ),
  );
  command.addOption(
    new ValueOption(
      '--goal <goal>',
      'what cells are chosen for: speed or area (default: speed)',
      oneOf(['speed', 'area'] as const),
    ),
  );
  command.addOption(
    new ValueOption(
      '--yosys <origin>',
      'npm (@yowasp/yosys) or native (default: npm where it is installed)',
      oneOf(['npm', 'native'] as const),
    ),
  );
  command.option('--no-cache', 'synthesize again what was synthesized before');
}

export const deviceOf = (fpga: NonNullable<ToolOptions['fpga']>) => (fpga === 'ice40' ? 'hx8k' : fpga);

/** Says each step once, with the seconds so far. */
export function stepProgress(label: string, { quiet = false }: CommonOptions) {
  let steps = 0;
  const progress = createProgress({ label, total: 0, unit: 'steps', quiet });
  return {
    onStep(step: string) {
      progress.update(++steps, { now: step.split('\\').at(step.startsWith('$paramod\\') ? 1 : -1) ?? step });
    },
    stop: () => progress.stop(),
  };
}
