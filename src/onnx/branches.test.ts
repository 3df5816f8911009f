import { describe, expect, it } from 'vitest';
import { f32Type, type GraphInit, type ModelInit, modelBytes, type NodeInit, node } from '../../test/onnx-model.ts';
import { f32, i64, ints, printGraph, type Tensor } from '../ir/index.ts';
import { encode } from './proto.ts';
import { readModel } from './read.ts';
import { graphProto } from './schema.ts';
import { writeTensor } from './tensors.ts';

const bool = (value: number): Tensor => ({ dtype: 'bool', dims: [], data: Uint8Array.of(value) });

/** An If from `condition` to y; branches give their value `r`. */
function branching(condition: string, thenNodes: NodeInit[], elseNodes: NodeInit[], own: GraphInit = {}): NodeInit {
  const branch = (name: string, nodes: NodeInit[]) => ({
    name,
    type: 5,
    g: encode(graphProto, { name, node: nodes, output: [{ name: 'r' }], ...own }),
  });
  const attribute = [branch('then_branch', thenNodes), branch('else_branch', elseNodes)];
  return { opType: 'If', name: 'choice', input: [condition], output: ['y'], attribute };
}

const read = (init: ModelInit) =>
  readModel(modelBytes({ opset: 17, inputs: { x: f32Type('N', 4, 1, 1) }, outputs: { y: undefined }, ...init }));
const relu = [node('Relu', ['x'], ['r'])];
const neg = [node('Neg', ['x'], ['r'])];

describe('an If', () => {
  it.each([
    [1, 'Relu'],
    [0, 'Neg'],
  ])('of a constant %i is the branch that is taken', (value, op) => {
    const graph = read({ initializers: { c: bool(value) }, nodes: [branching('c', relu, neg)] });
    expect(graph.nodes.map((n) => n.op)).toEqual([op, 'Identity']);
    expect(graph.outputs[0]!.name).toBe('y');
  });

  /** Whether axis `axis` of `name` has size 1, as exporters ask before a Squeeze. */
  const asks = (name: string, axis: string): NodeInit[] => [
    node('Shape', [name], ['s']),
    node('Gather', ['s', axis], ['d']),
    node('Equal', ['d', 'one'], ['c']),
  ];
  const sizes = { one: i64([1], []), last: i64([3], []), first: i64([0], []) };

  it('follows the sizes that its condition is computed from, behind operators, too', () => {
    const pool = node('GlobalAveragePool', ['x'], ['p']);
    const squeeze = [node('Squeeze', ['p', 'axes'], ['r'])];
    const graph = read({
      inputs: { x: f32Type('N', 4, 'H', 'W') },
      initializers: { ...sizes, axes: i64([3]) },
      nodes: [pool, ...asks('p', 'last'), branching('c', squeeze, [node('Identity', ['p'], ['r'])])],
    });
    expect(graph.nodes.map((n) => n.op)).toContain('Squeeze');
    expect(graph.nodes.map((n) => n.op)).not.toContain('If');
  });

  it('of an open size is refused as a subgraph', () => {
    const init = { initializers: sizes, nodes: [...asks('x', 'first'), branching('c', relu, neg)] };
    expect(() => read(init)).toThrow(expect.objectContaining({ code: 'E_UNSUPPORTED' }));
  });

  it('in a branch is inlined in turn; constants and names of branches are kept apart', () => {
    const inner = branching('c', [node('Mul', ['x', 'k'], ['r'])], neg);
    const own = { initializer: [writeTensor('k', f32([], [3]))] };
    const outer = branching('c', [{ ...inner, output: ['r'] }], neg, own);
    const graph = read({ initializers: { c: bool(1), k: f32([], [7]) }, nodes: [outer] });
    expect(printGraph(graph)).toContain('Mul(x, ');
    expect(graph.nodes.map((n) => n.op)).toEqual(['Mul', 'Identity', 'Identity']);
  });
});

it('axes of a branch are attributes of its own opset', () => {
  const squeeze = [node('Squeeze', ['x'], ['r'], { axes: ints([3]) })];
  const graph = read({ opset: 11, initializers: { c: bool(1) }, nodes: [branching('c', squeeze, neg)] });
  expect(graph.nodes[0]!.inputs).toHaveLength(2);
});
