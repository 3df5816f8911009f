/** The commands of rows, and what comes before what. */

import { describe, expect, test } from 'vitest';
import { allRows, formerNames, rowOf } from '../results/rows.ts';
import type { Place } from './setting.ts';
import { inOrder, stepOf, stepsOfAll } from './steps.ts';

const place: Place = {
  data: 'cifar10',
  network: 'mobilenet-v1-0.5',
  schedule: 'short',
  dataDir: 'data/cifar10',
  models: 'models',
};
const stepNamed = (name: string, of: Place = place) => {
  const { row, seed } = rowOf(name)!;
  return stepOf(row, seed, of);
};
const runs = 'runs/cifar10/mobilenet-v1-0.5';
const data = '--data cifar10 --data-dir data/cifar10';

describe('the commands of rows', () => {
  test.each([
    [
      'planned-2',
      `compress ${runs}/full-precision-1/model.onnx --analysis ${runs}/analysis.json --scheme hybrid --epochs 3 --batch-size 64 ` +
        '--learning-rate 0.02 --padding reflect --threads 1 --phases 0,0,1 --max-size 0.49 --max-energy 0.72 ' +
        `--min-throughput 1 ${data} --seed 2 --out ${runs}/planned-2`,
    ],
    [
      'full-precision-3',
      `fine-tune ${runs}/second-cycle-1/model.onnx --method fp --batch-size 64 --learning-rate 0.04 --weight-decay ` +
        '0.0005 --ema 0.9995 --padding reflect --threads 1 --epochs 36 --mixup 0.2 --distill-weight 0.7 ' +
        `${data} --seed 3 --out ${runs}/full-precision-3`,
    ],
    [
      'size-25-int8-1',
      `export ${runs}/size-25-1/model.onnx --activations int8 --images 512 ${data} --seed 1 ` +
        `--out ${runs}/size-25-int8-1/model.onnx --json`,
    ],
    [
      'ablation-dampen-1',
      `compress ${runs}/full-precision-1/model.onnx --plan ${runs}/ablation-reference-1/plan.json --ternary ` +
        'zero-skipping --epochs 3 --batch-size 64 --learning-rate 0.02 --padding reflect --threads 1 --phases 0,0,1 ' +
        `--epochs 2 --phases 0,0.5,0.5 --dampen 0.01 ${data} --seed 1 --out ${runs}/ablation-dampen-1`,
    ],
  ])('%s', (name, command) => {
    expect(stepNamed(name).args.join(' ')).toBe(command);
  });

  test('follow the schedule and the network', () => {
    const full: Place = { data: 'cifar10', network: 'mobilenet-v2-0.35', schedule: 'full', dataDir: 'x', models: 'm' };
    expect(stepNamed('full-precision-2', full).args.slice(0, 9).join(' ')).toBe(
      'train --method fp --model mobilenet-v2 --width 0.35 --epochs 200',
    );
    const own = stepNamed('full-precision-2', { ...place, schedule: 'full' });
    expect(own.args[1]).toBe('runs/cifar10-full/mobilenet-v1-0.5/second-cycle-2/model.onnx');
  });

  test('hold out training images of CIFAR-100', () => {
    const other: Place = {
      data: 'cifar100',
      network: 'mobilenet-v1-0.5',
      schedule: 'short',
      dataDir: 'x',
      models: 'm',
    };
    const [train, tune] = ['full-precision-1', 'planned-1'].map((name) => stepNamed(name, other));
    expect(train!.args.join(' ')).toBe(
      'train --method fp --model mobilenet-v1 --width 0.5 --epochs 40 --batch-size 128 --learning-rate 0.1 --weight-decay ' +
        '0.0005 --ema 0.9995 --mixup 0.2 --padding reflect --threads 1 --validation 0.1 --data cifar100 --data-dir x ' +
        '--seed 1 --out runs/cifar100/mobilenet-v1-0.5/full-precision-1',
    );
    expect(tune!.args).toContain('--validation');
    expect(stepsOfAll(other, [1]).map(({ name }) => name)).not.toContain('ablation-dist-1');
  });

  test('go on from a pretrained network, where one is named', () => {
    const other: Place = { ...place, network: 'mobilenet-v1-0.5-160', models: 'here' };
    const folder = 'runs/cifar10/mobilenet-v1-0.5-160';
    const [train, tune] = inOrder([stepNamed('int8-trained-1', other)]).map(({ args }) => args.join(' '));
    expect(train).toBe(
      'train --from here/mobilenet_v1_0.5_160.onnx --epochs 5 --head-epochs 1 --batch-size 64 ' +
        '--learning-rate 0.001 --ema 0.999 --padding reflect --threads 1 --validation 0.1 ' +
        `${data} --seed 1 --out ${folder}/full-precision-1`,
    );
    expect(tune).toMatch(/--validation 0.1 .* --epochs 1 --uniform int8 /);
    const names = stepsOfAll(other, [1]).map(({ name }) => name);
    expect(names).toContain('int8-share-40-1');
    expect(names).not.toContain('size-25-1');
  });

  test('come after those whose files they read', () => {
    const names = (name: string) => inOrder([stepNamed(name)]).map((step) => step.name);
    const original = ['first-cycle-1', 'second-cycle-1', 'full-precision-1'];
    expect(names('size-20-2')).toEqual([...original, 'analysis', 'size-20-2']);
    expect(names('fifth-cycle-1')).toEqual([...original, 'fourth-cycle-1', 'fifth-cycle-1']);
    expect(names('ablation-teachers-1')).toEqual([
      ...[...original, 'analysis', 'ablation-reference-1', 'fourth-cycle-1', 'fifth-cycle-1'],
      'ablation-teachers-1',
    ]);
  });

  test('all are made, each row of a network once a seed', () => {
    const names = inOrder(stepsOfAll(place, [1, 2])).map((step) => step.name);
    const expected = allRows.flatMap(({ name }) =>
      /^ablation-|^(first|second)-cycle/.test(name) ? [`${name}-1`] : [`${name}-1`, `${name}-2`],
    );
    expect([...names].sort()).toEqual([...expected, 'analysis'].sort());
    const other = stepsOfAll({ ...place, network: 'mobilenet-v2-0.35' }, [1]).map((step) => step.name);
    expect(other).not.toContain('size-25-1');
    expect(other).toContain('size-35-1');
  });
});

test('rows are named by what they are', () => {
  for (const [name, former] of Object.entries(formerNames)) {
    expect(rowOf(`${name}-1`)).toBeDefined();
    expect(rowOf(`${former}-1`)).toBeUndefined();
  }
});
