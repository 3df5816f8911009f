import { describe, expect, it } from 'vitest';
import { Graph, Value } from './graph.ts';
import { f32, scalar } from './tensor.ts';
import { verify } from './verify.ts';

function sample(): Graph {
  const graph = new Graph();
  const a = graph.add('Add', [graph.input('x', 'float32'), graph.initializer('w', scalar(1))], {}, { name: 'a' });
  graph.outputs.push(graph.add('Relu', [a.output()], {}, { name: 'b' }).output());
  return graph;
}

const damage: [string, (graph: Graph) => void, string][] = [
  [
    'order',
    (g) => g.nodes.reverse(),
    "node 'b' (Relu): expected input 'a' to be defined before, found it undefined here",
  ],
  [
    'a value that is not in the graph',
    (g) => g.nodes[1]!.setInput(0, new Value(g, 'a')),
    "node 'b' (Relu): expected input 'a' to be defined before, found it undefined here",
  ],
  [
    'a constant of another length',
    (g) => {
      g.value('w').constant = { ...f32([2]), dims: [3] };
    },
    "initializer 'w': expected 3 elements for [3], found 2",
  ],
  ['outputs', (g) => g.outputs.push(new Value(g, 'z')), "output 'z': expected a defined value, found none"],
  ['uses', (g) => g.value('a').uses.clear(), "internal: node 'b' (Relu) is missing from the uses of 'a'"],
  [
    'producers',
    (g) => {
      g.value('a').producer = g.nodes[1];
    },
    "internal: 'a' has another producer than node 'a' (Add)",
  ],
];

describe('verify', () => {
  it('returns a sound graph', () => {
    const graph = sample();
    expect(verify(graph)).toBe(graph);
  });

  it.each(damage)('finds broken %s', (_, break_, message) => {
    const graph = sample();
    break_(graph);
    expect(() => verify(graph)).toThrow(expect.objectContaining({ message }));
  });
});
