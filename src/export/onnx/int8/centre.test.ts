/** Means are taken out of tensors between layers, and put back by the layers behind them. */

import { describe, expect, it } from 'vitest';
import { evaluate, normal, relativeError, ternary } from '../../../../test/evaluate.ts';
import { Graph, ints, type Value, verify } from '../../../ir/index.ts';
import { Builder } from '../../../ops/index.ts';
import { inferShapes } from '../../../passes/index.ts';
import { isBetweenLayers, shiftChannels } from './centre.ts';

const feeds = { x: normal(1, [2, 3, 6, 6]) };
const means = Float64Array.of(4, -1, 0, 2.5);

/** x -> Conv, ternary -> `rest`; the tensor between. */
function network(rest: (hidden: Value, b: Builder) => Value): { readonly graph: Graph; readonly hidden: Value } {
  const graph = new Graph('net', 20);
  const b = new Builder(graph);
  const x = graph.input('x', 'float32', ['N', 3, 6, 6]);
  const hidden = b.op('Conv', [x, b.constant('wb', ternary(2, [4, 3, 3, 3]))], { pads: ints([1, 1, 1, 1]) });
  graph.outputs = [rest(hidden, b)];
  return { graph: inferShapes(verify(graph)), hidden };
}

const filters = (b: Builder, kernel = 1) => b.constant('wc', normal(3, [4, 4, kernel, kernel]));
const padded = { pads: ints([1, 1, 1, 1]) };

describe('a tensor between layers', () => {
  it('loses the means of its channels, and the network computes the same', () => {
    const cases = [
      network((hidden, b) => b.op('Conv', [hidden, filters(b)])),
      network((hidden, b) => b.op('Conv', [hidden, filters(b, 3), b.constant('bias', normal(4, [4]))])),
      network((hidden, b) => b.add(b.op('Conv', [hidden, filters(b)]), b.op('Conv', [hidden, filters(b)]))),
    ];
    for (const { graph, hidden } of cases) {
      const expected = evaluate(graph, feeds);
      const output = graph.outputs;
      graph.outputs = [hidden];
      const before = evaluate(graph, feeds);
      graph.outputs = output;
      shiftChannels(hidden, means);
      expect(relativeError(evaluate(inferShapes(verify(graph)), feeds), expected)).toBeLessThan(1e-6);
      graph.outputs = [hidden];
      const shifted = before.map((value, i) => value - means[Math.floor(i / 36) % 4]!);
      expect(relativeError(evaluate(graph, feeds), shifted)).toBeLessThan(1e-6);
    }
  });

  it('is one that a layer computes, and that layers without padding alone read', () => {
    const found = (rest: (hidden: Value, b: Builder) => Value) => isBetweenLayers(network(rest).hidden);
    expect(found((hidden, b) => b.op('Conv', [hidden, filters(b)]))).toBe(true);
    expect(found((hidden, b) => b.op('Conv', [hidden, filters(b, 3)], padded))).toBe(false);
    expect(found((hidden, b) => b.op('Conv', [b.op('Relu', [hidden]), filters(b)]))).toBe(false);
    expect(found((hidden, b) => b.add(b.op('Conv', [hidden, filters(b)]), b.op('Relu', [hidden])))).toBe(false);
    expect(found((hidden) => hidden)).toBe(false);
    const { graph } = network((hidden, b) => b.op('Conv', [hidden, filters(b)]));
    expect(isBetweenLayers(graph.inputs[0]!)).toBe(false);
    expect(() => shiftChannels(graph.inputs[0]!, means)).toThrow("internal: 'x' is not between layers");
  });
});
