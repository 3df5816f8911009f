import { expect, it } from 'vitest';
import { buildNetwork } from '../../models/index.ts';
import { normalizeNetwork } from '../../passes/index.ts';
import { predictLatency, wasmTarget } from './wasm-target.ts';

const network = normalizeNetwork(
  buildNetwork('mobilenet-v1', { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 1 }),
);
const target = wasmTarget('wasm', network, false);
const bank = { fullPrecision: 16, ternary: 112, hidden: 140, nonZero: 0.3 * 140 * (128 + 112) };

it('is the network as the runtime would run it', () => {
  expect(target.totals(new Map())).toEqual({ latency: predictLatency(network, false) });
  expect(target.whole).toEqual([predictLatency(network, false)]);
  expect(predictLatency(network, true)).toBeLessThanOrEqual(predictLatency(network, false));
});

it('has a bank in place of a layer', () => {
  const [layer] = target.cost('conv_pw_7');
  const [sparse] = target.cost('conv_pw_7', { ...bank, nonZero: bank.nonZero / 10 });
  const [dense] = target.cost('conv_pw_7', bank);
  expect(sparse).toBeGreaterThan(0);
  expect(sparse).toBeLessThan(dense!);
  const { latency } = target.totals(new Map([['conv_pw_7', bank]]));
  expect(latency).toBeCloseTo(target.whole[0]! - layer! + dense!, 9);
});

it('refuses what it cannot tell', () => {
  const { nonZero: _, ...unknown } = bank;
  expect(() => target.cost('conv_pw_7', unknown)).toThrow(/layer 'conv_pw_7': expected predicted non-zero weights/);
  expect(() => target.cost('conv_dw_7')).toThrow(/layer 'conv_dw_7': expected a product of one group/);
  expect(() => target.cost('conv_pw_99')).toThrow(/expected a product of one group, found none/);
});
