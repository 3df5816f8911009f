/** The networks of `table1 --measured`: those of the zoo where it is there, others with drawn weights; all at 8 bits. */

import type { Dataset } from '../../data/index.ts';
import type { MeasuredCase } from '../../hardware/index.ts';
import type { IntegerNetwork } from '../../integer/index.ts';
import type { Graph } from '../../ir/index.ts';
import type { PlanOptions } from '../../quantize/index.ts';
import { warn } from '../output.ts';
import { testImages } from './quantized-images.ts';

export const tableNetworks = ['v1-0.5-32', 'v1-0.5-224'] as const;
export type TableNetwork = (typeof tableNetworks)[number];

export interface TableChoice {
  readonly network: TableNetwork;
  /** Images for calibration and activity. Default: drawn ones. */
  readonly data?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly onStep: (step: string) => void;
}

const shapes = {
  'v1-0.5-32': { width: 0.5, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 },
  'v1-0.5-224': { width: 0.5, inputSize: 224, channels: 3, classes: 1000, firstStride: 2, seed: 1 },
} as const;

const plans = {
  twn: { method: 'twn', kinds: ['pointwise'] },
  strassen: { method: 'strassen', widthRatio: 1, kinds: ['pointwise'] },
  hybrid: { method: 'hybrid', alpha: 0.5, widthRatio: 1.25 },
} as const satisfies Readonly<Record<string, PlanOptions>>;

const zooFiles = {
  full: 'mobilenet-v1-0.5-cifar10-full',
  planned: 'mobilenet-v1-0.5-cifar10-planned-int8',
  quarter: 'mobilenet-v1-0.5-cifar10-quarter-int8',
} as const;

const imagesToCalibrate = 32;

interface Source {
  readonly dataset: Dataset;
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

/** Of a model of the zoo; undefined where there is no zoo. */
async function fromZoo(name: string): Promise<Graph | undefined> {
  const [{ openModel }, { findInZoo }, { TritbankError }] = await Promise.all([
    import('../../formats/index.ts'),
    import('../../zoo/index.ts'),
    import('../../ir/index.ts'),
  ]);
  try {
    return (await openModel(await findInZoo(name))).graph;
  } catch (error) {
    if (error instanceof TritbankError && (error.code === 'E_FILE' || error.code === 'E_USAGE')) return undefined;
    throw error;
  }
}

async function openSource({ network, data = 'synthetic', dataDir }: TableChoice): Promise<Source> {
  const { openDataset, statistics } = await import('../../data/index.ts');
  const { inputSize } = shapes[network];
  const dataset = await openDataset(data, { imageSize: inputSize, ...(dataDir !== undefined && { dir: dataDir }) });
  return { dataset, normalisation: await statistics(dataset) };
}

/** A float network at 8 bits. */
async function quantize(graph: Graph, { dataset, normalisation }: Source): Promise<Graph> {
  const { exportOnnx } = await import('../../export/index.ts');
  const calibration = { split: dataset.train, normalisation, images: imagesToCalibrate };
  return exportOnnx(graph, { activations: 'int8', calibration });
}

/** A network as a plan has it, deployed, with drawn factors. */
export async function drawnNetwork(base: Graph, plan: PlanOptions): Promise<Graph> {
  const { applyPlan, deploy, makePlan, toFrozen } = await import('../../quantize/index.ts');
  const rewritten = applyPlan(base, makePlan(base, plan), 1, { factors: 'drawn' });
  return deploy(toFrozen(rewritten, new Map()), new Map());
}

/** What the rows of the table are measured on; the control comes first. */
export async function openTableCases(choice: TableChoice): Promise<MeasuredCase[]> {
  const { onStep, network } = choice;
  const [{ buildNetwork }, { measuredArrays }, { readIntegerNetwork }] = await Promise.all([
    import('../../models/index.ts'),
    import('../../hardware/index.ts'),
    import('../../integer/index.ts'),
  ]);
  const source = await openSource(choice);
  const base = buildNetwork('mobilenet-v1', shapes[network]);
  const hasZoo = network === 'v1-0.5-32';
  const open = async (graph: Graph | Promise<Graph>): Promise<Pick<MeasuredCase, 'network' | 'image'>> => {
    const integers: IntegerNetwork = readIntegerNetwork(await graph);
    return { network: integers, image: (await testImages(integers, source, 1))[0]! };
  };
  onStep('control');
  const full = hasZoo ? await fromZoo(zooFiles.full) : undefined;
  const control = await open(quantize(full ?? base, source));
  const trained = full ? 'trained' : 'drawn weights';
  const cases: MeasuredCase[] = [];
  const add = (
    name: string,
    configuration: string,
    arrayName: keyof typeof measuredArrays,
    opened: Pick<MeasuredCase, 'network' | 'image'>,
  ) => void cases.push({ name, configuration, arrayName, array: measuredArrays[arrayName], ...opened });
  add('int8', `every filter at 8 bits, ${trained}`, 'mac', control);
  add('int8, 2 MACs a lane', `every filter at 8 bits, ${trained}`, 'mac x2', control);
  add('int8, 4 MACs a lane', `every filter at 8 bits, ${trained}`, 'mac x4', control);
  onStep('ternary');
  const twn = await open(quantize(await drawnNetwork(base, plans.twn), source));
  add('TWN', 'pointwise layers TWN, drawn weights', 'lists', twn);
  const strassen = await open(quantize(await drawnNetwork(base, plans.strassen), source));
  add('StrassenNets', 'pointwise layers strassenified, r = c_out, drawn factors', 'lists', strassen);
  const hybrid = await open(quantize(await drawnNetwork(base, plans.hybrid), source));
  const uniform = 'alpha 0.5, r = 1.25 per ternary filter, drawn factors';
  add('hybrid', uniform, 'lists', hybrid);
  add('hybrid, dense', uniform, 'trits', hybrid);
  for (const [name, about] of [
    ['planned', "planned at the paper's size, trained"],
    ['quarter', 'planned at a quarter of the size, trained'],
  ] as const) {
    onStep(name);
    const graph = hasZoo ? await fromZoo(zooFiles[name]) : undefined;
    if (!graph) {
      if (hasZoo) warn(`the row '${name}' is left out: the zoo does not have ${zooFiles[name]}`);
      continue;
    }
    const opened = await open(graph);
    add(`hybrid, ${name}`, about, 'lists', opened);
    add(`hybrid, ${name}, 2 MACs a lane`, about, 'lists x2', opened);
    add(`hybrid, ${name}, dense`, about, 'trits', opened);
  }
  return cases;
}
