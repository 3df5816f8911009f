/**
 * From Verilog to cells of a library: what a design takes in area, block by block. Each module is mapped once, whatever
 * the number of its instances, and stays a module of the netlist, so that areas and energies can be told apart.
 */

import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type FileCache, openFileCache } from '../files/index.ts';
import { flattenNetlist } from './flatten.ts';
import type { OpenedLibrary } from './liberty/open.ts';
import { baseName, countModules, type Netlist, readNetlist, sizeOf } from './netlist.ts';
import { longestPath, type TimingPath } from './timing.ts';
import type { Tool, ToolOrigin } from './tools/tool.ts';
import { findYosys, runYosys } from './yosys.ts';

/** Verilog to synthesise. */
export interface Design {
  /** Texts by file name. */
  readonly sources: Readonly<Record<string, string>>;
  readonly top: string;
  /** Of the top module. */
  readonly parameters?: Readonly<Record<string, number>>;
}

/** What gates are chosen for: short paths, as yosys does by itself, or a small area. */
export const mappingGoals = ['speed', 'area'] as const;
export type MappingGoal = (typeof mappingGoals)[number];

export interface SynthesisOptions {
  readonly library: OpenedLibrary;
  /** Default: the npm package where it is installed, else the program in the search path. */
  readonly yosys?: ToolOrigin | undefined;
  readonly goal?: MappingGoal | undefined;
  /** A directory in which netlists are kept by content. */
  readonly cache?: string | undefined;
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A module, without the modules in it. */
export interface Block {
  readonly module: string;
  /** A module occurs once for each set of them. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Instances in the whole design. */
  readonly count: number;
  /** Of one instance; area in the library's unit, by convention um2. */
  readonly area: number;
  readonly cells: number;
  readonly flipFlops: number;
}

export interface Synthesis {
  readonly library: string;
  readonly tool: string;
  readonly goal: MappingGoal;
  /** The ones that take most come first. */
  readonly blocks: readonly Block[];
  /** Of all blocks together. */
  readonly area: number;
  readonly cells: number;
  readonly flipFlops: number;
  /** An estimate. */
  readonly longestPath: TimingPath;
  readonly seconds: number;
  /** Whether the netlist was made before. */
  readonly isCached: boolean;
}

/** Changes where the script does. */
const version = 1;
const keptBytes = 2 ** 28;

/** Small areas need another mapper than short paths. */
const mappers: Readonly<Record<MappingGoal, string>> = {
  speed: 'abc -liberty cells.lib',
  area: 'abc -liberty cells.lib -script +strash;ifraig;scorr;dc2;dch,-f;amap,-m',
};

const sourceName = (index: number) => `source${index}.v`;

/** A MAC with one of Booth's multipliers takes 0.6 of the area; releases of yosys before 0.33 do not have them. */
const hasBooth = (tool: Tool) => {
  const [, major = 0, minor = 0] = (/ (\d+)\.(\d+)/.exec(tool.name) ?? []).map(Number);
  return major > 0 || minor >= 33;
};

function scriptOf({ sources, top, parameters = {} }: Design, tool: Tool, goal: MappingGoal): string[] {
  const files = Object.keys(sources).map((_, i) => sourceName(i));
  const settings = Object.entries(parameters).map(([name, value]) => `-chparam ${name} ${value}`);
  return [
    'log step: read',
    `read_verilog ${files.join(' ')}`,
    `hierarchy -check -top ${top} ${settings.join(' ')}`.trim(),
    'setattr -mod -set keep_hierarchy 1',
    'log step: synthesize',
    `synth ${hasBooth(tool) ? '-booth ' : ''}-run begin:fine`,
    'log step: gates',
    'synth -noabc -run fine:check',
    'check -assert',
    'log step: flip-flops',
    'dfflibmap -liberty cells.lib',
    'log step: cells',
    mappers[goal],
    'opt_clean -purge',
    'write_json netlist.json',
  ];
}

async function makeNetlist(design: Design, options: SynthesisOptions, tool: Tool): Promise<string> {
  const { library, goal = 'speed', onStep, signal } = options;
  const sources = Object.values(design.sources).map((text, i) => [sourceName(i), text] as const);
  const files = { ...Object.fromEntries(sources), 'cells.lib': library.text };
  const script = scriptOf(design, tool, goal);
  const made = await runYosys(tool, {
    script,
    files,
    outputs: ['netlist.json'],
    ...(onStep && { onStep }),
    ...(signal && { signal }),
  });
  return made['netlist.json']!;
}

function keyOf(design: Design, { library, goal = 'speed' }: SynthesisOptions, tool: Tool): string {
  const parts = [version, tool.name, scriptOf(design, tool, goal), Object.entries(design.sources), library.text];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The name that yosys gives the top module when parameters are set. */
function topOf(json: string, top: string): string {
  const { modules } = JSON.parse(json) as { modules: Record<string, { attributes?: { top?: string } }> };
  return Object.entries(modules).find(([, { attributes }]) => attributes?.top !== undefined)?.[0] ?? top;
}

/**
 * Maps a design to a library's cells. E_FILE without yosys; E_FORMAT for a design that it refuses or warns of, or with
 * latches; E_UNSUPPORTED for one that needs cells which the library does not have.
 *
 * @example
 * import { openLibrary, synthesize } from './index.ts';
 *
 * const library = openLibrary();
 * const adder = 'module adder(input [7:0] a, b, output [8:0] sum); assign sum = a + b; endmodule';
 * const { synthesis } = await synthesize({ sources: { 'adder.v': adder }, top: 'adder' }, { library });
 * console.log(synthesis.area, synthesis.cells);
 */
export async function synthesize(
  design: Design,
  options: SynthesisOptions,
): Promise<{ readonly synthesis: Synthesis; readonly netlist: Netlist }> {
  const start = performance.now();
  const tool = findYosys(options.yosys);
  const cache: FileCache | undefined =
    options.cache === undefined ? undefined : openFileCache(options.cache, keptBytes);
  const name = `${keyOf(design, options, tool)}.json.gz`;
  const read = (json: string) => readNetlist(json, topOf(json, design.top));
  const known = cache?.get(name, (content) => read(gunzipSync(content).toString('utf8')));
  let netlist = known;
  if (!netlist) {
    const json = await makeNetlist(design, options, tool);
    netlist = read(json);
    cache?.put(name, gzipSync(json));
    cache?.prune();
  }
  const described = describeNetlist(netlist, options.library);
  const seconds = (performance.now() - start) / 1000;
  const { goal = 'speed', library } = options;
  const made = { library: library.library.name, tool: tool.name, goal };
  return { synthesis: { ...made, ...described, seconds, isCached: known !== undefined }, netlist };
}

function describeNetlist(
  netlist: Netlist,
  { library }: OpenedLibrary,
): Pick<Synthesis, 'blocks' | 'longestPath' | keyof Totals> {
  const blocks = [...countModules(netlist)]
    .map(([module, count]) => {
      const { parameters = {} } = netlist.modules[module]!;
      return { module: baseName(module), parameters, count, ...sizeOf(netlist, module, library) };
    })
    .sort((a, b) => b.count * b.area - a.count * a.area);
  const sum = (key: keyof Totals) => blocks.reduce((total, block) => total + block.count * block[key], 0);
  const path = longestPath(flattenNetlist(netlist, library), library);
  return { blocks, area: sum('area'), cells: sum('cells'), flipFlops: sum('flipFlops'), longestPath: path };
}

type Totals = Pick<Block, 'area' | 'cells' | 'flipFlops'>;
