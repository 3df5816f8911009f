/** Files' graphs as the lowering gets them. */

import { describe, expect, it } from 'vitest';
import {
  type Attributes,
  f32,
  Graph,
  i64,
  int,
  ints,
  printGraph,
  type Tensor,
  type TensorType,
  toNumbers,
  type Value,
} from '../ir/index.ts';
import { prepareGraph } from './prepare-graph.ts';

class Sketch {
  readonly graph = new Graph('g');
  readonly x: Value;

  constructor(dtype: TensorType['dtype'] = 'float32') {
    this.x = this.graph.input('x', dtype, [1, 6]);
  }

  constant(name: string, tensor: Tensor): Value {
    return this.graph.initializer(name, tensor);
  }

  op(op: string, inputs: (Value | undefined)[], name: string, attributes: Attributes = {}): Value {
    return this.graph.add(op, inputs, attributes, { name, outputs: [name] }).output();
  }

  prepare(...outputs: Value[]): Graph {
    this.graph.outputs = outputs;
    return prepareGraph(this.graph);
  }
}

const codes: Tensor = { dtype: 'uint8', dims: [2], data: Uint8Array.of(1, 0) };

/** Two rows of trits, looked up and reshaped to [2, 5], as packed weights are. */
function packed(s: Sketch): Value {
  const table = s.constant('table', f32([2, 5], [-1, 0, 1, 1, 0, 0, 0, 1, -1, -1]));
  const indices = s.op('Cast', [s.constant('codes', codes)], 'indices', { to: int(6) });
  const rows = s.op('Gather', [table, indices], 'rows');
  return s.op('Transpose', [s.op('Reshape', [rows, s.constant('shape', i64([2, 5]))], 'matrix')], 'trits', {
    perm: ints([1, 0]),
  });
}

describe('folding', () => {
  it('computes what depends on constants alone, and drops what leads nowhere', () => {
    const s = new Sketch();
    const half = s.op('Mul', [s.constant('a', f32([], [3])), s.constant('b', f32([], [0.5]))], 'half');
    s.op('Exp', [s.x], 'unread');
    const y = s.op('Add', [s.op('Neg', [s.x], 'minus'), half], 'y');
    const text = printGraph(s.prepare(y));
    expect(text).toContain('minus: ? = Neg(x)');
    expect(text).toContain('y: ? = Add(minus, half)');
    expect(s.graph.nodes.map((node) => node.name)).toEqual(['minus', 'y']);
    expect(half.constant).toEqual(f32([], [1.5]));
  });

  it('leaves DequantizeLinear to the products', () => {
    const s = new Sketch();
    const q = s.constant('q', { dtype: 'int8', dims: [6], data: Int8Array.of(1, 2, 3, 4, 5, 6) });
    const weights = s.op('DequantizeLinear', [q, s.constant('scale', f32([], [0.5]))], 'weights');
    s.prepare(s.op('Mul', [s.x, weights], 'y'));
    expect(s.graph.nodes.map((node) => node.op)).toEqual(['DequantizeLinear', 'Mul']);
  });

  it('gives every part of a Split', () => {
    const s = new Sketch();
    const list = s.constant('list', f32([6], [1, 2, 3, 4, 5, 6]));
    const parts = s.graph.add('Split', [list], { num_outputs: int(2) }, { outputs: ['first', 'second'] });
    s.prepare(s.op('Concat', [parts.output(1), parts.output(0)], 'both', { axis: int(0) }));
    expect(toNumbers(s.graph.outputs[0]!.constant!)).toEqual([4, 5, 6, 1, 2, 3]);
    expect(s.graph.nodes).toEqual([]);
  });
});

describe('trits', () => {
  const expected = [0, -1, 0, 0, 1, 1, -1, 1, -1, 0];

  it('stay int8 on their way to a product', () => {
    const s = new Sketch();
    const trits = packed(s);
    s.prepare(s.op('MatMul', [s.x, trits], 'y'));
    const [dequantize, product] = s.graph.nodes;
    expect([dequantize!.op, product!.op]).toEqual(['DequantizeLinear', 'MatMul']);
    expect(trits.constant).toMatchObject({ dtype: 'int8', dims: [5, 2] });
    expect(toNumbers(trits.constant!)).toEqual(expected);
    expect(toNumbers(dequantize!.input(1).constant!)).toEqual([1]);
    expect(product!.input(1)).toBe(dequantize!.output());
  });

  it('become floats where they are computed with, or returned', () => {
    const s = new Sketch();
    const trits = packed(s);
    const twice = s.op('Add', [trits, trits], 'twice');
    s.prepare(twice, trits);
    expect(twice.constant).toEqual(
      f32(
        [5, 2],
        expected.map((v) => 2 * v),
      ),
    );
    expect(trits.constant).toEqual(f32([5, 2], expected));
  });
});

describe('what is refused', () => {
  it.each<[string, (s: Sketch) => Value, code: string, message: string]>([
    [
      'an operator without a rule',
      (s) => s.op('Hardmax', [s.x], 'y'),
      'E_UNSUPPORTED',
      "node 'y' (Hardmax): expected an operator that the runtime has, found Hardmax",
    ],
    [
      'the operator of another domain',
      (s) => s.graph.add('Relu', [s.x], {}, { name: 'y', domain: 'com.example' }).output(),
      'E_UNSUPPORTED',
      "node 'y' (com.example.Relu): expected an operator that the runtime has, found Relu",
    ],
    [
      'a Dropout that drops',
      (s) => {
        const training = s.constant('t', { dtype: 'bool', dims: [], data: Uint8Array.of(1) });
        return s.op('Dropout', [s.x, s.constant('ratio', f32([], [0.5])), training], 'y');
      },
      'E_SHAPE',
      "node 'y' (Dropout): expected Dropout of inference, found that of training",
    ],
  ])('%s', (_, build, code, message) => {
    const s = new Sketch();
    expect(() => s.prepare(build(s))).toThrow(expect.objectContaining({ code, message }));
  });

  it('an input of another type', () => {
    const s = new Sketch('int64');
    const message = "input 'x': expected an input of float32, uint8 or int8, found int64";
    expect(() => s.prepare(s.op('Relu', [s.x], 'y'))).toThrow(
      expect.objectContaining({ code: 'E_UNSUPPORTED', message }),
    );
  });

  it('is no more than what an output needs', () => {
    const s = new Sketch();
    s.op('Erf', [s.x], 'unread');
    expect(s.prepare(s.op('Relu', [s.x], 'y')).nodes).toHaveLength(1);
  });
});
