/** `tritbank cost`: what a model takes to store and to compute, per layer and in all, and over a sweep of hybrids. */

import { basename } from 'node:path';
import type { ImageForm } from '../classifier/image-form.ts';
import type { Analysis } from '../compress/index.ts';
import type { CostOptions, NetworkCost, Sweep, SweepOptions } from '../cost/index.ts';
import { TritbankError } from '../ir/errors.ts';
import type { Graph } from '../ir/index.ts';
import { number, oneOf, pairOf, series, text, type ValueKind, whole } from '../options/values.ts';
import {
  type CommonOptions,
  commandLine,
  interruptible,
  printResult,
  RepeatedOption,
  type TritbankCommand,
  ValueOption,
  version,
} from './command.ts';
import {
  addCountingOptions,
  addStorageOptions,
  type CountingOptions,
  conventionsFrom,
  type StorageOptions,
  schemeFrom,
} from './cost-options.ts';
import { addImageForm, atSize, imageFormFrom, ofSize } from './image-form.ts';
import { writeOut } from './output.ts';
import { createProgress } from './progress.ts';

const sweepNames = ['alpha', 'width-ratio'] as const;
type SweepName = (typeof sweepNames)[number];

interface Options extends CommonOptions, CountingOptions, StorageOptions {
  readonly accelerator?: string;
  readonly format?: string;
  readonly split?: number;
  readonly dim?: readonly { readonly name: string; readonly value: number }[];
  readonly sweep?: readonly { readonly name: SweepName; readonly value: readonly number[] }[];
  readonly analysis?: string | boolean;
  readonly nodes?: boolean;
  readonly csv?: boolean;
  readonly report?: string;
  readonly force?: boolean;
}

const example = `tritbank cost runs/first/model.onnx
tritbank cost model.onnx --accelerator horowitz-int8 --ternary zero-skipping --json
tritbank analyze model.onnx --data images/ --out analysis.json
tritbank cost model.onnx --sweep alpha=0:1:0.125 --sweep width-ratio=0.5:2:0.25 --analysis analysis.json --report sweep.html`;

/** `alpha=0:1:0.125`: the range of the values depends on the name. */
const sweepKind: ValueKind<{ readonly name: SweepName; readonly value: number[] }> = {
  expected: 'alpha=FROM:TO:STEP (from 0 to 1) or width-ratio=FROM:TO:STEP (above 0), or numbers separated by commas',
  parse(given) {
    const range = given.startsWith('alpha') ? { from: 0, to: 1 } : { above: 0 };
    return pairOf(oneOf(sweepNames), series(range), '').parse(given);
  },
  accepts: (given) => pairOf(oneOf(sweepNames), series(), '').accepts(given),
};

const defaultAlphas = [0.5];
const defaultWidthRatios = [1.25];

export function addCost(program: TritbankCommand): void {
  const command = program.command('cost');
  command
    .summary('size, operations, energy and throughput of an ONNX model')
    .description(
      'Count what an ONNX model takes to store and to compute, per layer and in all; energy and throughput follow from an ' +
        'accelerator model. Figures relative to the uncompressed network need no second file. ' +
        'docs/cost.md and docs/accelerators.md explain each.',
    )
    .argument('<MODEL.onnx>', 'an inference model; a symbolic first dimension is a batch of one');
  command
    .optionsGroup('Accelerator:')
    .addOption(
      new ValueOption(
        '--accelerator <name|file>',
        'paper, horowitz-fp16, horowitz-int8, osu018, sky130, sg13g2, ice40, or a JSON file (default: paper)',
        text('a name or a file'),
      ),
    )
    .addOption(
      new ValueOption(
        '--format <name>',
        "number format (default: int8 for 8-bit activations, else the accelerator's own)",
        text('a number format'),
      ),
    )
    .addOption(
      new ValueOption(
        '--split <share>',
        "share of the array's area in MAC units while layers run one after another (default: the best one)",
        number({ from: 0, to: 1 }),
      ),
    );
  addCountingOptions(command);
  addStorageOptions(command);
  command
    .optionsGroup('Model:')
    .addOption(
      new RepeatedOption(
        '--dim <name=size>',
        'size of a symbolic dimension; may be given several times',
        pairOf(text('a name'), whole({ from: 1 }), 'NAME=SIZE with a size of at least 1'),
      ),
    );
  addImageForm(command, ofSize, 'Model');
  command;
  command
    .optionsGroup('Sweep:')
    .addOption(
      new RepeatedOption(
        '--sweep <name=values>',
        'hybrids of the (uncompressed) model: alpha or width-ratio, =FROM:TO:STEP or =a,b,c; given twice, all pairs ' +
          '(default of the other: alpha 0.5, width-ratio 1.25)',
        sweepKind,
      ),
    )
    .addOption(
      new ValueOption(
        '--analysis <file>',
        "of 'tritbank analyze --out FILE', for predicted losses of the configurations (default: one of the weights alone, " +
          'made now)',
        text('a file'),
      ),
    )
    .option('--no-analysis', 'a sweep without predicted losses')
    .action((path: string, options: Options) => cost(path, options, imageFormFrom(command, ofSize)));
  command
    .optionsGroup('Output:')
    .option('--nodes', 'a line per node instead of a line per layer')
    .option('--csv', 'print comma-separated values: layers, nodes, or points of the sweep')
    .addOption(new ValueOption('--report <file>', 'write an HTML page with charts too', text('a file')))
    .replacing();
  command.common(example);
}

function collectSweep(given: NonNullable<Options['sweep']>): {
  alphas: readonly number[];
  widthRatios: readonly number[];
} {
  for (const name of sweepNames) {
    const count = given.filter((one) => one.name === name).length;
    if (count > 1) throw new TritbankError('E_USAGE', '--sweep', `expected ${name} once, found it ${count} times`);
  }
  const valuesOf = (name: SweepName) => given.find((one) => one.name === name)?.value;
  return { alphas: valuesOf('alpha') ?? defaultAlphas, widthRatios: valuesOf('width-ratio') ?? defaultWidthRatios };
}

async function cost(path: string, options: Options, { inputSize }: ImageForm): Promise<void> {
  if (options.csv && options.json)
    throw new TritbankError('E_USAGE', '--csv', 'expected no --json with it, found both');
  const sweep = options.sweep && collectSweep(options.sweep);
  const [{ measureCost, paperConventions, storageSchemes }, { openModel }, report, { claimOutputs }] =
    await Promise.all([
      import('../cost/index.ts'),
      import('../formats/index.ts'),
      import('../report/index.ts'),
      import('../files/outputs.ts'),
    ]);
  const { accelerator, format, split, dim = [], force, analysis } = options;
  if (typeof analysis === 'string' && !sweep) {
    throw new TritbankError('E_USAGE', '--analysis', 'expected --sweep with it, found none');
  }
  const inputs = [path, accelerator, ...(typeof analysis === 'string' ? [analysis] : [])];
  claimOutputs({ '--report': options.report }, { force, inputs });
  const { graph: read, fileBytes } = await openModel(path);
  const graph = await atSize(read, inputSize);
  const basic: CostOptions = {
    conventions: conventionsFrom(paperConventions, options),
    sizes: Object.fromEntries(dim.map(({ name, value }) => [name, value])),
    ...(accelerator !== undefined && { accelerator }),
    ...(format !== undefined && { format }),
    ...(split !== undefined && { split }),
  };
  const fitting = () => (sweep ? storageSchemes['hybrid-fp16'] : measureCost(graph, basic).scheme);
  const scheme = schemeFrom(storageSchemes, options, fitting);
  const chosen: CostOptions = { ...basic, ...(scheme && { scheme }) };
  const done: Measured = sweep
    ? { sweep: await sweepWithLosses(graph, { ...chosen, ...sweep }, options) }
    : { cost: measureCost(graph, chosen) };
  if (options.report !== undefined) await writeCostReport(options.report, basename(path), fileBytes, done);
  const { nodes = false } = options;
  if (options.csv) {
    const csv = done.sweep ? report.sweepCsv(done.sweep.points) : report.costCsv(done.cost, { nodes });
    writeOut(csv);
    return;
  }
  printResult(options, { model: path, fileBytes, ...(done.sweep ?? done.cost) }, () => {
    const text = done.sweep
      ? report.printSweep(done.sweep.points, done.sweep.control)
      : report.printCost(done.cost, { nodes, fileBytes });
    return options.report === undefined ? text : `${text}\n\nreport  ${options.report}`;
  });
}

/** The sweep with what an analysis predicts of its plans: that of a file, or of the weights, made now. */
async function sweepWithLosses(graph: Graph, options: SweepOptions, { analysis, quiet = false }: Options) {
  const [{ sweepCost }, { normalizeNetwork }] = await Promise.all([
    import('../cost/index.ts'),
    import('../passes/index.ts'),
  ]);
  if (analysis === false) return sweepCost(graph, options);
  const { analyzeNetwork, checkAnalysis, filterSensitivity, predictLoss, readAnalysis } = await import(
    '../compress/index.ts'
  );
  const network = normalizeNetwork(graph);
  const found = typeof analysis === 'string' ? readAnalysis(analysis) : await analyzeWeights();
  checkAnalysis(network, found);
  const losses = { roundsUnits: options.format === 'int8' };
  return sweepCost(network, {
    ...options,
    sensitivity: (widthRatio) => filterSensitivity(found, widthRatio, losses),
    lossOf: (plan) => predictLoss(found, plan, losses),
  });

  async function analyzeWeights(): Promise<Analysis> {
    // fails now for what no sweep is possible of
    sweepCost(network, options);
    const progress = createProgress({ label: 'analysis of the weights', total: 100, unit: '%', quiet });
    try {
      const ratios = [...new Set(options.widthRatios)];
      const from = Math.min(...ratios);
      return await interruptible(
        (signal) =>
          analyzeNetwork(network, {
            // residuals are read between widths, and a little beyond them
            ratios: [...new Set([from / 2, ...ratios])],
            signal,
            onProgress: (share, layer) => progress.update(Math.round(100 * share), { layer }),
          }),
        () => 'nothing is kept; --no-analysis needs none',
      );
    } finally {
      progress.stop();
    }
  }
}

type Measured =
  | { readonly cost: NetworkCost; readonly sweep?: undefined }
  | { readonly cost?: undefined; readonly sweep: Sweep };

async function writeCostReport(
  path: string,
  model: string,
  fileBytes: number,
  { cost, sweep }: Measured,
): Promise<void> {
  const [{ renderCostReport }, { writeFileAtomic }] = await Promise.all([
    import('../report/index.ts'),
    import('../files/index.ts'),
  ]);
  const title = sweep ? `Hybrid filter banks of ${model}` : `Cost of ${model}`;
  const facts = { title, generatedBy: `tritbank ${version}`, command: commandLine(), date: new Date().toISOString() };
  const measured = sweep ? { sweep: sweep.points, control: sweep.control, setting: sweep } : { cost, fileBytes };
  writeFileAtomic(path, await renderCostReport({ ...facts, ...measured }));
}
