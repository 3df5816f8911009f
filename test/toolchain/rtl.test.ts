/** The Verilog against the cycle model: every word that it writes, and the cycle of every instruction. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { type ArrayParameters, defaultArray, macArray } from '../../src/accelerator/index.ts';
import { unitOf } from '../../src/accelerator/multipliers.ts';
import { runRtl, writeVerilogProject } from '../../src/export/verilog/index.ts';
import { roundEven } from '../../src/ops/arithmetic/numbers.ts';
import { drawnImage, drawnIntegerNetwork } from '../integer-networks.ts';

const isThere = (command: string, flag: string) => spawnSync(command, [flag]).status === 0;
const hasIcarus = isThere('iverilog', '-V');
const hasVerilator = isThere('verilator', '--version');
const rtl = fileURLToPath(new URL('../../hardware/rtl/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tritbank-rtl-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arrays: [string, ArrayParameters, number][] = [
  ['lists, two images at work', { ...defaultArray, lanes: 8, images: 3, inFlight: 2 }, 0],
  ['lists with short gaps, one copy', { ...defaultArray, lanes: 4, gapBits: 2, copies: 1, inputs: 2, images: 1 }, 1],
  [
    'trits of three rows, two MACs',
    { ...defaultArray, lanes: 8, ternary: 'trits', copies: 1, adders: 3, macs: 2, images: 1 },
    2,
  ],
  [
    'five trits a byte, values of all lanes at once',
    { ...defaultArray, lanes: 8, ternary: 'five-trits', copies: 1, inputs: 5, macRate: 8, adderRate: 8, images: 1 },
    3,
  ],
  ['MACs only', { ...macArray, lanes: 8, macs: 3, images: 1 }, 4],
];

describe.skipIf(!hasIcarus)('in Icarus Verilog', () => {
  describe.each(arrays)('%s', (_, array, first) => {
    test.each([first, first + 5, first + 10])(
      'network %i',
      async (seed) => {
        const network = drawnIntegerNetwork(seed);
        const images = Array.from({ length: array.images }, (_, i) => drawnImage(network, 100 * seed + i));
        const out = join(folder, String(seed));
        const { timeline } = writeVerilogProject(out, network, array, images);
        const run = await runRtl(out, 'icarus');
        expect(run.differences).toEqual([]);
        expect([run.equal, run.cycles]).toEqual([true, timeline.cycles]);
        expect(run.ends.mac).toEqual(timeline.spans.mac.map(({ end }) => end));
        expect(run.ends.adder).toEqual(timeline.spans.adder.map(({ end }) => end));
      },
      120_000,
    );
  });

  test('is ended when it is asked to', async () => {
    const network = drawnIntegerNetwork(0);
    const out = join(folder, 'stopped');
    writeVerilogProject(out, network, { ...defaultArray, lanes: 4, images: 1 }, [drawnImage(network, 1)]);
    const stopped = runRtl(out, 'icarus', AbortSignal.timeout(20));
    await expect(stopped).rejects.toMatchObject({ name: expect.stringMatching(/^(Abort|Timeout)Error$/) });
  });

  test('the requantizer rounds as float32 does, ties and near ties too', () => {
    const cases: {
      sum: number;
      bias: number;
      mantissa: number;
      shift: number;
      zero: number;
      lower: number;
      upper: number;
    }[] = [];
    let state = 1;
    const next = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    for (let i = 0; i < 6000; i++) {
      const shift = i % 50 === 0 ? 0 : 4 + next(25);
      let mantissa = 2 ** 23 + next(2 ** 23);
      const bias = next(4001) - 2000;
      // sums whose product lies next to a half
      const half = (next(300) - 150 + 0.5) * unitOf(shift);
      const sum =
        i % 3 === 0
          ? next(2 ** 22) - 2 ** 21
          : Math.max(-(2 ** 22), Math.min(2 ** 22, Math.round(half / mantissa))) - bias;
      const total = sum + bias;
      if (i % 3 === 2 && total !== 0) {
        const near = Math.round(Math.abs(half / total)) + next(3) - 1;
        if (near >= 2 ** 23 && near < 2 ** 24) mantissa = near;
      }
      cases.push({ sum, bias, mantissa, shift, zero: next(256) - 128, lower: next(2) === 0 ? -128 : 0, upper: 127 });
    }
    const expected = cases.map(({ sum, bias, mantissa, shift, zero, lower, upper }) => {
      const y = roundEven(Math.fround((sum + bias) * (mantissa / unitOf(shift)))) + zero;
      return Math.min(Math.max(y, lower), upper);
    });
    const hex = (value: number, bits: number) => BigInt.asUintN(bits, BigInt(value)).toString(2).padStart(bits, '0');
    const words = cases.map((c, i) =>
      [
        hex(expected[i]!, 8),
        hex(c.upper, 8),
        hex(c.lower, 8),
        hex(c.zero, 8),
        hex(c.shift, 6),
        hex(c.mantissa, 24),
        hex(c.bias, 24),
        hex(c.sum, 24),
      ].join(''),
    );
    const own = mkdtempSync(join(folder, 'requantizer-'));
    writeFileSync(join(own, 'cases.bin'), words.join('\n'));
    writeFileSync(join(own, 'bench.v'), bench(cases.length));
    const built = spawnSync(
      'iverilog',
      ['-g2005', '-Wall', '-o', 'bench', 'bench.v', join(rtl, 'requantizer.v'), join(rtl, 'rounder.v')],
      {
        cwd: own,
        encoding: 'utf8',
      },
    );
    expect(
      built.stderr
        .split('\n')
        .filter((line) => !/timescale/.test(line))
        .join('\n')
        .trim(),
    ).toBe('');
    const run = spawnSync('vvp', ['-n', 'bench'], { cwd: own, encoding: 'utf8' });
    expect(run.stdout.trim()).toBe(`${cases.length} equal`);
  });
});

/** Feeds a case a cycle; the bias comes with the sum, the multiplier one cycle later, the rest two. */
const bench = (count: number) => `
module bench;
  reg clk = 0;
  always #1 clk = !clk;
  reg [109:0] cases[0:${count - 1}];
  reg [109:0] now, before, last, done;
  integer i, equal;
  wire [7:0] y;
  requantizer dut (.clk(clk), .is_addition(1'b0), .is_second(1'b0), .sum(now[23:0]), .bias(now[47:24]),
      .multiplier(before[71:48]), .shift(last[77:72]), .zero_point(last[85:78]), .lower(last[93:86]),
      .upper(last[101:94]), .biased(), .y(y));
  initial begin
    $readmemb("cases.bin", cases);
    equal = 0;
    for (i = 0; i < ${count + 2}; i = i + 1) begin
      now = i < ${count} ? cases[i] : 110'd0;
      @(posedge clk);
      #0.5;
      if (i >= 2) begin
        if (y === last[109:102]) equal = equal + 1;
        else $display("%h: expected %h, found %h", last, last[109:102], y);
      end
      last = before;
      before = now;
    end
    $display("%0d equal", equal);
    $finish;
  end
endmodule
`;

describe.skipIf(!hasVerilator)('Verilator', () => {
  test.each([
    ['by default', []],
    ['with additions and several MACs', ['-GADDITIONS=1', '-GMACS=3', '-GMAC_RATE=2']],
    ['with dense trits', ['-GLISTS=0', '-GADDERS=3', '-GENTRY_BITS=24']],
    ['with five trits a byte', ['-GLISTS=0', '-GFIVE_TRITS=1', '-GINPUTS=5', '-GENTRY_BITS=8']],
    ['without adders', ['-GADDERS=0']],
  ])('has no warnings, %s', (_, parameters) => {
    const files = readdirSync(rtl)
      .filter((name) => name.endsWith('.v'))
      .map((name) => join(rtl, name));
    const args = ['--lint-only', '-Wall', '--top-module', 'accelerator_core', ...parameters, ...files];
    const { status, stderr } = spawnSync('verilator', args, { encoding: 'utf8' });
    expect([stderr, status]).toEqual(['', 0]);
  });
});

test('every module says what it is', () => {
  for (const name of readdirSync(rtl)) expect(readFileSync(join(rtl, name), 'utf8')).toMatch(/^\/\/ /);
});
