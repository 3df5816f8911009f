/** The strides of a network, made smaller from its image on. */

import { describe, expect, it } from 'vitest';
import { normal } from '../../test/evaluate.ts';
import { type Attributes, Graph, int, ints, str, type Value, verify } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from './infer-shapes.ts';
import { setOutputStride, setUnitStrides } from './unit-strides.ts';

const shapesOf = (graph: Graph) => graph.nodes.filter(({ op }) => op === 'Conv').map((node) => node.output().shape[2]);

type Conv = (x: Value, kernel: number, attributes?: Attributes) => Value;

function graphOf(rest: (x: Value, b: Builder, conv: Conv) => Value, size = 32): Graph {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  let seed = 1;
  const conv: Conv = (x, kernel, attributes = {}) =>
    b.op('Conv', [x, b.constant('w', normal(seed++, [2, x.shape[1] as number, kernel, kernel]))], attributes);
  graph.outputs = [rest(graph.input('x', 'float32', ['N', 2, size, size]), b, conv)];
  return inferShapes(verify(graph));
}

const [twice, same] = [{ strides: ints([2, 2]) }, { pads: ints([1, 1, 1, 1]) }];

describe('the output stride', () => {
  it('keeps maps whole that the padding of another stride kept whole', () => {
    const windows = [
      { ...twice, pads: ints([0, 0, 1, 1]) },
      { ...twice, auto_pad: str('SAME_UPPER') },
    ];
    for (const attributes of windows) {
      const graph = setOutputStride(
        graphOf((x, _, conv) => conv(conv(x, 3, attributes), 5, twice)),
        2,
      );
      expect(shapesOf(graph)).toEqual([32, 14]);
      expect(graph.nodes[0]!.ints('pads')).toEqual([1, 1, 1, 1]);
      expect(graph.nodes[0]!.has('auto_pad')).toBe(false);
    }
    // windows that padding does not complete
    expect(
      shapesOf(
        setOutputStride(
          graphOf((x, _, conv) => conv(x, 3, twice)),
          1,
        ),
      ),
    ).toEqual([30]);
  });

  it('goes for pools and for both branches of a block, and not for a pool of the whole map', () => {
    const graph = graphOf((x, b, conv) => {
      const stem = b.op('MaxPool', [conv(x, 3, { ...twice, ...same })], {
        kernel_shape: ints([2, 2]),
        ceil_mode: int(1),
        ...twice,
      });
      const sum = b.add(conv(stem, 3, { ...twice, ...same }), conv(stem, 1, twice));
      return b.op('AveragePool', [sum], { kernel_shape: ints([4, 4]), strides: ints([4, 4]) });
    });
    expect(() => setOutputStride(graph, 16)).toThrow('output stride: expected 1, 2, 4, 8, found 16');
    const changed = (outputStride: number) => {
      const copy = setOutputStride(inferShapes(graph.clone()), outputStride);
      return copy.nodes.map((node) => node.output().shape[2]);
    };
    expect(changed(8)).toEqual([16, 8, 4, 4, 4, 1]);
    expect(changed(4)).toEqual([32, 16, 8, 8, 8, 2]);
    expect(changed(2)).toEqual([32, 32, 16, 16, 16, 4]);
    expect(changed(1)).toEqual([32, 32, 32, 32, 32, 8]);
  });

  it('knows what strides of three leave, and slices whatever the order of their axes', () => {
    const conv = (stride: number) => ({ ...same, strides: ints([stride, stride]) });
    const odd = () => graphOf((x, _, c) => c(c(c(x, 3, conv(2)), 3, conv(3)), 3, conv(2)), 48);
    expect(() => setOutputStride(odd(), 8)).toThrow('output stride: expected 1, 2, 6, 12, found 8');
    expect(shapesOf(setOutputStride(odd(), 12))).toEqual([24, 8, 4]);
    expect(shapesOf(setOutputStride(odd(), 2))).toEqual([48, 48, 24]);
    for (const [axes, steps] of [
      [
        [3, 2],
        [2, 2],
      ],
      [
        [-2, -1],
        [2, 2],
      ],
      [
        [0, 1, 2, 3],
        [1, 1, 2, 2],
      ],
    ] as const) {
      const range = { starts: axes.map(() => 0), ends: axes.map(() => 99), axes, steps };
      const graph = graphOf((x, b, c) => b.add(c(x, 3, { ...twice, ...same }), b.slice(x, range)));
      expect(setOutputStride(graph, 1).outputs[0]!.shape).toEqual(['N', 2, 32, 32]);
    }
  });

  it('adds no padding to a mean', () => {
    const pool = { kernel_shape: ints([2, 2]), count_include_pad: int(1), ...twice };
    const graph = setOutputStride(
      graphOf((x, b) => b.op('AveragePool', [x], pool)),
      1,
    );
    expect([graph.nodes[0]!.ints('pads'), graph.nodes[0]!.has('count_include_pad')]).toEqual([[0, 0, 1, 1], false]);
  });

  it('leaves strides that differ by axis', () => {
    const uneven = (x: Value, _: Builder, conv: Conv) => conv(conv(x, 3, { strides: ints([2, 1]) }), 3, twice);
    expect(graphOf(uneven).nodes.map((node) => node.output().shape.slice(2))).toEqual([
      [15, 30],
      [7, 14],
    ]);
    expect(setOutputStride(graphOf(uneven), 1).nodes[0]!.output().shape.slice(2)).toEqual([15, 30]);
  });
});

describe('unit strides', () => {
  const graph = () =>
    graphOf((x, _, conv) => conv(conv(conv(x, 3, { ...twice, ...same }), 3, same), 3, { ...twice, ...same }));

  it('are those of layers by name', () => {
    const names = graph().nodes.map(({ name }) => name);
    expect(shapesOf(setUnitStrides(graph(), [names[2]!]))).toEqual([16, 16, 16]);
    expect(shapesOf(setUnitStrides(graph(), [names[0]!, names[2]!]))).toEqual([32, 32, 32]);
  });

  it('refuses names of layers without strides', () => {
    const [first, second, third] = graph().nodes.map(({ name }) => name);
    expect(() => setUnitStrides(graph(), [second!])).toThrow(
      `unit strides: expected names of layers with strides: ${first}, ${third}, found '${second}'`,
    );
    const none = graphOf((x, _, conv) => conv(x, 3, same));
    expect(() => setUnitStrides(none, ['conv1'])).toThrow("expected a network with strides, found 'conv1'");
  });

  it('are those of all branches of a block, or of none', () => {
    const block = () =>
      graphOf((x, b, conv) => {
        const main = conv(conv(x, 3, same), 3, { ...twice, ...same });
        return conv(b.add(main, conv(x, 1, twice)), 3, { ...twice, ...same });
      });
    const [, main, beside, , last] = block().nodes.map(({ name }) => name);
    expect(() => setUnitStrides(block(), [main!])).toThrow(
      `unit strides: expected '${beside}' beside '${main}', whose branch it meets, found ${main}`,
    );
    expect(() => setUnitStrides(block(), [beside!])).toThrow(`expected '${main}' beside '${beside}'`);
    expect(shapesOf(setUnitStrides(block(), [main!, beside!]))).toEqual([32, 32, 32, 16]);
    expect(shapesOf(setUnitStrides(block(), [last!]))).toEqual([32, 16, 16, 16]);
  });
});
