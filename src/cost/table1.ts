/**
 * Table I of Gope et al. (arXiv 1911.01028), every figure computed from the graphs that `quantize/` builds for
 * MobileNet-V1 0.5 at 224 x 224 and 1,000 classes, beside the printed ones; and rows that the paper lacks.
 *
 * The paper prints 149.49 M additions for its baseline and for TWN, which leaves no room for biases, while 624.27 M for
 * StrassenNets has one addition per output of every convolution in it: each row states how it counts them.
 */

import type { Graph } from '../ir/index.ts';
import { buildNetwork } from '../models/index.ts';
import { applyPlan, deploy, makePlan, type PlanOptions, toFrozen } from '../quantize/index.ts';
import { type Accelerator, formatOf, loadAccelerator } from './accelerator.ts';
import { paperConventions } from './conventions.ts';
import { measureCost } from './measure.ts';
import { type PaperRow, paperRows } from './paper.ts';
import type { Arithmetic, Conventions, NetworkCost } from './records.ts';
import type { StorageSchemeName } from './storage.ts';

export interface Table1Row extends Arithmetic {
  readonly name: string;
  /** What the row is, in words. */
  readonly configuration: string;
  readonly parameters: number;
  /** KB of 1024 bytes. */
  readonly sizeKB: number;
  /** As fractions of the baseline's. */
  readonly energy: number;
  readonly throughput: number;
  /** Changes against the baseline, in per cent; those of additions against its MACs, by both conventions. */
  readonly change: {
    readonly size: number;
    readonly multiplications: number;
    readonly additions: number;
    readonly additionsWithMacs: number;
  };
  readonly format: 'fp16' | 'int8';
  readonly scheme: StorageSchemeName;
  readonly conventions: Conventions;
  /** The printed figures, for the rows that the paper has. */
  readonly paper?: PaperRow;
  /** Ours less the printed ones, as far as there are any; changes in percentage points. */
  readonly residual?: Residual;
}

export interface Residual {
  readonly sizeKB: number;
  readonly multiplicationsChange?: number;
  readonly additionsChange?: number;
  readonly energy: number;
  readonly throughput: number;
}

export interface Table1 {
  readonly network: string;
  readonly accelerator: string;
  readonly rows: readonly Table1Row[];
}

interface RowSpec {
  readonly name: string;
  readonly configuration: string;
  readonly plan: keyof typeof plans;
  readonly format: Table1Row['format'];
  readonly scheme: StorageSchemeName;
  readonly conventions: Conventions;
  readonly paper?: PaperRow;
}

const network = { width: 0.5, inputSize: 224, channels: 3, classes: 1000, firstStride: 2, seed: 1 } as const;

const plans = {
  fp: { method: 'fp' },
  twn: { method: 'twn' },
  strassen: { method: 'strassen', widthRatio: 2 },
  hybrid: { method: 'hybrid', alpha: 0.5, widthRatio: 1.25 },
  'twn-pointwise': { method: 'twn', kinds: ['pointwise'] },
  'strassen-pointwise': { method: 'strassen', widthRatio: 1, kinds: ['pointwise'] },
} as const satisfies Readonly<Record<string, PlanOptions>>;

const preloaded: Conventions = { ...paperConventions, biases: 'preloaded' };
const skipping: Conventions = { ...paperConventions, ternary: 'zero-skipping' };

const hybridText =
  'alpha 0.5, r = 1.25 per ternary filter, first and pointwise layers; classifier strassenified, r = 512';
const pointwiseTwn = 'pointwise layers TWN, everything else at 8 bits';
const pointwiseStrassen = 'pointwise layers strassenified, r = c_out; other weights at 8 bits, biases and a at 32';
const hybridInt8 = `${hybridText}; other weights at 8 bits, biases and a at 32`;

const specs: readonly RowSpec[] = [
  {
    name: 'baseline',
    configuration: 'every value at 16 bits; biases preloaded',
    plan: 'fp',
    format: 'fp16',
    scheme: 'fp',
    conventions: preloaded,
    paper: paperRows.baseline,
  },
  {
    name: 'TWN',
    configuration: 'every layer ternary, every value at 2 bits; biases preloaded',
    plan: 'twn',
    format: 'fp16',
    scheme: 'twn',
    conventions: preloaded,
    paper: paperRows.twn,
  },
  {
    name: 'StrassenNets',
    configuration:
      'r = 2 c_out in first and pointwise layers, classifier r = 512, depthwise full-precision; others at 32 bits',
    plan: 'strassen',
    format: 'fp16',
    scheme: 'strassen',
    conventions: paperConventions,
    paper: paperRows.strassen,
  },
  {
    name: 'hybrid',
    configuration: `${hybridText}; filters at 16 bits, others at 32`,
    plan: 'hybrid',
    format: 'fp16',
    scheme: 'hybrid',
    conventions: paperConventions,
    paper: paperRows.hybrid,
  },
  {
    name: 'int8 baseline',
    configuration: 'every value at 8 bits; biases preloaded',
    plan: 'fp',
    format: 'int8',
    scheme: 'int8',
    conventions: preloaded,
  },
  {
    name: 'pointwise TWN, int8',
    configuration: pointwiseTwn,
    plan: 'twn-pointwise',
    format: 'int8',
    scheme: 'int8',
    conventions: paperConventions,
  },
  {
    name: 'pointwise strassenified, int8',
    configuration: pointwiseStrassen,
    plan: 'strassen-pointwise',
    format: 'int8',
    scheme: 'hybrid-int8',
    conventions: paperConventions,
  },
  {
    name: 'hybrid, int8',
    configuration: hybridInt8,
    plan: 'hybrid',
    format: 'int8',
    scheme: 'hybrid-int8',
    conventions: paperConventions,
  },
  {
    name: 'pointwise TWN, int8, zeros skipped',
    configuration: pointwiseTwn,
    plan: 'twn-pointwise',
    format: 'int8',
    scheme: 'int8',
    conventions: skipping,
  },
  {
    name: 'pointwise strassenified, int8, zeros skipped',
    configuration: pointwiseStrassen,
    plan: 'strassen-pointwise',
    format: 'int8',
    scheme: 'hybrid-int8',
    conventions: skipping,
  },
  {
    name: 'hybrid, int8, zeros skipped',
    configuration: hybridInt8,
    plan: 'hybrid',
    format: 'int8',
    scheme: 'hybrid-int8',
    conventions: skipping,
  },
];

/** The deployed network of a plan. Factors are drawn only where their zeros are counted: sizes do not depend on them. */
function build(base: Graph, plan: PlanOptions, factors: 'drawn' | 'zero'): Graph {
  const rewritten = applyPlan(base, makePlan(base, plan), network.seed, { factors });
  return deploy(toFrozen(rewritten, new Map()), new Map());
}

/**
 * The graph of each plan that the rows need, by the plan's name: to compute tables of several accelerators from.
 *
 * @example
 * import { buildTable1Graphs, computeTable1, loadAccelerator } from 'tritbank/cost';
 *
 * const paper = loadAccelerator('paper');
 * const graphs = buildTable1Graphs();
 * const tables = [paper, { ...paper, name: 'own' }].map((accelerator) => computeTable1(accelerator, graphs));
 */
export function buildTable1Graphs(): ReadonlyMap<string, Graph> {
  const base = buildNetwork('mobilenet-v1', network);
  const skips = new Set(specs.filter((s) => s.conventions.ternary === 'zero-skipping').map((s) => s.plan));
  const names = Object.keys(plans) as (keyof typeof plans)[];
  return new Map(names.map((name) => [name, build(base, plans[name], skips.has(name) ? 'drawn' : 'zero')]));
}

function findResidual(paper: PaperRow, row: Table1Row): Residual {
  const { change } = row;
  const additions = paper.additionsInclude === 'macs' ? change.additionsWithMacs : change.additions;
  return {
    sizeKB: row.sizeKB - paper.sizeKB,
    ...(paper.multiplicationsChange !== undefined && {
      multiplicationsChange: change.multiplications - paper.multiplicationsChange,
    }),
    ...(paper.additionsChange !== undefined && { additionsChange: additions - paper.additionsChange }),
    energy: row.energy - paper.energy,
    throughput: row.throughput - paper.throughput,
  };
}

function describeRow({ plan: _plan, ...spec }: RowSpec, cost: NetworkCost, baseline: NetworkCost): Table1Row {
  const { macs, products, multiplications, additions, additionsWithMacs, parameters } = cost;
  const percent = (value: number, of: number) => 100 * (value / of - 1);
  const row: Table1Row = {
    ...spec,
    parameters,
    sizeKB: cost.bytes / 1024,
    macs,
    products,
    multiplications,
    additions,
    additionsWithMacs,
    energy: cost.energy / baseline.energy,
    throughput: baseline.areaTime / cost.areaTime,
    change: {
      size: percent(cost.bytes, baseline.bytes),
      multiplications: percent(multiplications, baseline.multiplications),
      additions: percent(additions, baseline.macs),
      additionsWithMacs: percent(additionsWithMacs, baseline.macs),
    },
  };
  return spec.paper ? { ...row, residual: findResidual(spec.paper, row) } : row;
}

/**
 * Computes the table. `accelerator` is a model with the number formats `fp16` and `int8`, or a preset's name; by
 * default `paper`, which reproduces the paper's energy and throughput; `given` are graphs that were built before.
 * E_USAGE for a model that lacks one of the formats.
 *
 * @example
 * import { computeTable1 } from 'tritbank';
 *
 * const { rows } = computeTable1('paper');
 * for (const { name, sizeKB, energy, paper } of rows) console.log(name, sizeKB, energy, paper ?? 'not in the paper');
 */
export function computeTable1(accelerator: Accelerator | string = 'paper', given?: ReadonlyMap<string, Graph>): Table1 {
  const model = typeof accelerator === 'string' ? loadAccelerator(accelerator) : accelerator;
  for (const { format } of specs) formatOf(model, format);
  const graphs = given ?? buildTable1Graphs();
  const costs = specs.map(({ plan, format, scheme, conventions }) =>
    measureCost(graphs.get(plan)!, { accelerator: model, format, scheme, conventions }),
  );
  const rows = specs.map((spec, i) => describeRow(spec, costs[i]!, costs[0]!));
  return { network: `${graphs.get('fp')!.name}, ${network.classes} classes`, accelerator: model.name, rows };
}
