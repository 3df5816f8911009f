import { expect, it } from 'vitest';
import { smallFeeds, smallNetwork, smallNormalisation } from '../../test/ort/train-small.ts';
import { f32, type Tensor } from '../ir/index.ts';
import { applyPlan, toTernary } from '../quantize/index.ts';
import { findNonFinite } from './diagnose.ts';

const images = smallFeeds(1).images!;
const find = (state: Iterable<[string, Tensor]>, network = smallNetwork()) =>
  findNonFinite(network, new Map(state), images, smallNormalisation);
const filled = (dims: readonly number[], value: number) =>
  f32(dims, Array<number>(dims.reduce((a, b) => a * b, 1)).fill(value));

it('names a tensor that is not finite', async () => {
  expect(await find([['conv_bn_shift', f32([6], [0, 0, Number.NaN, 0, 0, 0])]])).toBe('conv_bn_shift');
});

it('names the first layer whose output is not finite', async () => {
  expect(await find([['pointwise_weight', filled([8, 6, 1, 1], 3e38)]])).toBe('pointwise');
  expect(await find([['depthwise_bn_variance', filled([6], -2)]])).toBe('depthwise_bn');
});

it('finds nothing where the fault is elsewhere', async () => {
  expect(await find([])).toBeUndefined();
});

it('reads networks with ternary weights', async () => {
  const quantized = applyPlan(smallNetwork(), { layers: { pointwise: { method: 'twn', granularity: 'filter' } } }, 1);
  const { graph } = toTernary(quantized);
  expect(await find([], graph)).toBeUndefined();
  expect(await find([['pointwise_bn_variance', filled([8], -2)]], graph)).toBe('pointwise_bn');
});
