/** What a design takes on a Lattice iCE40: logic cells, memories, multipliers, and its clock after placement and routing. */

import { TritbankError } from '../ir/index.ts';
import { type Netlist, readNetlist } from './netlist.ts';
import type { Design } from './synthesize.ts';
import { findTool } from './tools/find.ts';
import type { Tool, ToolNames, ToolOrigin } from './tools/tool.ts';
import { findYosys, runYosys } from './yosys.ts';

/** Kinds of iCE40 with packages that boards have: HX8K (ct256), UP5K (sg48, as on iCEBreaker and UPduino). */
export const fpgaDevices = ['hx8k', 'up5k'] as const;
export type FpgaDevice = (typeof fpgaDevices)[number];

export interface FpgaSizes {
  /** A table of four inputs, with or without its flip-flop. */
  readonly luts: number;
  readonly flipFlops: number;
  /** Block memories of 4 kbit. */
  readonly blockRams: number;
  /** Multiply-accumulate blocks of 16 bits. */
  readonly dsps: number;
  /** Memories of 256 kbit. */
  readonly largeRams: number;
}

/** Logic cells have one table and one flip-flop each. */
const available: Readonly<Record<FpgaDevice, FpgaSizes>> = {
  hx8k: { luts: 7680, flipFlops: 7680, blockRams: 32, dsps: 0, largeRams: 0 },
  up5k: { luts: 5280, flipFlops: 5280, blockRams: 30, dsps: 8, largeRams: 4 },
};

const nextpnrArguments: Readonly<Record<FpgaDevice, readonly string[]>> = {
  hx8k: ['--hx8k', '--package', 'ct256'],
  up5k: ['--up5k', '--package', 'sg48'],
};

const nextpnr: ToolNames = {
  package: '@yowasp/nextpnr-ice40',
  export: 'runNextpnrIce40',
  command: 'nextpnr-ice40',
  versionFlag: '--version',
};

export interface FpgaOptions {
  readonly device: FpgaDevice;
  readonly tools?: ToolOrigin | undefined;
  /**
   * The design's ports are pins of the device. Otherwise they come from registers and go to some: modules have more
   * ports than devices have pins, and the clock says something only between registers.
   */
  readonly portsArePins?: boolean;
  /** Whether multipliers of the device are used; default: yes. */
  readonly usesDsps?: boolean;
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface FpgaFigures extends FpgaSizes {
  readonly device: FpgaDevice;
  readonly tools: readonly string[];
  readonly available: FpgaSizes;
  /** Whether MACs are made of logic cells, because the device has too few multipliers. */
  readonly macsInCells: boolean;
  readonly fits: boolean;
  /** Of the placed and routed design, at 1.2 V and the slowest corner; undefined for one that does not fit. */
  readonly clockMHz: number | undefined;
}

/** A design, mapped, placed and routed. Errors as of `synthesize`; E_FILE too where nextpnr is missing. */
export async function fpgaFigures(design: Design, options: FpgaOptions): Promise<FpgaFigures> {
  const { device, tools, portsArePins = false, usesDsps = true, onStep, signal } = options;
  const yosys = findYosys(tools);
  const router = findTool(nextpnr, tools);
  let work: Work = { onStep, signal, device, usesDsps, macsInCells: false };
  let plain = await mapDesign(yosys, design, work);
  // requantizers have the widest multipliers: where there are too few for all, MACs do without
  if (usesDsps && countCells(plain.netlist).dsps > available[device].dsps) {
    work = { ...work, macsInCells: true };
    plain = await mapDesign(yosys, design, work);
  }
  const sizes = countCells(plain.netlist);
  const fits = (Object.keys(sizes) as (keyof FpgaSizes)[]).every((key) => sizes[key] <= available[device][key]);
  const { macsInCells } = work;
  const figures = { device, tools: [yosys.name, router.name], ...sizes, macsInCells, available: available[device] };
  if (!fits) return { ...figures, fits, clockMHz: undefined };
  const placed = portsArePins ? plain : await mapDesign(yosys, chainPorts(design, plain.netlist), work);
  const clockMHz = await route(router, placed.json, work);
  return { ...figures, fits: clockMHz !== undefined, clockMHz };
}

interface Work {
  readonly device: FpgaDevice;
  readonly usesDsps: boolean;
  readonly macsInCells: boolean;
  readonly onStep: ((step: string) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

async function mapDesign(
  yosys: Tool,
  { sources, top, parameters = {} }: Design,
  { device, usesDsps, macsInCells, onStep, signal }: Work,
): Promise<{ readonly json: string; readonly netlist: Netlist }> {
  const files = Object.fromEntries(Object.values(sources).map((text, i) => [`source${i}.v`, text]));
  const settings = Object.entries(parameters).map(([name, value]) => `chparam -set ${name} ${value} ${top}`);
  const script = [
    'log step: read',
    `read_verilog ${Object.keys(files).join(' ')}`,
    ...settings,
    ...(macsInCells ? [`hierarchy -top ${top}`, 'proc', 'booth *mac_lane*'] : []),
    `log step: synthesize ${top}`,
    `synth_ice40 -device ${device === 'up5k' ? 'u' : 'hx'}${device === 'up5k' && usesDsps ? ' -dsp' : ''} -top ${top} -json netlist.json`,
  ];
  const job = { script, files, outputs: ['netlist.json'], ...(onStep && { onStep }), ...(signal && { signal }) };
  const json = (await runYosys(yosys, job))['netlist.json']!;
  return { json, netlist: readNetlist(json, top) };
}

function countCells({ modules, top }: Netlist): FpgaSizes {
  const types = Object.values(modules[top]!.cells).map(({ type }) => type);
  const count = (pattern: RegExp) => types.filter((type) => pattern.test(type)).length;
  return {
    luts: count(/^SB_LUT4$/),
    flipFlops: count(/^SB_DFF/),
    blockRams: count(/^SB_RAM40_4K/),
    dsps: count(/^SB_MAC16$/),
    largeRams: count(/^SB_SPRAM256KA$/),
  };
}

/** Registers before the inputs and behind the outputs: few, since they take logic cells that the device may not have. */
const chainLength = 64;
const foldedBits = 8;

/**
 * A design with one pin in and one out. Inputs come from a chain of registers that they share, those of different ports
 * in different orders; outputs are folded to some bits, those to one.
 */
function chainPorts(design: Design, netlist: Netlist): Design {
  const ports = Object.entries(netlist.modules[netlist.top]!.ports);
  const inputs = ports.filter(([name, { direction }]) => direction === 'input' && name !== 'clk');
  const outputs = ports.filter(([, { direction }]) => direction === 'output');
  if (!ports.some(([name]) => name === 'clk')) {
    throw new TritbankError('E_UNSUPPORTED', `module ${design.top}`, 'expected an input clk, found none');
  }
  let taken = 0;
  const joined = [
    '.clk(clk)',
    ...inputs.map(([name, { bits }], port) => {
      // odd steps reach every register
      const from = bits.map((_, bit) => `chain[${((2 * port + 1) * bit + 11 * port) % chainLength}]`);
      return `.${name}({${from.reverse().join(', ')}})`;
    }),
    ...outputs.map(([name, { bits }]) => {
      taken += bits.length;
      return `.${name}(found[${taken - 1}:${taken - bits.length}])`;
    }),
  ];
  const folds = Array.from({ length: foldedBits }, (_, fold) => {
    const own = Array.from({ length: taken }, (_, bit) => bit).filter((bit) => bit % foldedBits === fold);
    return `held[${fold}] <= ${own.length === 0 ? "1'b0" : own.map((bit) => `found[${bit}]`).join(' ^ ')};`;
  });
  const settings = Object.entries(design.parameters ?? {}).map(([name, value]) => `.${name}(${value})`);
  const parameters = settings.length > 0 ? `#(${settings.join(', ')}) ` : '';
  const text = `module chained(input wire clk, input wire from, output reg to);
  reg [${chainLength - 1}:0] chain;
  wire [${Math.max(1, taken) - 1}:0] found;
  reg [${foldedBits - 1}:0] held;
  always @(posedge clk) begin
    chain <= {chain[${chainLength - 2}:0], from};
    ${folds.join('\n    ')}
    to <= ^held;
  end
  ${design.top} ${parameters}design(${joined.join(', ')});
endmodule
`;
  return { sources: { ...design.sources, 'chained.v': text }, top: 'chained' };
}

/** The clock of a placed and routed netlist; undefined where nextpnr does not find a place for it. */
async function route(router: Tool, json: string, { device, onStep, signal }: Work): Promise<number | undefined> {
  onStep?.('place and route');
  const outcome = await router.run({
    args: [
      ...nextpnrArguments[device],
      ...['--json', 'netlist.json', '--report', 'report.json', '--seed', '1', '--timing-allow-fail'],
    ],
    files: { 'netlist.json': json },
    outputs: ['report.json'],
    ...(signal && { signal }),
  });
  const report = outcome.files['report.json'];
  if (report === undefined) {
    const error = outcome.lines.find((line) => line.startsWith('ERROR'));
    if (error && /place|fit|too many|BEL|expand region/i.test(error)) return undefined;
    const found = error ?? `status ${outcome.status}, after ${outcome.lines.at(-1) ?? 'nothing'}`;
    throw new TritbankError('E_FORMAT', router.name, `expected a design that can be placed, found '${found}'`);
  }
  const { fmax } = JSON.parse(report) as { fmax: Record<string, { achieved: number }> };
  const clocks = Object.values(fmax).map(({ achieved }) => achieved);
  return clocks.length > 0 ? Math.min(...clocks) : undefined;
}
