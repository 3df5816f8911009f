import { describe, expect, it } from 'vitest';
import { float, floats, Graph, int, ints, str, tensorAttribute } from './graph.ts';
import { printGraph, printTensor, printType } from './print.ts';
import { f32, i64, scalar } from './tensor.ts';

describe('print', () => {
  it('prints types and tensors', () => {
    expect(printType(undefined)).toBe('?');
    expect(printType({ dtype: 'float16' })).toBe('float16');
    expect(printType({ dtype: 'int8', shape: ['N', 3] })).toBe('int8[N, 3]');
    expect(printTensor(scalar(0.5))).toBe('float32[] 0.5');
    expect(printTensor(i64([1, -1]))).toBe('int64[2] {1, -1}');
    expect(printTensor(f32([9]))).toBe('float32[9]');
    expect(printTensor({ dtype: 'string', dims: [1], data: ['a"b'] })).toBe('string[1] {"a\\"b"}');
  });

  it('prints a graph with attributes in alphabetical order', () => {
    const graph = new Graph('net', 20);
    const x = graph.input('x', 'float32', ['N', 4]);
    graph.initializer('w', f32([2, 8]));
    const attributes = {
      z: int(1),
      a: float(0.25),
      s: str('q'),
      l: ints([1, 2]),
      m: floats([]),
      n: { kind: 'strings', value: ['u', 'v'] },
      t: tensorAttribute(scalar(3)),
    } as const;
    const node = graph.add('Op', [x, undefined, graph.value('w')], attributes, { domain: 'd', outputs: ['', 'y'] });
    graph.outputs.push(node.output(1));
    expect(printGraph(graph)).toBe(`graph net (opset 20)
  input x: float32[N, 4]
  const w: float32[2, 8]
  _, y: ? = d.Op(x, _, w) {a=0.25, l=[1, 2], m=[], n=["u", "v"], s="q", t=float32[] 3, z=1}
  output y
`);
  });
});
