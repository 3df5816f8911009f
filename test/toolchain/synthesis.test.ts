/** Synthesis with yosys, and what it made against Icarus Verilog, where it is installed. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultArray } from '../../src/accelerator/index.ts';
import { Random } from '../../src/ir/index.ts';
import { flattenNetlist } from '../../src/synthesis/flatten.ts';
import {
  arrayDesign,
  arraySources,
  type Design,
  fpgaFigures,
  GateSimulator,
  type Netlist,
  namedLibraries,
  openLibrary,
  synthesize,
} from '../../src/synthesis/index.ts';
import { libertyText } from '../fixtures/liberty.ts';

const isInstalled = (name: string) => {
  try {
    return createRequire(import.meta.url).resolve(name) !== '';
  } catch {
    return false;
  }
};
const runs = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const hasYosys = isInstalled('@yowasp/yosys');
const withYosys = describe.skipIf(!hasYosys);

const folder = mkdtempSync(join(tmpdir(), 'tritbank-synthesis-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const libertyFile = join(folder, 'cells.lib');
writeFileSync(libertyFile, libertyText());
const library = openLibrary(libertyFile);

const accumulator: Design = {
  top: 'accumulator',
  sources: {
    'accumulator.v': `module accumulator #(parameter BITS = 8) (
      input wire clk, input wire first, input wire signed [7:0] x, output reg signed [BITS-1:0] sum
    );
      always @(posedge clk) sum <= (first ? {BITS{1'b0}} : sum) + {{(BITS-8){x[7]}}, x};
    endmodule`,
  },
  parameters: { BITS: 12 },
};

const pair: Design = {
  top: 'two',
  sources: {
    ...accumulator.sources,
    'two.v': `module two(input wire clk, input wire first, input wire [7:0] a, b, output wire [12:0] y);
      wire [11:0] s, t;
      accumulator #(.BITS(12)) one(.clk(clk), .first(first), .x(a), .sum(s));
      accumulator #(.BITS(12)) other(.clk(clk), .first(first), .x(b), .sum(t));
      assign y = {s[11], s} + {t[11], t};
    endmodule`,
  },
};

const one = (text: string, top = 'm'): Design => ({ top, sources: { 'm.v': text } });

withYosys('yosys', () => {
  let made: Awaited<ReturnType<typeof synthesize>>;
  beforeAll(async () => {
    made = await synthesize(pair, { library, yosys: 'npm', cache: join(folder, 'cache') });
  });

  it('gives areas by block', () => {
    const { blocks, area, flipFlops, library: name, tool, isCached, longestPath } = made.synthesis;
    expect(name).toBe('tiny');
    expect(tool).toMatch(/^@yowasp\/yosys \d/);
    expect(isCached).toBe(false);
    expect(blocks.map(({ module, count }) => [module, count])).toEqual([
      ['accumulator', 2],
      ['two', 1],
    ]);
    expect(flipFlops).toBe(24);
    expect(blocks[0]!.flipFlops).toBe(12);
    expect(area).toBe(blocks.reduce((sum, { count, area: one }) => sum + count * one, 0));
    expect(blocks[0]!.area).toBeGreaterThan(12 * 20);
    expect(longestPath.nanoseconds).toBeGreaterThan(1);
  });

  it('finds again what was mapped, and only that', async () => {
    const again = await synthesize(pair, { library, yosys: 'npm', cache: join(folder, 'cache') });
    expect(again.synthesis.isCached).toBe(true);
    expect(again.netlist).toEqual(made.netlist);
    expect(readdirSync(join(folder, 'cache'))).toHaveLength(1);
    const small = await synthesize(pair, { library, yosys: 'npm', cache: join(folder, 'cache'), goal: 'area' });
    expect(small.synthesis.isCached).toBe(false);
    expect(readdirSync(join(folder, 'cache'))).toHaveLength(2);
  });

  it('maps what computes the same', () => {
    const simulator = new GateSimulator(flattenNetlist(made.netlist, library.library));
    const random = new Random(5);
    let [s, t] = [0, 0];
    for (let cycle = 0; cycle < 500; cycle++) {
      const [a, b] = [random.int(256) - 128, random.int(256) - 128];
      const first = cycle % 14 === 0;
      simulator.step({ a, b, first: first ? 1 : 0 });
      if (cycle > 14) expect(BigInt.asIntN(13, simulator.read('y'))).toBe(BigInt(s + t));
      s = (first ? 0 : s) + a;
      t = (first ? 0 : t) + b;
    }
  });

  it.each([
    ['a latch', 'module m(input wire g, d, output reg q); always @* if (g) q = d; endmodule', /a latch for m\.q/],
    ['an error', 'module m(input wire a, output wire b) assign b = a; endmodule', /'.*ERROR: syntax error/],
    ['an unknown module', 'module m(input wire a); strange s(a); endmodule', /strange/],
    [
      'a wire that is driven twice',
      'module m(input wire a, b, output wire y); assign y = a; assign y = b; endmodule',
      /multiple/i,
    ],
    ['a wire without a driver', 'module m(output wire y); wire a; assign y = !a; endmodule', /no driver/],
  ])('refuses %s', async (_, text, message) => {
    const refused = synthesize(one(text), { library, yosys: 'npm' });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: 'E_FORMAT' });
  });

  it('refuses a top that is not there', async () => {
    const design = one('module m(input wire a); endmodule', 'other');
    await expect(synthesize(design, { library, yosys: 'npm' })).rejects.toThrow(/other/);
  });

  it('stops when it is asked to', async () => {
    const stopped = AbortSignal.abort(new Error('enough'));
    await expect(synthesize(pair, { library, yosys: 'npm', signal: stopped })).rejects.toThrow('enough');
  });

  it('maps the whole array', async () => {
    const small = { ...defaultArray, lanes: 4, adderRate: 1, sumBits: 18, adderSumBits: 14, multiplierBits: 18 };
    const array = { ...small, inputs: 5, copies: 1, ternary: 'five-trits' } as const;
    const design = arrayDesign(array, { macTileBits: 4, tileBits: 4 });
    const { synthesis } = await synthesize(design, { library, yosys: 'npm' });
    const modules = synthesis.blocks.map(({ module }) => module);
    expect(modules).toEqual(expect.arrayContaining(['mac_lane', 'adder_lane', 'trit_decoder', 'requantizer']));
    expect(synthesis.area).toBe(synthesis.blocks.reduce((sum, { count, area }) => sum + count * area, 0));
  });
});

describe.skipIf(!hasYosys || !existsSync(namedLibraries.osu018))('osu018 (needs qflow-tech-osu018)', () => {
  it('has a MAC several times as large as an addition', async () => {
    const osu018 = openLibrary('osu018');
    const area = async (top: string, parameters: Record<string, number>) =>
      (await synthesize({ sources: arraySources(), top, parameters }, { library: osu018, yosys: 'npm' })).synthesis;
    const [mac, adder] = [await area('mac_lane', { ACC_BITS: 24 }), await area('adder_lane', { INPUTS: 4 })];
    expect(mac.area).toBeGreaterThan(12_000);
    expect(mac.area).toBeLessThan(22_000);
    expect(adder.area / 4 / mac.area).toBeGreaterThan(0.15);
    expect(adder.area / 4 / mac.area).toBeLessThan(0.25);
    expect(mac.longestPath.nanoseconds).toBeLessThan(12);
  });
});

/** Changes of each bit of the ports of a netlist and of its inner nets, counted by Icarus from the mapped Verilog. */
function icarusChanges(netlist: Netlist, vectors: readonly { first: number; x: number }[]): Map<string, number> {
  const { cells, ports } = netlist.modules[netlist.top]!;
  const nets = new Set(Object.values(cells).flatMap(({ connections }) => Object.values(connections).flat()));
  const name = (bit: number | string) => (typeof bit === 'number' ? `n${bit}` : `1'b${bit}`);
  const functions: Record<string, string> = {
    ...{ INV: '!A', BUF: 'A', NAND2: '!(A & B)', NOR2: '!(A | B)', AND2: 'A & B', XOR2: 'A ^ B' },
  };
  const models = Object.entries(functions).map(([cell, fn]) => {
    const inputs = /B/.test(fn) ? 'A, B' : 'A';
    return `module ${cell}(input ${inputs}, output Y); assign Y = ${fn}; endmodule`;
  });
  models.push('module DFF(input CK, D, output reg Q); initial Q = 0; always @(posedge CK) Q <= D; endmodule');
  const counted = [...nets].filter((bit): bit is number => typeof bit === 'number' && bit !== ports.clk!.bits[0]);
  const instances = Object.values(cells).map(({ type, connections }, i) => {
    const pins = Object.entries(connections).map(([pin, [bit]]) => `.${pin}(${name(bit!)})`);
    return `${type} c${i}(${pins.join(', ')});`;
  });
  const inputBits = (port: string) => [...ports[port]!.bits].reverse().map(name).join(', ');
  const steps = vectors.map(
    ({ first, x }) =>
      `{${inputBits('first')}} = ${first}; {${inputBits('x')}} = ${x & 255}; #4 sample; #1 clk = 1; #5 clk = 0;`,
  );
  const inputs = new Set(['first', 'x'].flatMap((port) => ports[port]!.bits));
  const text = `${models.join('\n')}
module bench;
  reg clk = 0;
  wire ${name(ports.clk!.bits[0]!)} = clk;
  ${counted.map((bit) => `${inputs.has(bit) ? 'reg' : 'wire'} ${name(bit)}; reg b${bit}; integer t${bit} = 0;`).join('\n  ')}
  ${instances.join('\n  ')}
  integer cycle = 0;
  task sample; begin
    if (cycle > 0) begin
      ${counted.map((bit) => `if (n${bit} !== b${bit}) t${bit} = t${bit} + 1;`).join('\n      ')}
    end
    ${counted.map((bit) => `b${bit} = n${bit};`).join(' ')}
    cycle = cycle + 1;
  end endtask
  initial begin
    ${steps.join('\n    ')}
    ${counted.map((bit) => `$display("n${bit} %0d", t${bit});`).join('\n    ')}
    $finish;
  end
endmodule
`;
  const source = join(folder, 'bench.v');
  writeFileSync(source, text);
  execFileSync('iverilog', ['-g2005', '-o', join(folder, 'bench'), source], { stdio: 'pipe' });
  const lines = execFileSync('vvp', ['-n', join(folder, 'bench')], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const found = lines.flatMap((line) => {
    const [, net, count] = /^(n\d+) (\d+)$/.exec(line) ?? [];
    return net === undefined ? [] : [[net, Number(count)] as const];
  });
  return new Map(found);
}

describe.skipIf(!hasYosys || !runs('iverilog', '-V'))('Icarus Verilog (needs iverilog)', () => {
  it('counts the same changes of every net', async () => {
    const { netlist } = await synthesize(accumulator, { library, yosys: 'npm' });
    const random = new Random(9);
    const vectors = Array.from({ length: 300 }, (_, i) => ({
      first: i % 9 === 0 ? 1 : 0,
      x: random.int(256) - 128,
    }));
    const flat = flattenNetlist(netlist, library.library);
    const simulator = new GateSimulator(flat);
    for (const [i, vector] of vectors.entries()) {
      simulator.step(vector);
      if (i === 0) simulator.clearToggles();
    }
    // the flat netlist of a single module numbers nets as they come: by driver they are the same
    const { cells } = netlist.modules[netlist.top]!;
    const expected = icarusChanges(netlist, vectors);
    const compared = Object.values(cells).flatMap(({ connections }, i) =>
      Object.entries(connections).flatMap(([pin, [bit]]) => {
        const net = flat.cells[i]!.pins.get(pin)!;
        return typeof bit === 'number' && net !== simulator.clock ? [[bit, simulator.toggles[net]!] as const] : [];
      }),
    );
    expect(expected.size).toBeGreaterThan(50);
    for (const [bit, count] of compared) expect(count, `net ${bit}`).toBe(expected.get(`n${bit}`));
  });
});

describe.skipIf(!hasYosys || !isInstalled('@yowasp/nextpnr-ice40'))('nextpnr', () => {
  it('says what a design takes on an FPGA, and its clock', async () => {
    const figures = await fpgaFigures(accumulator, { device: 'hx8k', tools: 'npm' });
    expect(figures).toMatchObject({ device: 'hx8k', fits: true, flipFlops: 12, blockRams: 0, dsps: 0 });
    expect(figures.luts).toBeGreaterThan(11);
    expect(figures.luts).toBeLessThan(40);
    expect(figures.clockMHz).toBeGreaterThan(50);
    expect(figures.clockMHz).toBeLessThan(500);
  });

  it('says that a design does not fit', async () => {
    // 31 memories of 4096 bits
    const text = `module m(input wire clk, input wire [7:0] d, output wire [30:0] q);
      genvar i;
      generate for (i = 0; i < 31; i = i + 1) begin : memories
        reg [7:0] memory [0:511];
        reg [7:0] word;
        reg [8:0] at;
        always @(posedge clk) begin at <= at + d; if (d[0]) memory[at] <= d; word <= memory[at ^ i]; end
        assign q[i] = ^word;
      end endgenerate
    endmodule`;
    const figures = await fpgaFigures(one(text), { device: 'up5k', tools: 'npm' });
    expect(figures).toMatchObject({ fits: false, blockRams: 31, clockMHz: undefined });
  });
});
