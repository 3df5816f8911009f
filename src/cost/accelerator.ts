/**
 * Accelerator models as data: what an operation costs in energy and in area, per number format, and what moving a byte
 * costs. A model is a JSON file, one of those in `accelerators/` or a user's own; docs/accelerators.md has the format,
 * and where each constant comes from. Left out: how energy and time follow from them, which is in `estimate.ts`.
 */

import * as z from 'zod';
import { checkJson, describeValue, formatError, oneLine, packageText, parseText, readText } from '../files/index.ts';
import { reasonOf } from '../files/reasons.ts';
import { TritbankError } from '../ir/index.ts';

/** Energy of an operation, and area of the unit that does one a cycle, in the accelerator's units. */
export interface OperationCost {
  readonly energy: number;
  readonly area: number;
}

/** What the operations on full-precision weights and activations of one kind cost. */
export interface NumberFormat {
  /** Bytes of a number in memory. */
  readonly bytes: number;
  /** A multiply-accumulate by a MAC unit. */
  readonly mac: OperationCost;
  /** A single product done by a MAC unit, whose area it occupies. */
  readonly multiplication: OperationCost;
  /** An addition or subtraction by an adder unit: ternary weights, biases. */
  readonly addition: OperationCost;
}

export interface MemoryEnergies {
  readonly weights: { readonly energyPerByte: number };
  /** Layers' inputs and outputs. */
  readonly activations: { readonly energyPerByte: number };
}

/** A unit as it was measured, in the accelerator's units. */
export interface MeasuredUnit {
  readonly area: number;
  readonly energy: number;
  /** Energy of a cycle in which the unit does nothing. */
  readonly idle: number;
}

/** How a model's constants were measured. */
export interface Measurement {
  readonly command: string;
  readonly tool: string;
  readonly library: string;
  readonly clockMHz: number;
  readonly uncertainty: string;
  readonly units: Readonly<Record<string, MeasuredUnit>>;
}

export interface Accelerator {
  readonly name: string;
  readonly description: string;
  /** Where the constants come from. */
  readonly source: string;
  /** What energies and areas are given in; the names are for display only. */
  readonly units: { readonly energy: string; readonly area: string };
  readonly formats: Readonly<Record<string, NumberFormat>>;
  /** A key of `formats`. */
  readonly defaultFormat: string;
  /** `null`: energies of memory are not modelled. */
  readonly memory: MemoryEnergies | null;
  /** Of models that `tritbank hardware energy` made. */
  readonly measured?: Measurement | undefined;
}

/** Names of the models that come with Tritbank. */
export const accelerators: readonly string[] = [
  ...['paper', 'horowitz-fp16', 'horowitz-int8'],
  ...['osu018', 'sky130', 'sg13g2', 'ice40'],
];

// In the schema an `error` is what follows "expected" in the error that a user sees.

const text = () => {
  const error = 'text that is not empty';
  return z.string({ error }).min(1, { error });
};

const atLeastZero = (description: string) => {
  const error = 'a number of at least 0';
  return z.number({ error }).min(0, { error }).describe(description);
};

const aboveZero = (description: string) => {
  const error = 'a number above 0';
  return z.number({ error }).gt(0, { error }).describe(description);
};

/** An object with the keys of `shape` and no others; `or` names what else may stand in its place. */
function record<S extends z.ZodRawShape>(shape: S, or = '') {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `one of ${keys}` : `${or}an object with ${keys}`),
  });
}

const operation = (description: string) =>
  record({
    energy: atLeastZero('Energy of one operation, in the unit of units.energy.'),
    area: aboveZero('Area of the unit that does one operation a cycle, in the unit of units.area.'),
  }).describe(description);

const numberFormat = record({
  bytes: aboveZero('Bytes of a number in memory.'),
  mac: operation('A multiply-accumulate by a MAC unit.'),
  multiplication: operation('A single product done by a MAC unit. Its area is that of the MAC unit.'),
  addition: operation('An addition or subtraction by an adder unit: ternary weights, biases.'),
});

const memoryOf = (description: string) =>
  record({ energyPerByte: atLeastZero('Energy of moving a byte, in the unit of units.energy.') }).describe(description);

const measuredUnit = record({
  area: atLeastZero('In the unit of units.area.'),
  energy: atLeastZero('Of one operation, in the unit of units.energy.'),
  idle: atLeastZero('Of a cycle in which the unit does nothing.'),
});

const measurement = record({
  command: text().describe('The command that measured it.'),
  tool: text(),
  library: text(),
  clockMHz: aboveZero('Clock that leakage and idle cycles are of.'),
  uncertainty: text().describe('How far the constants can be off, and why.'),
  units: z
    .record(z.string(), measuredUnit, { error: 'an object with units by name' })
    .describe('Units that were measured, those among them that no format has.'),
}).describe('How the constants were measured.');

const someFormats = 'an object with at least one number format';

const schema = record({
  $schema: text().describe('The JSON Schema of this file, for editors.').optional(),
  name: text(),
  description: text(),
  source: text().describe('Where the constants come from.'),
  units: record({ energy: text(), area: text() }).describe('Names of the units, for display only.'),
  formats: z
    .record(z.string(), numberFormat, { error: someFormats })
    .refine((formats) => Object.keys(formats).length > 0, { error: someFormats })
    .meta({ minProperties: 1, description: 'What operations cost, by number format.' }),
  defaultFormat: text().describe('The number format that is used unless another is asked for: a key of formats.'),
  memory: z
    .nullable(
      record(
        {
          weights: memoryOf('Reading weights.'),
          activations: memoryOf('Reading inputs and writing outputs of layers.'),
        },
        'null or ',
      ),
    )
    .describe('null: energies of memory are not modelled.'),
  measured: measurement.optional(),
});

/** The JSON Schema of an accelerator's file. That `defaultFormat` is one of `formats` is beyond it. */
export function acceleratorSchema(): object {
  return z.toJSONSchema(schema.meta({ title: 'Accelerator model of Tritbank' }));
}

/**
 * Checks an accelerator's parsed JSON. `where`, usually the file, begins the place in an error. E_FORMAT for anything
 * else.
 *
 * @example
 * import { loadAccelerator, parseAccelerator } from 'tritbank';
 *
 * const json: unknown = { ...loadAccelerator('paper'), name: 'own', source: 'measured' };
 * const accelerator = parseAccelerator(json, 'own.json');
 */
export function parseAccelerator(json: unknown, where: string): Accelerator {
  const { $schema, ...accelerator } = checkJson(schema, json, where);
  const { formats, defaultFormat } = accelerator;
  if (Object.hasOwn(formats, defaultFormat)) return accelerator;
  const expected = `one of ${Object.keys(formats).map(oneLine).join(', ')}`;
  throw formatError(where, ['defaultFormat'], expected, describeValue(defaultFormat));
}

function readFrom(path: string): string {
  const expected = `one of ${accelerators.join(', ')} or a readable JSON file`;
  try {
    return readText(path, expected);
  } catch (error) {
    // a misspelt name is no path
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause === undefined) throw error;
    throw new TritbankError('E_FILE', path, `expected ${expected}, found ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Reads a model by its name in `accelerators`, or from a file. E_FILE for a file that is absent or unreadable, E_FORMAT
 * for one that is not JSON or not an accelerator.
 *
 * @example
 * import { loadAccelerator } from 'tritbank';
 *
 * const { formats, units } = loadAccelerator('horowitz-int8');
 * console.log(formats.int8!.mac.energy, units.energy);
 */
export function loadAccelerator(nameOrPath: string): Accelerator {
  const isName = accelerators.includes(nameOrPath);
  const text = isName ? packageText(`accelerators/${nameOrPath}.json`) : readFrom(nameOrPath);
  return parseAccelerator(parseText(text, nameOrPath), nameOrPath);
}

/**
 * The number format of that name, or the default one. E_USAGE for a name that the accelerator does not have.
 *
 * @example
 * import { formatOf, loadAccelerator } from 'tritbank/cost';
 *
 * const { bytes, mac, addition } = formatOf(loadAccelerator('paper'), 'fp16');
 * console.log(bytes, addition.energy / mac.energy);
 */
export function formatOf(accelerator: Accelerator, name = accelerator.defaultFormat): NumberFormat {
  const { formats } = accelerator;
  if (Object.hasOwn(formats, name)) return formats[name]!;
  const expected = `one of ${Object.keys(formats).join(', ')} (accelerator '${accelerator.name}')`;
  throw new TritbankError('E_USAGE', 'number format', `expected ${expected}, found '${name}'`);
}
