/** `tritbank hardware synthesize`: what the array takes on a cell library or an FPGA. */

import { TritbankError } from '../../ir/errors.ts';
import { pairOf, text, whole } from '../../options/values.ts';
import type { Block, Design, FpgaFigures, Synthesis } from '../../synthesis/index.ts';
import {
  type CommonOptions,
  interruptible,
  printResult,
  RepeatedOption,
  type TritbankCommand,
  ValueOption,
} from '../command.ts';
import {
  type ArrayOptions,
  addArrayOptions,
  addToolOptions,
  arrayFrom,
  arrayOptions,
  deviceOf,
  ofLibraries,
  refuseGiven,
  stepProgress,
  type ToolOptions,
} from './options.ts';

interface Options extends CommonOptions, ArrayOptions, ToolOptions {
  readonly module?: string;
  readonly set?: readonly { readonly name: string; readonly value: number }[];
}

const example = `tritbank hardware synthesize --adders 0 --macs 2
tritbank hardware synthesize --module adder_lane --set INPUTS=8 --liberty sky130.lib.gz --json
tritbank hardware synthesize --fpga up5k --module mac_lane`;

export function addSynthesize(hardware: TritbankCommand): void {
  const command = hardware.command('synthesize');
  command
    .summary('areas by block, on a cell library or an FPGA')
    .description(
      'Map the array, without its memories, to the cells of a library, and say what each block takes; with --fpga, place ' +
        'and route it too. Needs yosys: npm install @yowasp/yosys (and @yowasp/nextpnr-ice40 for --fpga), or the programs.',
    )
    .action(synthesize);
  addArrayOptions(command);
  command
    .optionsGroup('Block:')
    .addOption(
      new ValueOption('--module <name>', 'a module of hardware/rtl instead of the array', text('the name of a module')),
    )
    .addOption(
      new RepeatedOption(
        '--set <name=value>',
        'a parameter of --module; may be given several times',
        pairOf(text('a name'), whole(), 'NAME=NUMBER'),
      ),
    );
  addToolOptions(command);
  command.common(example);
}

/** Parameters that choose a form; the others are numbers of things. */
const mayBeZero = ['ADDERS', 'LISTS', 'FIVE_TRITS', 'ADDITIONS', 'BUFFERED'];

async function designFrom(options: Options): Promise<Design> {
  const { arrayDesign, arraySources } = await import('../../synthesis/index.ts');
  const { module, set = [] } = options;
  if (module !== undefined) refuseGiven(options, arrayOptions, 'without --module');
  if (module === undefined) {
    if (set.length === 0) return arrayDesign(await arrayFrom(options));
    throw new TritbankError('E_USAGE', '--set', 'expected --module with it, found none');
  }
  const parameters = Object.fromEntries(set.map(({ name, value }) => [name, value]));
  const sources = arraySources();
  const modules = Object.keys(sources).map((name) => name.replace(/\.v$/, ''));
  if (!modules.includes(module)) {
    throw new TritbankError('E_USAGE', '--module', `expected one of ${modules.join(', ')}, found ${module}`);
  }
  const known = [...sources[`${module}.v`]!.matchAll(/parameter\s+(?:\[[^\]]*\]\s*)?(\w+)/g)].map(([, name]) => name!);
  const strange = Object.keys(parameters).find((name) => !known.includes(name));
  if (strange !== undefined) {
    throw new TritbankError('E_USAGE', '--set', `expected one of ${known.join(', ')}, found ${strange}`);
  }
  const empty = set.find(({ name, value }) => value < (mayBeZero.includes(name) ? 0 : 1));
  if (empty) throw new TritbankError('E_USAGE', '--set', `expected ${empty.name} of at least 1, found ${empty.value}`);
  return { sources, top: module, parameters };
}

async function synthesize(options: Options): Promise<void> {
  const { fpgaFigures, openLibrary, synthesize: run } = await import('../../synthesis/index.ts');
  const { cacheFolder } = await import('../../files/index.ts');
  const design = await designFrom(options);
  const text = await import('../../report/text-table.ts');
  const { onStep, stop } = stepProgress('synthesize', options);
  const advice = () => 'start again: what was mapped whole is kept';
  const { fpga, liberty, goal, yosys, cache } = options;
  try {
    if (fpga !== undefined) {
      refuseGiven(options, ofLibraries, 'without --fpga');
      const work = { device: deviceOf(fpga), tools: yosys, onStep };
      const figures = await interruptible((signal) => fpgaFigures(design, { ...work, signal }), advice);
      stop();
      printResult(options, { design: describe(design), ...figures }, () => text.printPairs(describeFpga(figures)));
      return;
    }
    const library = openLibrary(liberty);
    const folder = cache === false ? undefined : cacheFolder('synthesis');
    const { synthesis } = await interruptible(
      (signal) => run(design, { library, goal, yosys, cache: folder, onStep, signal }),
      advice,
    );
    stop();
    printResult(options, { design: describe(design), ...synthesis }, () => describeCells(synthesis, text));
  } finally {
    stop();
  }
}

/** A module, and where it occurs with several sets of parameters, those that differ. */
function nameBlock({ module, parameters }: Block, blocks: readonly Block[]): string {
  const same = blocks.filter((block) => block.module === module);
  const differs = (name: string) => new Set(same.map((block) => block.parameters[name])).size > 1;
  const said = Object.keys(parameters).filter(differs);
  return said.length === 0 ? module : `${module} ${said.map((name) => `${name}=${parameters[name]}`).join(' ')}`;
}

const describe = ({ top, parameters = {} }: Design) => ({ module: top, parameters });

const count = (value: number) => Math.round(value).toLocaleString('en-US');

type TextTable = typeof import('../../report/text-table.ts');

function describeCells(
  { library, tool, goal, blocks, area, cells, flipFlops, longestPath, seconds, isCached }: Synthesis,
  { alignTable, printNote }: TextTable,
): string {
  const rows = blocks.map((block) => [
    nameBlock(block, blocks),
    count(block.count),
    count(block.area),
    count(block.cells),
    count(block.flipFlops),
    ((100 * block.count * block.area) / area).toFixed(1),
  ]);
  rows.push(['all', '', count(area), count(cells), count(flipFlops), '100.0']);
  const head = ['block', 'instances', 'area (um2)', 'cells', 'flip-flops', 'share (%)'];
  const made = isCached ? 'synthesized before' : `${seconds.toFixed(1)} s`;
  const { nanoseconds, from, to } = longestPath;
  const path =
    `longest path ${nanoseconds.toFixed(1)} ns (${(1000 / nanoseconds).toFixed(0)} MHz), from ${from} to ${to}: ` +
    'an estimate, without placement and sized cells';
  return [alignTable(head, rows), '', printNote(`${library}, for ${goal}, ${tool}, ${made}`), printNote(path)].join(
    '\n',
  );
}

function describeFpga(figures: FpgaFigures): [string, string][] {
  const { device, luts, flipFlops, blockRams, dsps, largeRams, fits, clockMHz, available, tools } = figures;
  return [
    ['LUTs', `${count(luts)} of ${count(available.luts)}`],
    ['flip-flops', `${count(flipFlops)} of ${count(available.flipFlops)}`],
    ['block RAM', `${blockRams} of ${available.blockRams}`],
    ['DSPs', `${dsps} of ${available.dsps}`],
    ['large RAM', `${largeRams} of ${available.largeRams}`],
    ['fits', fits ? 'yes' : 'no'],
    ...(clockMHz === undefined ? [] : ([['clock', `${clockMHz.toFixed(1)} MHz`]] as [string, string][])),
    ['device', `iCE40 ${device}, ${tools.join(', ')}`],
  ];
}
