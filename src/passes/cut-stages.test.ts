import { describe, expect, it } from 'vitest';
import { Graph, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { cutStages } from './cut-stages.ts';

/**
 * `forward` is `[rows, 4]`; its sum over rows is a measure that ranks add up, all of it goes on into a gradient.
 */
function stepOf(rows: number, gradientOf: (b: Builder, forward: Value, measure: Value) => Value) {
  const graph = new Graph('step');
  const b = new Builder(graph);
  const forward = b.exp(graph.input('x', 'float32', [rows, 4]));
  const measure = b.allReduce(b.reduceSum(forward, [0]));
  const gradient = b.allReduce(gradientOf(b, forward, measure));
  graph.outputs = [b.add(measure, gradient)];
  return graph;
}

const described = (graph: Graph) =>
  cutStages(graph).map(({ graph: part, waitsFor, reductions }) => ({
    nodes: part.nodes.map(({ op }) => op),
    waits: waitsFor.length,
    begins: reductions.length,
  }));

describe('cutStages', () => {
  it('leaves a graph without sums whole', () => {
    const graph = new Graph('whole');
    const b = new Builder(graph);
    graph.outputs = [b.exp(graph.input('x', 'float32', [2]))];
    expect(described(graph)).toEqual([{ nodes: ['Exp'], waits: 0, begins: 0 }]);
  });

  it('cuts where less is handed on than summed', () => {
    const graph = stepOf(1, (b, forward) => b.reduceSum(b.mul(forward, forward), [0]));
    expect(described(graph)).toEqual([
      { nodes: ['Exp', 'ReduceSum'], waits: 0, begins: 1 },
      { nodes: ['Mul', 'ReduceSum'], waits: 0, begins: 1 },
      { nodes: ['Add'], waits: 2, begins: 0 },
    ]);
  });

  it('does not hand on more than it sums', () => {
    const graph = stepOf(8, (b, forward) => b.reduceSum(b.mul(forward, forward), [0]));
    expect(described(graph)).toEqual([
      { nodes: ['Exp', 'ReduceSum', 'Mul', 'ReduceSum'], waits: 0, begins: 2 },
      { nodes: ['Add'], waits: 2, begins: 0 },
    ]);
  });

  it('cuts where a sum is needed, whatever is handed on', () => {
    const graph = stepOf(8, (b, forward, measure) => b.reduceSum(b.mul(forward, measure), [0]));
    expect(described(graph)).toEqual([
      { nodes: ['Exp', 'ReduceSum'], waits: 0, begins: 1 },
      { nodes: ['Mul', 'ReduceSum'], waits: 1, begins: 1 },
      { nodes: ['Add'], waits: 2, begins: 0 },
    ]);
  });

  it('refuses a sum of what another node reads', () => {
    const graph = new Graph('shared');
    const b = new Builder(graph);
    const x = b.exp(graph.input('x', 'float32', [2]));
    graph.outputs = [b.add(b.allReduce(x), x)];
    expect(() => cutStages(graph)).toThrow('that nobody else reads');
  });
});
