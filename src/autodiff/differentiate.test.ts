import { describe, expect, it } from 'vitest';
import { f32, Graph, i64, int, ints, printNode, str, type Value, verify } from '../ir/index.ts';
import { Builder, canonicalOpset } from '../ops/index.ts';
import { differentiate } from './differentiate.ts';

function start() {
  const graph = new Graph('g', canonicalOpset);
  return { graph, b: new Builder(graph) };
}

const total = (b: Builder, x: Value) => b.reduce('ReduceSum', x, undefined, false);

/** The text of the nodes that differentiation appends. */
function appended(graph: Graph, loss: Value, wrt: readonly Value[]): string[] {
  const before = graph.nodes.length;
  differentiate(graph, loss, wrt);
  verify(graph);
  return graph.nodes.slice(before).map(printNode);
}

describe('differentiate', () => {
  it('appends the chain rule, named after the forward nodes', () => {
    const { graph, b } = start();
    const x = graph.input('x', 'float32', ['N', 4]);
    const w = graph.input('w', 'float32', [4, 3]);
    const y = b.op('Gemm', [x, w], {}, 'fc');
    const loss = b.reduce('ReduceMean', b.op('Relu', [y], {}, 'act'), [1], false);
    expect(appended(graph, b.reduce('ReduceSum', loss, [0], false), [w])).toMatchInlineSnapshot(`
      [
        "grad/reducesum/shape: int64[1] = Shape(reducemean)",
        "grad/reducesum/expand: float32[N] = Expand(grad/seed, grad/reducesum/shape)",
        "grad/reducemean/unsqueeze: float32[N, 1] = Unsqueeze(grad/reducesum/expand, shape_1)",
        "grad/reducemean/mul: float32[N, 1] = Mul(grad/reducemean/unsqueeze, scalar_0.3333333333333333)",
        "grad/reducemean/expand: float32[N, 3] = Expand(grad/reducemean/mul, shape_1_3)",
        "grad/act/hardsigmoid: float32[N, 3] = HardSigmoid(act) {alpha=1e+30, beta=0}",
        "grad/act/mul: float32[N, 3] = Mul(grad/reducemean/expand, grad/act/hardsigmoid)",
        "grad/fc/gemm: float32[4, 3] = Gemm(x, grad/act/mul) {transA=1}",
      ]
    `);
  });

  it('adds up the gradients of a value that is read twice', () => {
    const { graph, b } = start();
    const x = graph.input('x', 'float32', []);
    expect(appended(graph, b.mul(x, b.exp(x)), [x])).toMatchInlineSnapshot(`
      [
        "grad/mul/mul: float32[] = Mul(grad/seed, exp)",
        "grad/mul/mul_1: float32[] = Mul(grad/seed, x)",
        "grad/exp/mul: float32[] = Mul(grad/mul/mul_1, exp)",
        "grad/exp/add: float32[] = Add(grad/mul/mul, grad/exp/mul)",
      ]
    `);
  });

  it('walks only nodes between the wanted values and the loss', () => {
    const { graph, b } = start();
    const x = graph.input('x', 'float32', [2, 3]);
    const w = graph.input('w', 'float32', [3]);
    const unrelated = b.exp(w);
    const frozen = b.op('Range', [b.scalar(0), b.scalar(3), b.scalar(1)]);
    const loss = total(b, b.mul(b.exp(x), b.add(w, frozen)));
    const names = appended(graph, loss, [w]).join('\n');
    expect(names).not.toMatch(/= (Exp|Range)\(/);
    expect(unrelated.uses.size).toBe(0);
  });

  it('leaves out values that the loss does not depend on, also where the derivative is zero', () => {
    const { graph, b } = start();
    const [x, y, z] = ['x', 'y', 'z'].map((name) => graph.input(name, 'float32', [3])) as [Value, Value, Value];
    const steps = b.add(b.op('Round', [y]), b.cast(b.cast(y, 'int64'), 'float32'));
    const mask = b.cast(b.greater(y, 0.5), 'float32');
    const gradients = differentiate(graph, total(b, b.mul(b.mul(x, mask), steps)), [x, y, z]);
    expect([...gradients.keys()].map((v) => v.name)).toEqual(['x']);
  });

  it('passes the gradient straight through a quantizer', () => {
    const { graph, b } = start();
    const w = graph.input('w', 'float32', [3]);
    const gradients = differentiate(graph, total(b, b.mul(b.straightThrough(w, b.sign(w)), 2)), [w]);
    expect(gradients.get(w)?.producer?.op).toBe('Mul');
    expect(gradients.get(w)?.shape).toEqual([3]);
  });

  it('starts from a given seed', () => {
    const { graph, b } = start();
    const x = graph.input('x', 'float32', []);
    const seed = b.scalar(128);
    const loss = b.exp(x);
    const gradients = differentiate(graph, loss, [x, loss], { seed, prefix: 'back/' });
    expect(gradients.get(loss)).toBe(seed);
    expect(gradients.get(x)?.producer?.name).toBe('back/exp/mul');
  });
});

describe('errors', () => {
  const gradientOf = (make: (b: Builder, x: Value) => Value) => () => {
    const { graph, b } = start();
    const x = graph.input('x', 'float32', [4, 4]);
    differentiate(graph, total(b, make(b, x)), [x]);
  };

  it('names an operator without a rule', () => {
    const oneHot = (b: Builder, x: Value) =>
      b.op('OneHot', [b.i64([1]), b.i64([3]), b.slice(b.reshape(x, [-1]), { starts: [0], ends: [2], axes: [0] })]);
    expect(gradientOf(oneHot)).toThrowError(
      expect.objectContaining({
        code: 'E_GRADIENT',
        message: "node 'onehot' (OneHot): expected an operator with a gradient rule, found OneHot",
      }),
    );
  });

  it('names an operator of another domain', () => {
    const foreign = (b: Builder, x: Value) => {
      const y = b.graph.add('Fused', [x], {}, { domain: 'com.example' }).output();
      y.type = { dtype: 'float32', shape: [4, 4] };
      return y;
    };
    expect(gradientOf(foreign)).toThrowError(/found com.example.Fused/);
  });

  it('names a variant without a rule', () => {
    const reflect = (b: Builder, x: Value) => b.op('Pad', [x, b.i64([1, 1, 1, 1])], { mode: str('reflect') });
    expect(gradientOf(reflect)).toThrowError(/expected mode 'constant', found 'reflect'/);
    const product = (b: Builder, x: Value) =>
      b.op('ScatterND', [x, b.constant('at', i64([1], [1, 1])), b.constant('row', f32([1, 4]))], {
        reduction: str('mul'),
      });
    expect(gradientOf(product)).toThrowError(/expected reduction 'none' or 'add', found 'mul'/);
  });

  it('refuses a gradient of an output that has no rule', () => {
    const statistics = (b: Builder, x: Value) => {
      const scale = b.constant('scale', f32([4], [1, 1, 1, 1]));
      const node = b.node('LayerNormalization', [x, scale, scale], { axis: int(-1) }, 3);
      return b.add(node.output(0), node.output(1));
    };
    expect(gradientOf(statistics)).toThrowError(/expected a gradient of output 0 only, found one of output 1/);
  });

  it('refuses a symbolic size where the gradient needs it', () => {
    const { graph, b } = start();
    const x = graph.input('x', 'float32', [1, 2, 'H', 8]);
    const w = graph.input('w', 'float32', [2, 2, 3, 3]);
    const y = b.op('Conv', [x, w], { strides: ints([1, 1]) });
    expect(() => differentiate(graph, total(b, y), [w])).toThrowError(/expected fixed spatial sizes, found \[H, 8\]/);
  });

  it('refuses a loss that is not one float', () => {
    const { graph, b } = start();
    const x = graph.input('x', 'float32', [3]);
    expect(() => differentiate(graph, b.exp(x), [x])).toThrowError(/expected one float32 element, found float32\[3\]/);
    const whole = b.cast(total(b, x), 'int64');
    expect(() => differentiate(graph, whole, [x])).toThrowError(/expected one float32 element, found int64\[\]/);
  });
});
