import { describe, expect, it } from 'vitest';
import { normal, ternary } from '../../test/evaluate.ts';
import { f32, type Graph, Random, type Tensor, type Value } from '../ir/index.ts';
import { buildNetwork, NetworkBuilder } from '../models/index.ts';
import { Builder } from '../ops/index.ts';
import { applyPlan } from './apply.ts';
import { type Bank, findBanks } from './banks.ts';
import { deploy } from './deploy.ts';
import { toFrozen } from './phases.ts';
import { makePlan, type PlanOptions } from './uniform-plan.ts';

const sizes = { width: 0.25, inputSize: 32, channels: 3, classes: 10, firstStride: 1, seed: 3 } as const;

function deployed(model: string, plan: PlanOptions): Graph {
  const network = buildNetwork(model, sizes);
  return deploy(toFrozen(applyPlan(network, makePlan(network, plan), 1), new Map()), new Map());
}

/** Names of the parts, by roles. */
const describeBank = ({ fullPrecision, hidden, ternary, scales, outputScales, biases, concat, ...rest }: Bank) => ({
  ...rest,
  parts: [fullPrecision, hidden, ternary].map((layer) => layer?.name),
  around: [scales, outputScales, concat, ...biases].map((node) => node?.name),
});

describe('deployed networks', () => {
  const layersOf = (graph: Graph) => findBanks(graph).map(({ name, kind }) => `${name} ${kind}`);

  it('has a bank for each layer of a hybrid plan, and its parts', () => {
    const banks = findBanks(deployed('mobilenet-v1', { method: 'hybrid', alpha: 0.5 }));
    expect(banks.map(({ name }) => name)).toEqual([
      'conv',
      ...Array.from({ length: 13 }, (_, i) => `conv_pw_${i + 1}`),
      'classifier',
    ]);
    expect(describeBank(banks[0]!)).toEqual({
      name: 'conv',
      kind: 'first',
      parts: ['conv_fp', 'conv_hidden', 'conv_ternary'],
      around: ['conv_hidden_scale', undefined, 'conv_bank'],
    });
    // the classifier is wholly strassenified
    expect(describeBank(banks.at(-1)!)).toEqual({
      name: 'classifier',
      kind: 'classifier',
      parts: [undefined, 'classifier_hidden', 'classifier_ternary'],
      around: ['classifier_hidden_scale', undefined, undefined],
    });
    expect(banks.slice(1, -1).every(({ kind, fullPrecision }) => kind === 'pointwise' && fullPrecision)).toBe(true);
  });

  it.each(['mobilenet-v1', 'mobilenet-v2', 'resnet-20', 'ds-cnn'])('finds the layers of plans for %s', (model) => {
    const network = buildNetwork(model, sizes);
    for (const plan of [
      { method: 'hybrid', alpha: 0.25 },
      { method: 'hybrid', alpha: 0.75, widthRatio: 0.2 },
      { method: 'strassen', widthRatio: 1 },
    ] as const) {
      const names = Object.keys(makePlan(network, plan).layers);
      expect(findBanks(deployed(model, plan)).map(({ name }) => name)).toEqual(names);
    }
  });

  // between two bottlenecks of MobileNet-V2 two ternary layers follow one another directly
  it.each(['mobilenet-v1', 'mobilenet-v2', 'resnet-20'])('finds none in ternary weight networks: %s', (model) => {
    expect(layersOf(deployed(model, { method: 'twn' }))).toEqual([]);
    expect(layersOf(deployed(model, { method: 'fp' }))).toEqual([]);
  });

  it('finds banks of Gemms', () => {
    const network = new NetworkBuilder('gemm', 1);
    const x = network.input(2, 4);
    const b = new Builder(network.graph);
    const flat = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
    const y = b.relu(b.op('Gemm', [flat, b.constant('w', normal(1, [2, 6]))], {}, 'fc1'));
    network.graph.outputs = [
      b.op('Gemm', [y, b.constant('v', normal(2, [6, 4])), b.constant('c', f32([4]))], {}, 'fc2'),
    ];
    const plan = {
      fc1: { method: 'hybrid', fullPrecision: [0, 1], hidden: 3 },
      fc2: { method: 'hybrid', fullPrecision: [0], hidden: 2 },
    } as const;
    const graph = deploy(toFrozen(applyPlan(network.graph, { layers: plan }, 1), new Map()), new Map());
    expect(
      findBanks(graph).map(({ name, kind, fullPrecision, hidden }) => [
        name,
        kind,
        fullPrecision?.filters,
        hidden.filters,
      ]),
    ).toEqual([
      ['fc1', 'conv', 2, 3],
      ['fc2', 'classifier', 1, 2],
    ]);
  });

  it('does not look at names', () => {
    for (const model of ['mobilenet-v1', 'mobilenet-v2']) {
      const graph = deployed(model, { method: 'hybrid', alpha: 0.5 });
      const positions = (banks: readonly Bank[]) =>
        banks.map(({ kind, fullPrecision, hidden, ternary, scales, outputScales, biases, concat }) => {
          const nodes = [fullPrecision?.node, hidden.node, ternary.node, scales, outputScales, concat, ...biases];
          return [kind, ...nodes.map((node) => node && hidden.node.graph.nodes.indexOf(node))];
        });
      const expected = positions(findBanks(graph));
      const random = new Random(1, 'names');
      const word = () => Array.from({ length: 6 }, () => 'abc_/'[random.int(5)]).join('');
      for (const node of graph.nodes) node.name = word();
      for (const value of [...graph.values]) graph.rename(value, graph.freshName(word()));
      const banks = findBanks(graph);
      expect(positions(banks)).toEqual(expected);
      for (const { fullPrecision, ternary, name } of banks) {
        // by chance parts may begin with the same word
        const own = (fullPrecision ?? ternary).name;
        expect(own.startsWith(name), `${name} of ${own}`).toBe(true);
      }
    }
  });
});

/** A graph `x [N, 4, 5, 5]` -> what `build` makes of it, behind a ReLU. */
function network(build: (b: Builder, x: Value, conv: Conv) => Value): Graph {
  const graph = new NetworkBuilder('net', 1).graph;
  const b = new Builder(graph);
  const conv: Conv = (x, weight, name, attributes = {}) =>
    b.op('Conv', [x, b.constant(`${name}_w`, weight)], attributes, name);
  const y = build(b, b.relu(graph.input('x', 'float32', ['N', 4, 5, 5])), conv);
  graph.outputs = [b.op('Softmax', [b.relu(y)])];
  return graph;
}
type Conv = (x: Value, weight: Tensor, name: string, attributes?: Parameters<Builder['op']>[2]) => Value;

const t = (...dims: number[]) => ternary(7, dims);
const w = (...dims: number[]) => normal(8, dims);
const scales = (b: Builder, x: Value, count: number) =>
  b.mul(x, b.constant('a', f32([1, count, 1, 1], new Float32Array(count).fill(0.5))));

describe('structures', () => {
  const found = (build: Parameters<typeof network>[0]) =>
    findBanks(network(build)).map(({ fullPrecision, hidden, ternary }) =>
      [fullPrecision, hidden, ternary].map((layer) => layer?.name),
    );

  it('takes scales and sums between, scales behind, and either order of the parts', () => {
    expect(
      found((b, x, conv) => {
        const h = b.add(scales(b, conv(x, t(6, 4, 3, 3), 'h'), 6), b.constant('c', f32([6, 1, 1])));
        const y = scales(b, conv(h, t(5, 6, 1, 1), 'y'), 5);
        return b.concat([y, conv(x, w(3, 4, 3, 3), 'f')], -3);
      }),
    ).toEqual([['f', 'h', 'y']]);
    const [bank] = findBanks(
      network((b, x, conv) => {
        const h = scales(b, conv(x, t(6, 4, 1, 1), 'h'), 6);
        return b.add(scales(b, conv(h, t(5, 6, 1, 1), 'y'), 5), b.constant('c', f32([5, 1, 1])));
      }),
    );
    expect([bank?.scales, bank?.outputScales].map((node) => node?.inputs[0]?.name)).toEqual(['h', 'y']);
    expect(bank?.biases.map(({ op }) => op)).toEqual(['Add']);
    expect(found((b, x, conv) => conv(scales(b, conv(x, t(6, 4, 1, 1), 'h'), 1), t(5, 6, 1, 1), 'y'))).toEqual([
      [undefined, 'h', 'y'],
    ]);
  });

  it('takes weights of zeros for ternary ones, and full-precision filters of zeros for full-precision ones', () => {
    const zeros = (...dims: number[]) => f32(dims);
    for (const [wb, wc] of [
      [zeros(6, 4, 1, 1), t(5, 6, 1, 1)],
      [t(6, 4, 1, 1), zeros(5, 6, 1, 1)],
      [zeros(6, 4, 1, 1), zeros(5, 6, 1, 1)],
    ] as const) {
      const bank = found((b, x, conv) =>
        b.concat([conv(x, zeros(3, 4, 1, 1), 'f'), conv(conv(x, wb, 'h'), wc, 'y')], 1),
      );
      expect(bank).toEqual([['f', 'h', 'y']]);
    }
  });

  it('is no bank of full-precision layers, in a row or in branches', () => {
    expect(found((_, x, conv) => conv(conv(x, w(6, 4, 1, 1), 'h'), w(5, 6, 1, 1), 'y'))).toEqual([]);
    expect(found((_, x, conv) => conv(conv(x, t(6, 4, 1, 1), 'h'), w(5, 6, 1, 1), 'y'))).toEqual([]);
    expect(found((_, x, conv) => conv(conv(x, w(6, 4, 1, 1), 'h'), t(5, 6, 1, 1), 'y'))).toEqual([]);
    expect(found((b, x, conv) => b.concat([conv(x, w(3, 4, 1, 1), 'f'), conv(x, t(5, 4, 1, 1), 'y')], 1))).toEqual([]);
  });

  it('is no bank with anything but scales and sums between its ternary layers', () => {
    const between = (middle: (b: Builder, h: Value) => Value) =>
      found((b, x, conv) => conv(middle(b, conv(x, t(6, 4, 1, 1), 'h')), t(5, 6, 1, 1), 'y'));
    expect(between((_, h) => h)).toHaveLength(1);
    expect(between((b, h) => b.relu(h))).toEqual([]);
    expect(between((b, h) => b.mul(h, h))).toEqual([]);
    expect(between((b, h) => b.mul(h, b.constant('map', f32([5, 5]))))).toEqual([]);
  });

  it('is no bank of a second layer that sees more than a pixel, of grouped ones, and of hidden units in use elsewhere', () => {
    expect(found((_, x, conv) => conv(conv(x, t(6, 4, 1, 1), 'h'), t(5, 6, 3, 3), 'y'))).toEqual([]);
    const ints = { kind: 'ints', value: [2, 2] } as const;
    expect(found((_, x, conv) => conv(conv(x, t(6, 4, 1, 1), 'h'), t(5, 6, 1, 1), 'y', { strides: ints }))).toEqual([]);
    const two = { kind: 'int', value: 2 } as const;
    expect(found((_, x, conv) => conv(conv(x, t(6, 2, 1, 1), 'h', { group: two }), t(5, 6, 1, 1), 'y'))).toEqual([]);
    expect(
      found((b, x, conv) => {
        const h = conv(x, t(6, 4, 1, 1), 'h');
        return b.add(h, conv(h, t(6, 6, 1, 1), 'y'));
      }),
    ).toEqual([]);
  });

  it('leaves filters apart that are read apart, or see something else', () => {
    const apart = [[undefined, 'h', 'y']];
    const branches = (other: (b: Builder, x: Value, conv: Conv) => Value) =>
      found((b, x, conv) => b.concat([other(b, x, conv), conv(conv(x, t(6, 4, 1, 1), 'h'), t(5, 6, 1, 1), 'y')], 1));
    expect(branches((_, x, conv) => conv(x, w(3, 4, 1, 1), 'f'))).toEqual([['f', 'h', 'y']]);
    expect(branches((b, x, conv) => conv(b.relu(x), w(3, 4, 1, 1), 'f'))).toEqual(apart);
    expect(branches((b, x, conv) => b.relu(conv(x, w(3, 4, 1, 1), 'f')))).toEqual(apart);
    expect(branches((_, x) => x)).toEqual(apart);
    expect(
      found((b, x, conv) => {
        const [f, y] = [conv(x, w(5, 4, 1, 1), 'f'), conv(conv(x, t(6, 4, 1, 1), 'h'), t(5, 6, 1, 1), 'y')];
        return b.concat([b.concat([f, y], 1), b.add(f, y)], 1);
      }),
    ).toEqual(apart);
  });

  it('names a bank after one of its parts where the common words are another name too', () => {
    const graph = network((b, x, conv) => {
      const part = (x: Value, n: number) => conv(conv(x, t(6, 4, 1, 1), `conv_${n}`), t(4, 6, 1, 1), `conv_${n + 1}`);
      return part(b.relu(part(x, 1)), 3);
    });
    expect(findBanks(graph).map(({ name }) => name)).toEqual(['conv_2', 'conv_4']);
  });
});
