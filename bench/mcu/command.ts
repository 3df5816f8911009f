/** `bench mcu`: networks on emulated microcontrollers, beside CMSIS-NN's int8 of the uncompressed network. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { printResult, type TritbankCommand, ValueOption } from '../../src/cli/command.ts';
import { exportC, type Optimize, optimizeNames, readIntegers } from '../../src/export/c/index.ts';
import { writeFileAtomic } from '../../src/files/index.ts';
import type { IntegerNetwork } from '../../src/integer/index.ts';
import { TritbankError } from '../../src/ir/index.ts';
import { type CoreName, coreNames, coreOf, measureOnCore, missingTools, runTool } from '../../src/mcu/index.ts';
import { listOf, oneOf, text } from '../../src/options/values.ts';
import { describeEnvironment } from '../environment.ts';
import { formatTable } from '../table.ts';
import { cmsisVersion, measureCmsis, type PeerMeasure } from './cmsis-nn.ts';
import { plans, tasks } from './networks.ts';
import { figuresOf, type McuAccuracy, type McuReport, type McuRow, ratiosOf } from './report.ts';

interface Options {
  readonly cmsisNn?: string;
  readonly core: readonly CoreName[];
  readonly optimize: readonly Optimize[];
  readonly control?: string;
  readonly result?: string;
  readonly evaluated?: readonly string[];
  readonly name?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A network in int8, and what it is compressed to. */
interface Contest {
  readonly name: string;
  readonly control: IntegerNetwork;
  readonly compressed: readonly { readonly plan: string; readonly network: IntegerNetwork }[];
  readonly accuracies?: { readonly model: McuAccuracy; readonly control: McuAccuracy };
}

const drawnContests = (): Contest[] =>
  tasks.map(({ name, build }) => ({
    name,
    control: build(),
    compressed: Object.entries(plans).map(([plan, choice]) => ({ plan, network: build(choice) })),
  }));

/** Of a `result.json` of `compress --samples`: the file's top-1 and the control's. */
function readAccuracies(path: string): NonNullable<Contest['accuracies']> {
  const { accuracy, control } = JSON.parse(readFileSync(path, 'utf8')) as {
    accuracy: { after: McuAccuracy };
    control: McuAccuracy;
  };
  const of = ({ top1, samples, interval }: McuAccuracy) => ({ top1, samples, interval });
  return { model: of(accuracy.after), control: of(control) };
}

/** Of what `eval --json` printed of the file and of the control. */
function readEvaluations(paths: readonly string[]): NonNullable<Contest['accuracies']> {
  const [model, control] = paths.map((path): McuAccuracy => {
    const { top1, samples, intervals } = JSON.parse(readFileSync(path, 'utf8')) as Pick<
      McuAccuracy,
      'top1' | 'samples'
    > & { readonly intervals: { readonly top1: McuAccuracy['interval'] } };
    return { top1, samples, interval: intervals.top1 };
  });
  return { model: model!, control: control! };
}

async function givenContest(
  models: readonly string[],
  { control, result, evaluated, name }: Pick<Options, 'control' | 'result' | 'evaluated' | 'name'>,
): Promise<Contest> {
  if (control === undefined) {
    throw new TritbankError('E_USAGE', '--control', 'expected the uncompressed int8 file of the models, found none');
  }
  const compressed = [];
  for (const model of models) compressed.push({ plan: basename(model, '.onnx'), network: await readIntegers(model) });
  if (result !== undefined && evaluated) {
    throw new TritbankError('E_USAGE', '--evaluated', 'expected it without --result, found both');
  }
  const accuracies = evaluated
    ? { accuracies: readEvaluations(evaluated) }
    : result === undefined
      ? {}
      : { accuracies: readAccuracies(result) };
  return { name: name ?? basename(control, '.onnx'), control: await readIntegers(control), compressed, ...accuracies };
}

/** The rows of a contest on a core; `peer` is CMSIS-NN. */
async function rowsOf(contest: Contest, core: CoreName, optimize: readonly Optimize[], peer?: PeerMeasure) {
  const base = { network: contest.name, core };
  const control = await measureOnCore(exportC(contest.control, { name: 'control', drawn: 1 }), coreOf(core));
  const row = (contestant: string, found: Parameters<typeof figuresOf>[0]): McuRow => ({
    ...base,
    contestant,
    ...figuresOf(found),
    ...(peer && { overCmsis: ratiosOf(found, peer) }),
    overControl: ratiosOf(found, control),
  });
  const rows: McuRow[] = [];
  if (peer) rows.push({ ...row('CMSIS-NN int8', peer), difference: Number(peer.difference.toFixed(2)) });
  const { accuracies } = contest;
  rows.push({ ...row('int8', control), ...(accuracies && { accuracy: accuracies.control }) });
  for (const { plan, network } of contest.compressed) {
    for (const what of optimize) {
      const exported = exportC(network, { name: 'network', drawn: 1, optimize: what });
      const found = row(`${plan}, ${what}`, await measureOnCore(exported, coreOf(core)));
      rows.push({ ...found, ...(accuracies && { accuracy: accuracies.model }) });
    }
  }
  return rows;
}

async function compete(contests: readonly Contest[], core: CoreName, options: Options, say: (line: string) => void) {
  const { cmsisNn, optimize } = options;
  say(`${core}${cmsisNn === undefined ? '' : ', CMSIS-NN'}`);
  const controls = contests.map(({ control }) => control);
  const isArm = core !== 'rv32imc';
  const peers = cmsisNn !== undefined && isArm ? await measureCmsis(cmsisNn, controls, coreOf(core)) : [];
  const rows: McuRow[] = [];
  for (const [i, contest] of contests.entries()) {
    say(`${core}, ${contest.name}`);
    rows.push(...(await rowsOf(contest, core, optimize, peers[i])));
  }
  return rows;
}

async function run(models: readonly string[], options: Options): Promise<void> {
  const { core, cmsisNn, quiet, out } = options;
  const say = (line: string) => void (quiet || process.stderr.write(`${line}\n`));
  const usable = core.filter((name) => missingTools(coreOf(name)).length === 0);
  for (const name of core) if (!usable.includes(name)) say(`${name}: left out, its tools are absent`);
  const contests = models.length > 0 ? [await givenContest(models, options)] : drawnContests();
  const environment = describeEnvironment();
  const rows: McuRow[] = [];
  for (const name of usable) rows.push(...(await compete(contests, name, options, say)));
  const compiler = usable[0] ? (await runTool(coreOf(usable[0]).compiler, ['--version'])).split('\n')[0]! : 'none';
  const report: McuReport = {
    benchmark: 'mcu',
    ...environment,
    ...(cmsisNn !== undefined && { cmsis: cmsisVersion(cmsisNn) }),
    ...{ compiler, flags: '-O3 -fno-tree-loop-distribute-patterns', rows },
  };
  if (out !== undefined) writeFileAtomic(out, `${JSON.stringify(report, null, 1)}\n`);
  const count = (n: number) => n.toLocaleString('en-US');
  const ratio = (n: number | undefined) => n?.toFixed(2) ?? '';
  printResult(options, report, () =>
    formatTable(
      [
        { head: 'network', cell: (r) => r.network, align: 'left' },
        { head: 'core', cell: (r) => r.core, align: 'left' },
        { head: 'by', cell: (r) => r.contestant, align: 'left' },
        { head: 'instructions', cell: (r) => count(r.instructions) },
        { head: 'cycles', cell: (r) => count(r.estimatedCycles) },
        { head: 'flash', cell: (r) => count(r.flash) },
        { head: 'RAM', cell: (r) => count(r.ram) },
        { head: 'over CMSIS-NN', cell: (r) => ratio(r.overCmsis?.instructions) },
        { head: 'cycles', cell: (r) => ratio(r.overCmsis?.estimatedCycles) },
        { head: 'flash', cell: (r) => ratio(r.overCmsis?.flash) },
        { head: 'RAM', cell: (r) => ratio(r.overCmsis?.ram) },
        { head: 'over int8', cell: (r) => ratio(r.overControl.instructions) },
      ],
      rows,
    ),
  );
}

export function addMcu(program: TritbankCommand): void {
  const cores: readonly CoreName[] = ['cortex-m4', 'cortex-m7', 'cortex-m55', 'cortex-m0plus', 'cortex-m3'];
  program
    .command('mcu')
    .description(
      'Instructions, estimated cycles, flash and RAM on emulated cores: the uncompressed network in int8 by CMSIS-NN and ' +
        'by our kernels, and compressed ones. CMSIS-NN is built from its own source with the same flags; nothing of it ' +
        'is kept. Without models: networks with drawn weights under two plans.',
    )
    .argument('[MODEL.onnx...]', 'compressed files with 8-bit activations, with --control')
    .addOption(new ValueOption('--cmsis-nn <dir>', 'a checkout of CMSIS-NN (default: left out)', text('a directory')))
    .addOption(new ValueOption('--control <file>', 'the uncompressed int8 file', text('a file')))
    .addOption(new ValueOption('--result <file>', 'result.json of compress: accuracies of both', text('a file')))
    .addOption(
      new ValueOption(
        '--evaluated <list>',
        'what eval --json printed of the model and of the control, instead of --result',
        listOf(text('a file'), 'two files, separated by a comma', ({ length }) => length === 2),
      ),
    )
    .addOption(
      new ValueOption('--name <text>', 'what the rows call the network (default: the control)', text('a name')),
    )
    .addOption(
      new ValueOption(
        '--core <list>',
        `of ${coreNames.join(', ')}`,
        listOf(oneOf(coreNames), 'cores, separated by commas'),
      ).default(cores, cores.join(',')),
    )
    .addOption(
      new ValueOption(
        '--optimize <list>',
        `of ${optimizeNames.join(', ')}`,
        listOf(oneOf(optimizeNames), 'words, separated by commas'),
      ).default(optimizeNames, optimizeNames.join(',')),
    )
    .addOption(new ValueOption('--out <file>', 'write the JSON result to a file too', text('a file name')))
    .common('npm run bench -- mcu --cmsis-nn CMSIS-NN --out mcu.json')
    .action((models: string[], options: Options) => run(models, options));
}
