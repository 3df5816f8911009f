/** Options of `cost` and `table1` that say how operations are counted and what values take. */

import type { Conventions } from '../cost/records.ts';
import type { Packing, StorageScheme, StorageSchemeName } from '../cost/storage.ts';
import { oneOf } from '../options/values.ts';
import { type TritbankCommand, ValueOption } from './command.ts';

const schemes = [
  'fp',
  'twn',
  'strassen',
  'hybrid',
  'hybrid-fp16',
  'int8',
  'hybrid-int8',
] as const satisfies readonly StorageSchemeName[];
/** Those of files, which are measured and not planned. */
const fileSchemes = ['packed', 'packed-int8'] as const satisfies readonly StorageSchemeName[];
const packings = ['two-bit', 'five-trit', 'entropy'] as const satisfies readonly Packing[];

export interface CountingOptions {
  readonly ternary?: Conventions['ternary'];
  readonly biases?: Conventions['biases'];
  readonly outputScales?: Conventions['outputScales'];
  readonly elementwise?: Conventions['elementwise'];
}

export interface StorageOptions {
  readonly scheme?: StorageSchemeName;
  readonly packing?: Packing;
}

export function addCountingOptions(command: TritbankCommand): void {
  command.optionsGroup('Counting:');
  const option = (flags: string, description: string, values: readonly string[]) =>
    command.addOption(new ValueOption(flags, `${description} (default: ${values[0]})`, oneOf(values)));
  option('--ternary <count>', 'additions by ternary weights: all of them, dense, or zero-skipping', [
    'dense',
    'zero-skipping',
  ]);
  option('--biases <count>', 'one addition per output, added, or none, preloaded', ['added', 'preloaded']);
  option('--output-scales <count>', 'products behind ternary filters: left-out or counted', ['left-out', 'counted']);
  option('--elementwise <count>', 'operations outside of layers: left-out or counted', ['left-out', 'counted']);
}

/** `scheme` is the default; without one those are chosen from that a file can have, by what the model is. */
export function addStorageOptions(command: TritbankCommand, scheme?: StorageSchemeName): void {
  const names = scheme === undefined ? [...schemes, ...fileSchemes] : schemes;
  const fitting =
    scheme ??
    'packed-int8 for 8-bit activations, hybrid-fp16 for hybrids, else the one of the paper that fits the model';
  const packing = scheme === undefined ? "the scheme's" : packings[0];
  command
    .optionsGroup('Storage:')
    .addOption(
      new ValueOption(
        '--scheme <name>',
        `bits of each kind of value: ${names.join(', ')} (default: ${fitting})`,
        oneOf<StorageSchemeName>(names),
      ),
    )
    .addOption(
      new ValueOption(
        '--packing <name>',
        `ternary weights: two-bit, five-trit (five to a byte), or entropy (the bound) (default: ${packing})`,
        oneOf(packings),
      ),
    );
}

/** The paper's conventions with the given changes. */
export function conventionsFrom(paper: Conventions, options: CountingOptions): Conventions {
  const { ternary, biases, outputScales, elementwise } = options;
  return {
    ternary: ternary ?? paper.ternary,
    biases: biases ?? paper.biases,
    outputScales: outputScales ?? paper.outputScales,
    elementwise: elementwise ?? paper.elementwise,
  };
}

/** The scheme of the options; `fallback` is the one that a packing alone changes. */
export function schemeFrom(
  schemes: Readonly<Record<StorageSchemeName, StorageScheme>>,
  { scheme, packing }: StorageOptions,
  fallback: () => StorageScheme,
): StorageScheme | undefined {
  if (scheme === undefined && packing === undefined) return undefined;
  const chosen = scheme === undefined ? fallback() : schemes[scheme];
  return packing === undefined ? chosen : { ...chosen, packing };
}
