import { describe, expect, it } from 'vitest';
import type { ClassifierData } from '../classifier/index.ts';
import { synthetic } from '../data/synthetic.ts';
import { type CompressSettings, completeConfig } from './compress-config.ts';
import { divideImages, withValidation } from './few-images.ts';

/** Data of so many training images, one of them for each of `classes` where there are as many. */
function dataOf(train: number, classes: number, isUnlabelled = false): ClassifierData {
  const dataset = synthetic({ classes, height: 8, width: 8, train, test: 1 });
  return {
    dataset: { ...dataset, ...(isUnlabelled && { isUnlabelled: true as const }) },
    size: { height: 8, width: 8 },
    normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  };
}
const configOf = (settings: CompressSettings) =>
  completeConfig('model.onnx', { data: 'images', uniform: { alpha: 0.5, widthRatio: 1 }, ...settings });
const shareOf = (settings: CompressSettings, data: ClassifierData) =>
  withValidation(configOf(settings), data, undefined).training.validation;

describe('images that are held out by default', () => {
  it.each([
    [200, 40],
    [500, 100],
    [2000, 200],
    [9000, 900],
  ])('of %d are %d', (images, count) => {
    const lines: string[] = [];
    const config = withValidation(configOf({}), dataOf(images, 4), (line) => lines.push(line));
    const { kept, heldOut } = divideImages({ config }, dataOf(images, 4).dataset)!;
    expect([kept.length, heldOut.length]).toEqual([images - count, count]);
    expect(lines).toEqual([
      `${count} of ${images} training images are held out (--validation): the epoch that does best on them is kept`,
    ]);
  });

  it('are none where many images are trained on, or nothing is trained, or they are chosen', () => {
    expect(shareOf({}, dataOf(10_000, 4))).toBeUndefined();
    expect(shareOf({ method: 'calibrate' }, dataOf(500, 4))).toBeUndefined();
    expect(shareOf({ training: { validation: 0.3 } }, dataOf(500, 4))).toBe(0.3);
    expect(shareOf({ training: { batchSize: 128 } }, dataOf(150, 4))).toBeUndefined();
  });

  it('are there whatever the number where labels are absent, or training goes on from a calibration', () => {
    expect(shareOf({}, dataOf(10_000, 4, true))).toBe(0.1);
    expect(shareOf({ init: 'calibrate' }, dataOf(10_000, 4))).toBe(0.1);
  });

  it('may be the only ones of their class, since a teacher knows it', () => {
    const { dataset } = dataOf(300, 300);
    const config = withValidation(configOf({ init: 'calibrate' }), dataOf(300, 300), undefined);
    const { kept, heldOut } = divideImages({ config }, dataset)!;
    expect([kept.length, heldOut.length]).toEqual([240, 60]);
    const names = [kept, heldOut].flatMap((part) => Array.from({ length: part.length }, (_, i) => part.describe(i)));
    expect(new Set(names).size).toBe(300);
  });
});

it('trains a calibrated network gently, unless it is told how', () => {
  const { training } = configOf({ init: 'calibrate' });
  expect(training).toMatchObject({ optimizer: { name: 'adamw' }, learningRate: 0.0001, phases: [0, 0, 1] });
  expect(training.normStatistics).toBe('fixed');
  expect(configOf({ init: 'calibrate', training: { learningRate: 0.01 } }).training.learningRate).toBe(0.01);
  expect(configOf({}).training.learningRate).toBe(0.01);
});
