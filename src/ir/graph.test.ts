import { describe, expect, it } from 'vitest';
import { float, floats, Graph, int, ints, str } from './graph.ts';
import { printGraph } from './print.ts';
import { f32, scalar } from './tensor.ts';
import { verify } from './verify.ts';

/** relu(x + w), with the sum and the result as names. */
function sample(): Graph {
  const graph = new Graph('net', 20);
  const x = graph.input('x', 'float32', ['N', 2]);
  const sum = graph.add('Add', [x, graph.initializer('w', f32([2], [1, 2]))], {}, { name: 'sum' }).output();
  graph.outputs.push(graph.add('Relu', [sum], {}, { name: 'act', outputs: ['y'] }).output());
  return graph;
}

describe('Graph', () => {
  it('names values and nodes freshly', () => {
    const graph = new Graph();
    const x = graph.input('relu', 'float32');
    const [a, b] = [graph.add('Relu', [x]), graph.add('Relu', [x])];
    expect([a.name, a.output().name, b.name, b.output().name]).toEqual(['relu', 'relu_1', 'relu_2', 'relu_2']);
    expect(graph.initializer('relu', scalar(1)).name).toBe('relu_3');
    expect(graph.freshName('other')).toBe('other');
    expect(graph.add('Split', [x], {}, { name: 's', outputs: 2 }).outputs.map((o) => o?.name)).toEqual(['s', 's_out1']);
  });

  it('keeps uses: once per node, until its last slot is gone', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32');
    const other = graph.input('other', 'float32');
    const twice = graph.add('Mul', [x, x]);
    twice.setInput(0, other);
    expect([...x.uses]).toEqual([twice]);
    twice.setInput(1, undefined);
    expect([x.uses.size, other.uses.size]).toEqual([0, 1]);
  });

  it('replaces a value in all readers and outputs', () => {
    const graph = sample();
    const sum = graph.value('sum');
    const y = graph.value('y');
    const neg = graph.add('Neg', [sum], {}, { name: 'neg' }).output();
    y.replaceAllUsesWith(neg);
    sum.replaceAllUsesWith(sum);
    graph.remove(y.producer!);
    expect(printGraph(verify(graph))).toBe(`graph net (opset 20)
  input x: float32[N, 2]
  const w: float32[2] {1, 2}
  sum: ? = Add(x, w)
  neg: ? = Neg(sum)
  output neg
`);
  });

  it('inserts before a node', () => {
    const graph = sample();
    const act = graph.value('y').producer!;
    act.setInput(0, graph.add('Abs', [act.input(0)], {}, { before: act }).output());
    expect(verify(graph).nodes.map((n) => n.op)).toEqual(['Add', 'Abs', 'Relu']);
  });

  it('frees names by remove, removeValue and rename', () => {
    const graph = sample();
    const x = graph.value('x');
    const dead = graph.add('Neg', [x], {}, { name: 'dead' });
    graph.remove(dead);
    expect(graph.find('dead')).toBeUndefined();
    expect(graph.add('Neg', [x], {}, { name: 'dead' }).name).toBe('dead');
    graph.rename(x, 'image');
    expect(graph.find('x')).toBeUndefined();
    expect(graph.value('image')).toBe(x);
    const spare = graph.input('spare', 'float32');
    graph.removeValue(spare);
    expect(graph.inputs).toEqual([x]);
  });

  it('refuses to break itself', () => {
    const graph = sample();
    const sum = graph.value('sum');
    expect(() => graph.remove(sum.producer!)).toThrow("internal: removed node 'sum' (Add) while 'sum' is in use");
    expect(() => graph.removeValue(graph.value('w'))).toThrow("internal: removed value 'w' while it is in use");
    expect(() => graph.rename(sum, 'y')).toThrow("internal: value name 'y' is taken");
    expect(() => new Graph().add('Neg', [sum])).toThrow("internal: node 'neg' (Neg) reads a value of another graph");
    const twice = "value 'x': expected one definition of each name, found two";
    expect(() => graph.input('x', 'float32')).toThrow(expect.objectContaining({ code: 'E_GRAPH', message: twice }));
    expect(() => graph.value('nope')).toThrow("graph 'net': expected a value 'nope', found none");
  });

  it('clones deeply and shares constants', () => {
    const graph = sample();
    graph.metadata.set('k', 'v');
    graph.doc = 'doc';
    graph.value('y').type = { dtype: 'float32', shape: ['N', 2] };
    const split = graph.add(
      'Split',
      [graph.value('y'), undefined],
      { axis: int(1) },
      { outputs: ['p', '', 'q'], domain: 'd' },
    );
    graph.outputs.push(split.output(2));
    const copy = graph.clone();
    expect(printGraph(verify(copy))).toBe(printGraph(graph));
    expect([copy.doc, copy.metadata.get('k')]).toEqual(['doc', 'v']);
    expect(copy.value('w').constant).toBe(graph.value('w').constant);
    copy.nodes[0]!.attributes = { changed: int(1) };
    copy.rename(copy.value('x'), 'renamed');
    expect(printGraph(graph)).not.toContain('changed');
    expect(graph.find('x')).toBeDefined();
  });
});

describe('Node', () => {
  const attributes = { i: int(1), f: float(0.5), s: str('a'), is: ints([1, 2]), fs: floats([0.5]) };
  const graph = new Graph();
  const node = graph.add('Op', [undefined], attributes, { name: 'n', domain: 'd', outputs: ['', 'y'] });

  it('reads attributes by kind, with fallbacks', () => {
    expect([node.int('i'), node.float('f'), node.string('s'), node.ints('is'), node.floats('fs')]).toEqual([
      1,
      0.5,
      'a',
      [1, 2],
      [0.5],
    ]);
    expect([node.int('none', 7), node.ints('none', [3])]).toEqual([7, [3]]);
    expect([node.has('i'), node.has('none')]).toEqual([true, false]);
  });

  it.each([
    [() => node.int('f'), "node 'n' (d.Op) attribute f: expected int, found float"],
    [() => node.int('none'), "node 'n' (d.Op): expected an attribute none, found none"],
    [() => node.input(0), "node 'n' (d.Op): expected an input 0, found none"],
    [() => node.output(0), "node 'n' (d.Op): expected an output 0, found none"],
  ])('says what is missing %#', (action, message) => {
    expect(action).toThrow(expect.objectContaining({ code: 'E_GRAPH', message }));
  });
});

describe('Value', () => {
  const graph = new Graph();

  it('gives shape, dims and element type', () => {
    const fixed = graph.input('fixed', 'int8', [2, 3]);
    expect([fixed.shape, fixed.dims, fixed.dtype]).toEqual([[2, 3], [2, 3], 'int8']);
    expect(graph.initializer('c', scalar(1)).dims).toEqual([]);
  });

  it.each([
    [() => graph.input('a', 'float32').shape, "value 'a': expected a known shape, found none"],
    [() => graph.input('b', 'float32', ['N', 3]).dims, "value 'b': expected fixed sizes, found [N, 3]"],
  ])('says what it does not know %#', (action, message) => {
    expect(action).toThrow(expect.objectContaining({ code: 'E_SHAPE', message }));
  });
});
