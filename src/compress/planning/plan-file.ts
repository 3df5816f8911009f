/**
 * The plan of a compression as a JSON file that a person reads, edits and passes back: which filters of which layers
 * stay in full precision and how many hidden units the others share, beside the budget and the predictions that led to
 * it. Predictions are for the reader: an edited plan keeps those it had. Layers that a plan does not name stay as they
 * are.
 */

import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { checkJson, formatError, oneLine, parseText } from '../../cost/check-json.ts';
import { type CostSetting, packings } from '../../cost/index.ts';
import { type Graph, TritbankError } from '../../ir/index.ts';
import { findLayers, type Plan } from '../../quantize/index.ts';
import { fileError } from '../../train/run-files.ts';
import type { Budget, budgetNames } from './budget.ts';
import { type Bank, isAscending, toLayerPlan } from './candidate.ts';
import { type NetworkCosts, predictCost } from './layer-costs.ts';

/** A layer of a plan. A bank has its full-precision filters by their indices in the layer as it was, ascending. */
export type PlannedLayer =
  | { readonly method: 'fp'; readonly predictedLoss: number }
  | {
      readonly method: 'strassen' | 'hybrid';
      /** The length of `filters`. */
      readonly fullPrecision: number;
      readonly hidden: number;
      /** Of the decomposition, as in `DecomposeOptions`; default 0. */
      readonly sparsity?: number;
      readonly filters: readonly number[];
      readonly predictedLoss: number;
    };

/** How the figures of a plan are counted. */
export type PlanSettings = Omit<CostSetting, 'name'>;

export interface PlanFile {
  readonly version: 1;
  /** The network that the plan is for. */
  readonly model: string;
  /** Relative to the uncompressed network; empty for a plan that was made without. */
  readonly budget: Budget;
  readonly settings: PlanSettings;
  /** Costs relative to the uncompressed network, and the predicted increase of its loss. */
  readonly predicted: Readonly<Record<(typeof budgetNames)[number] | 'loss', number>>;
  readonly layers: Readonly<Record<string, PlannedLayer>>;
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

const bank = <M extends 'strassen' | 'hybrid'>(method: M) =>
  record({
    method: z.literal(method),
    fullPrecision: whole(0),
    hidden: whole(1),
    sparsity: atLeastZero().optional(),
    filters: z.array(whole(0), { error: 'a list of indices of filters' }),
    predictedLoss: atLeastZero(),
  });

const layer = z.discriminatedUnion(
  'method',
  [record({ method: z.literal('fp'), predictedLoss: atLeastZero() }), bank('strassen'), bank('hybrid')],
  { error: 'an object with the method fp, strassen or hybrid' },
);

const schema = record({
  version: z.literal(1, { error: '1, the version that this release reads' }),
  model: text(),
  budget: record({
    size: aboveZero().optional(),
    energy: aboveZero().optional(),
    multiplications: aboveZero().optional(),
    throughput: aboveZero().optional(),
  }),
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
  }),
  predicted: record({
    size: atLeastZero(),
    energy: atLeastZero(),
    multiplications: atLeastZero(),
    throughput: atLeastZero(),
    loss: atLeastZero(),
  }),
  layers: z.record(z.string(), layer, { error: 'an object of layers by their names' }),
});

/** Checks a plan's parsed JSON. `where`, usually the file, begins the place in an error. E_FORMAT. */
export function parsePlan(json: unknown, where: string): PlanFile {
  const data = checkJson(schema, json, where);
  for (const [name, planned] of Object.entries(data.layers)) {
    if (planned.method === 'fp') continue;
    const { method, fullPrecision, filters } = planned;
    const fail = (key: string, expected: string, found: string) => {
      throw formatError(where, ['layers', name, key], expected, found);
    };
    if (!isAscending(filters, Infinity))
      fail('filters', 'indices in ascending order', `[${oneLine(filters.join(', '))}]`);
    if (fullPrecision !== filters.length)
      fail('fullPrecision', `${filters.length}, the number of filters listed`, `${fullPrecision}`);
    if (method === 'strassen' && fullPrecision > 0) fail('fullPrecision', '0 for strassen', `${fullPrecision}`);
    if (method === 'hybrid' && fullPrecision === 0) fail('fullPrecision', 'at least 1 for hybrid', '0');
  }
  return data as PlanFile;
}

/** Reads a plan's file. E_FILE for one that is absent or unreadable, E_FORMAT for one that is not JSON or not a plan. */
export function readPlan(path: string): PlanFile {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError(path, 'a readable JSON file with a plan', cause);
  }
  return parsePlan(parseText(content, path), path);
}

/** The text of a plan's file: indented, a list of indices on one line. */
export function formatPlan(plan: PlanFile): string {
  const indented = JSON.stringify(plan, null, 2);
  // a line break in a name is escaped, so that this matches lists only
  return `${indented.replace(/\[\n[\d,\s]*\]/g, (list) => `[${list.slice(1, -1).trim().replace(/\s+/g, ' ')}]`)}\n`;
}

/** The plan of the choice of candidate `choice[i]` for layer i. */
export function describePlan(model: string, budget: Budget, costs: NetworkCosts, choice: readonly number[]): PlanFile {
  const { accelerator, format, conventions } = costs.setting;
  const layers = costs.layers.map(({ name, filters, candidates }, i): [string, PlannedLayer] => {
    const { fullPrecision, hidden, loss: predictedLoss, sparsity } = candidates[choice[i]!]!;
    const { method } = toLayerPlan({ fullPrecision, hidden }, filters);
    if (method === 'fp') return [name, { method, predictedLoss }];
    const sizes = { fullPrecision: fullPrecision.length, hidden, ...(sparsity !== undefined && { sparsity }) };
    return [name, { method, ...sizes, filters: fullPrecision, predictedLoss }];
  });
  const loss = layers.reduce((total, [, planned]) => total + planned.predictedLoss, 0);
  const { size, energy, multiplications, throughput } = predictCost(costs, choice).relative;
  return {
    version: 1,
    model,
    budget,
    settings: { accelerator: accelerator.name, format, conventions, scheme: costs.scheme },
    predicted: { size, energy, multiplications, throughput, loss },
    layers: Object.fromEntries(layers),
  };
}

/**
 * Checks that a plan fits a network. `where`, usually the file, begins the place in an error. Throws E_USAGE for a layer
 * that the network does not have and for filters that a layer does not have or has no others beside, E_MODEL for a bank
 * of a grouped convolution.
 */
export function checkPlan(plan: PlanFile, graph: Graph, where: string): void {
  const known = new Map(findLayers(graph).map((l) => [l.name, l]));
  for (const [name, planned] of Object.entries(plan.layers)) {
    const place = `${where} layers.${oneLine(name)}`;
    const found = known.get(name);
    if (!found) {
      const names = [...known.keys()].join(', ');
      throw new TritbankError('E_USAGE', place, `expected one of the model's layers (${names}), found another name`);
    }
    if (planned.method === 'fp') continue;
    const beyond = planned.filters.find((index) => index >= found.filters);
    if (beyond !== undefined) {
      const expected = `indices from 0 to ${found.filters - 1}`;
      throw new TritbankError('E_USAGE', `${place}.filters`, `expected ${expected}, found ${beyond}`);
    }
    if (planned.filters.length === found.filters) {
      const expected = `fewer than all ${found.filters} filters, or the method fp`;
      throw new TritbankError('E_USAGE', `${place}.filters`, `expected ${expected}, found all of them`);
    }
    if (found.node.int('group', 1) > 1) {
      const expected = 'fp for a grouped convolution, which has no filter banks';
      throw new TritbankError('E_MODEL', `${place}.method`, `expected ${expected}, found ${planned.method}`);
    }
  }
}

/** Full-precision filters first, each group in original order: place i of the new bank has filter `order[i]`. */
function orderOf(fullPrecision: readonly number[], filters: number): number[] {
  const kept = new Set(fullPrecision);
  const others = Array.from({ length: filters }, (_, i) => i).filter((i) => !kept.has(i));
  return [...fullPrecision, ...others];
}

/**
 * What rewriting needs: the plan of the sizes, and per bank the order that its filters have to be brought into, since a
 * bank has its full-precision filters first. Of a plan that `checkPlan` accepts for the network.
 */
export function toPlan(
  plan: PlanFile,
  graph: Graph,
): { readonly plan: Plan; readonly orders: Readonly<Record<string, readonly number[]>> } {
  const filtersOf = new Map(findLayers(graph).map((l) => [l.name, l.filters]));
  const banks = Object.entries(plan.layers).flatMap(([name, planned]): [string, Bank][] =>
    planned.method === 'fp' ? [] : [[name, { fullPrecision: planned.filters, hidden: planned.hidden }]],
  );
  return {
    plan: { layers: Object.fromEntries(banks.map(([name, one]) => [name, toLayerPlan(one, filtersOf.get(name)!)])) },
    orders: Object.fromEntries(banks.map(([name, one]) => [name, orderOf(one.fullPrecision, filtersOf.get(name)!)])),
  };
}
