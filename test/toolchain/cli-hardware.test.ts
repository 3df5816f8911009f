/** `tritbank hardware`, as users start it. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAccelerator } from '../../src/cost/index.ts';
import { libertyText } from '../fixtures/liberty.ts';
import { startProgram } from '../program.ts';

const hasYosys = (() => {
  try {
    return createRequire(import.meta.url).resolve('@yowasp/yosys') !== '';
  } catch {
    return false;
  }
})();

const folder = mkdtempSync(join(tmpdir(), 'tritbank-cli-hardware-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, 'cells.lib'), libertyText());
writeFileSync(join(folder, 'gates.lib'), libertyText({ flipFlops: false }));
const model = resolve('results/cifar10/mobilenet-v1-0.5/size-25-int8-1/model.onnx');
const start = (...args: string[]) => startProgram(['hardware', ...args], folder);

it.each([
  [['synthesize', '--set', 'A=1'], /^error E_USAGE: --set: expected --module with it, found none\n$/],
  [
    ['synthesize', '--lanes', '10', '--adder-rate', '4'],
    /^error E_USAGE: --adder-rate: expected a divisor of 10 lanes, found 4/,
  ],
  [
    ['synthesize', '--liberty', 'none.lib'],
    /^error E_FILE: none\.lib: expected a liberty file, or sky130 \(built in\)/,
  ],
  [
    ['synthesize', '--liberty', 'gates.lib'],
    /^error E_FORMAT: gates\.lib: expected a flip-flop .* found none among 6 cells/,
  ],
  [['energy', 'model.onnx'], /^error E_USAGE: --data: expected images for the model, found none/],
  [['energy', '--data', 'images'], /^error E_USAGE: --data: expected a model that sees the images, found none/],
  [['energy', '--name', 'own'], /^error E_USAGE: --name: expected --out/],
  [['energy', 'model.onnx', '--data', 'images', '--bits', '16'], /^error E_USAGE: --bits: expected 8 with a model/],
  [['synthesize', '--module', 'nix'], /^error E_USAGE: --module: expected one of .*mac_lane.*, found nix/],
  [
    ['synthesize', '--module', 'adder_lane', '--set', 'WIDTH=1'],
    /^error E_USAGE: --set: expected one of INPUTS, OPERAND_BITS, ACC_BITS, found WIDTH/,
  ],
  [['synthesize', '--fpga', 'up5k', '--goal', 'area'], /^error E_USAGE: --goal: expected it without --fpga/],
  [['simulate', 'model.onnx', '--no-rtl', '--simulator', 'icarus'], /^error E_USAGE: --simulator: expected it without/],
  [['simulate', 'model.onnx', '--array', 'fast'], /^error E_USAGE: --array: expected one of mac, .* found 'fast'/],
  [
    ['synthesize', '--module', 'adder_lane', '--set', 'INPUTS=0'],
    /^error E_USAGE: --set: expected INPUTS of at least 1, found 0/,
  ],
  [
    ['explore', model, '--liberty', 'sky130', '--mac-rates', '3', '--inputs', '0', '--macs', '1'],
    /^error E_USAGE: arrays: expected one that can be, found none of 1: 16 x 1 MAC at 3: macRate: expected a divisor/,
  ],
  [
    ['explore', model, '--liberty', 'sky130', '--control', model],
    /^error E_USAGE: --control: expected the network before it was compressed, found one with \d+ ternary layers/,
  ],
  [['melt'], /^error E_USAGE: hardware: expected one of simulate, synthesize, energy, explore, found 'melt'/],
])('refuses %j', async (args, message) => {
  const { status, stdout, stderr } = await start(...args);
  expect(stderr).toMatch(message);
  expect([status, stdout]).toEqual([2, '']);
});

describe.skipIf(!hasYosys)('with yosys', () => {
  it('maps to the library that is built in, and tells modules apart by their parameters', async () => {
    const args = ['synthesize', '--module', 'row_output', '--set', 'LANES=4', '--liberty', 'sky130'];
    const { status, stdout } = await start(...args, '--set', 'RATE=2', '--set', 'SUM_BITS=18', '--json');
    expect(status).toBe(0);
    const { library, blocks } = JSON.parse(stdout) as { library: string; blocks: { module: string }[] };
    expect(library).toBe('sky130_fd_sc_hd__tt_025C_1v80_subset');
    expect(blocks).toContainEqual(expect.objectContaining({ module: 'requantizer', parameters: expect.anything() }));
  });

  it('prints the areas of a block', async () => {
    const args = ['synthesize', '--module', 'adder_lane', '--set', 'INPUTS=2', '--set', 'ACC_BITS=12'];
    const { status, stdout } = await start(...args, '--liberty', 'cells.lib', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      design: { module: 'adder_lane', parameters: { INPUTS: 2, ACC_BITS: 12 } },
      library: 'tiny',
      goal: 'speed',
      flipFlops: 12,
      blocks: [{ module: 'adder_lane', count: 1, flipFlops: 12 }],
    });
  });

  it('writes an accelerator model', async () => {
    const args = ['energy', '--inputs', '1,4', '--cycles', '256', '--liberty', 'cells.lib', '--out', 'own.json'];
    const { status, stdout } = await start(...args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^mac .*\nadder, 1 input .*\nadder, 4 inputs .*\nrequantizer .*\n/m);
    const json: unknown = JSON.parse(readFileSync(join(folder, 'own.json'), 'utf8'));
    const { name, formats, memory, measured } = parseAccelerator(json, 'own.json');
    expect([name, Object.keys(formats), memory]).toEqual(['own', ['int8', 'int8-1-input'], null]);
    expect(measured!.command).toBe(`tritbank hardware ${args.join(' ')}`);
    const { mac, addition } = formats.int8!;
    expect(addition.energy).toBeGreaterThan(0);
    expect(addition.energy).toBeLessThan(mac.energy);
    expect(addition.area).toBeLessThan(mac.area / 2);
  });
});
