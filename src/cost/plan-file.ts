/**
 * A plan as a JSON file that a person reads, edits and passes back; beside the layers, for a plan that was optimised, are
 * the budget and the predictions that led to it. Predictions are for the reader: an edited plan keeps those it had.
 * Training leaves its plan in the same form, without budget and predictions. Files of earlier releases are read too
 * (`old-plan-files.ts`).
 */

import * as z from 'zod';
import { checkJson, formatError, parseText, readText } from '../files/index.ts';
import { type BankPlan, faultOf, type Plan } from '../quantize/index.ts';
import { upgradePlanFile } from './old-plan-files.ts';
import type { CostSetting, Relative } from './records.ts';
import { packings } from './storage.ts';

/** How the figures of a plan are counted. */
export type PlanSettings = Omit<CostSetting, 'name'>;

/** What a plan is predicted to cost, relative to the uncompressed network, and to lose. */
export interface PlanPrediction extends Relative {
  /** Increase of the network's loss. */
  readonly loss: number;
  /** The part of each layer in `loss`. */
  readonly losses: Readonly<Record<string, number>>;
}

/** A figure of the planned network, and of the uncompressed one in 8 bits. */
export interface PlanFigure<T> {
  readonly predicted: T;
  readonly control: T;
}

/** A plan on the machine that it was made for. */
export interface PlanTarget {
  readonly name: string;
  /** As they were asked for: shares of the control's figures, or figures. */
  readonly limits: Readonly<Record<string, number | string>>;
  /** By what limits are about: cycles, instructions, latency, flash, ram. */
  readonly totals: Readonly<Record<string, PlanFigure<number>>>;
  /** What adds up over layers, by name. */
  readonly resources: readonly string[];
  /** What each planned layer takes of each resource. */
  readonly layers: Readonly<Record<string, PlanFigure<readonly number[]>>>;
}

export interface PlanFile extends Plan {
  readonly version: 2;
  /** The network that the plan is for. */
  readonly model: string;
  /** Limits relative to the uncompressed network; empty for a plan that was made without. */
  readonly budget?: Partial<Relative>;
  readonly settings?: PlanSettings;
  readonly predicted?: PlanPrediction;
  readonly target?: PlanTarget;
}

// In the schema an `error` is what follows "expected" in the error that a user sees.

const atLeastZero = (error = 'a number of at least 0') => z.number({ error }).min(0, { error });
const aboveZero = (error = 'a number above 0') => z.number({ error }).gt(0, { error });
const whole = (from: number, error = `a whole number of at least ${from}`) => z.int({ error }).min(from, { error });
const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

const text = () => {
  const error = 'text that is not empty';
  return z.string({ error }).min(1, { error });
};

/** An object with the keys of `shape` and no others. */
function record<S extends z.ZodRawShape>(shape: S) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `one of ${keys}` : `an object with ${keys}`),
  });
}

const bits = z.array(whole(1), { error: 'a list of numbers of bits' }).optional();

const bank = <M extends BankPlan['method']>(method: M) =>
  record({
    method: z.literal(method),
    fullPrecision: z.array(whole(0), { error: 'a list of indices of filters' }),
    hidden: whole(1),
    sparsity: atLeastZero().optional(),
    bits,
  });

const layer = z.discriminatedUnion(
  'method',
  [
    record({ method: z.literal('fp'), bits }),
    record({ method: z.literal('twn'), granularity: oneOf(['tensor', 'filter']) }),
    bank('strassen'),
    bank('hybrid'),
  ],
  { error: 'an object with the method fp, twn, strassen or hybrid' },
);

/** Of the planned network and of the control. */
const figure = <S extends z.ZodType>(kind: S) => record({ predicted: kind, control: kind });

const byName = <S extends z.ZodType>(kind: S, what: string) =>
  z.record(z.string(), kind, { error: `an object of ${what} by name` });

const target = record({
  name: text(),
  limits: byName(z.union([aboveZero(), text()], { error: 'a number above 0 or a text' }), 'limits'),
  totals: byName(figure(atLeastZero()), 'figures'),
  resources: z.array(text(), { error: 'a list of names' }),
  layers: byName(figure(z.array(z.number(), { error: 'a list of numbers' })), 'layers'),
});

const figures = { size: aboveZero(), energy: aboveZero(), multiplications: aboveZero(), throughput: aboveZero() };

const schema = record({
  version: z.literal(2, { error: '2, the version that this release writes, or 1' }),
  model: text(),
  budget: record(figures).partial().optional(),
  settings: record({
    accelerator: text(),
    format: text(),
    conventions: record({
      ternary: oneOf(['dense', 'zero-skipping']),
      biases: oneOf(['added', 'preloaded']),
      outputScales: oneOf(['left-out', 'counted']),
      elementwise: oneOf(['left-out', 'counted']),
    }),
    scheme: record({
      packing: oneOf(packings),
      filterBits: atLeastZero(),
      depthwiseBits: atLeastZero(),
      otherBits: atLeastZero(),
      outputScaleBits: atLeastZero(),
    }),
  }).optional(),
  predicted: record({
    size: atLeastZero(),
    energy: atLeastZero(),
    multiplications: atLeastZero(),
    throughput: atLeastZero(),
    loss: atLeastZero(),
    losses: z.record(z.string(), atLeastZero(), { error: 'an object of losses by the names of layers' }),
  }).optional(),
  target: target.optional(),
  layers: z.record(z.string(), layer, { error: 'an object of layers by their names' }),
});

/**
 * Checks a plan's parsed JSON. `where`, usually the file, begins the place in an error. E_FORMAT for anything else.
 *
 * @example
 * import { parsePlan } from 'tritbank/cost';
 *
 * const json: unknown = JSON.parse('{ "version": 2, "model": "own", "layers": { "conv": { "method": "fp" } } }');
 * const { layers } = parsePlan(json, 'own-plan.json');
 */
export function parsePlan(json: unknown, where: string): PlanFile {
  const data = checkJson(schema, upgradePlanFile(json, where), where) as PlanFile;
  for (const [name, planned] of Object.entries(data.layers)) {
    const fault = faultOf(planned);
    if (fault) throw formatError(where, ['layers', name, fault.key], fault.expected, fault.found);
  }
  return data;
}

/**
 * Reads a plan's file. E_FILE for one that is absent or unreadable, E_FORMAT for one that is not JSON or not a plan.
 *
 * @example
 * import { applyPlan, checkPlan, loadModel, normalizeNetwork, readPlan } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const plan = readPlan('plan.json');
 * checkPlan(plan, graph, 'plan.json');
 * const network = applyPlan(graph, plan, 1);
 */
export function readPlan(path: string): PlanFile {
  return parsePlan(parseText(readText(path, 'a readable JSON file with a plan'), path), path);
}

/**
 * The text of a plan's file, which `readPlan` reads: indented, a list of numbers on one line.
 *
 * @example
 * import { writeFile } from 'node:fs/promises';
 * import { formatPlan, loadModel, makePlan, normalizeNetwork } from 'tritbank';
 *
 * const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
 * const { layers } = makePlan(graph, { method: 'hybrid', alpha: 0.5 });
 * await writeFile('own-plan.json', formatPlan({ version: 2, model: graph.name, layers }));
 */
export function formatPlan(plan: PlanFile): string {
  const indented = JSON.stringify(plan, null, 2);
  // a line break in a name is escaped, so that this matches lists only
  return `${indented.replace(/\[\n[\d.,\s]*\]/g, (list) => `[${list.slice(1, -1).trim().replace(/\s+/g, ' ')}]`)}\n`;
}
