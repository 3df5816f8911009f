import { expect, test } from 'vitest';
import { kindOf, requireKind } from '../files/index.ts';
import { defaultConfig, transferDefaults } from '../train/config.ts';
import { fineTuneDefaults } from '../train/fine-tune-model.ts';
import { defaultCompress } from './compress-config.ts';

test('each command is told by its configuration', () => {
  expect(kindOf(defaultConfig)).toBe('train');
  expect(kindOf({ ...transferDefaults, from: 'model.onnx' })).toBe('train');
  for (const method of ['fp', 'twn'] as const) expect(kindOf(fineTuneDefaults(method))).toBe('fine-tune');
  expect(kindOf(defaultCompress)).toBe('compress');
  // what a compression trains
  expect(kindOf(defaultCompress.training)).toBe('fine-tune');
  expect(kindOf({})).toBeUndefined();
});

test('another one is refused, by the command that it is of', () => {
  expect(() => requireKind('compress', defaultCompress, 'config.json')).not.toThrow();
  expect(() => requireKind('compress', defaultConfig, 'a/config.json')).toThrow(
    'a/config.json: expected the configuration of a run of tritbank compress, found that of tritbank train',
  );
  expect(() => requireKind('train', {}, 'config.json')).toThrow('found another configuration');
});
