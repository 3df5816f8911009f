import { describe, expect, it } from 'vitest';
import { f32Type, type GraphInit, type ModelInit, modelBytes, node } from '../../test/onnx-model.ts';
import { f32, float, floats, int, ints, printGraph, scalar, str, tensorAttribute } from '../ir/index.ts';
import { type ReadOptions, readModel } from './read.ts';

const relu: ModelInit = {
  opset: 20,
  inputs: { x: f32Type('N', 4) },
  nodes: [node('Relu', ['x'], ['y'])],
  outputs: { y: f32Type('N', 4) },
};

const read = (init: ModelInit, options?: ReadOptions) => readModel(modelBytes({ ...relu, ...init }), options);
const printed = (init: ModelInit) => printGraph(read(init));

function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && 'line' in error) return String(error.line);
    throw error;
  }
  return 'no error';
}

const refusal = (init: ModelInit) => failure(() => read(init, { name: 'm.onnx' }));
const withTensor = (tensor: NonNullable<GraphInit['initializer']>[number]) => ({ graph: { initializer: [tensor] } });

describe('readModel', () => {
  it('reads inputs, initializers, nodes, outputs and intermediate types', () => {
    const text = printed({
      initializers: { w: f32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]) },
      nodes: [
        node('MatMul', ['x', 'w'], ['h']),
        node('com.microsoft.Gelu', ['h'], ['g']),
        node('Clip', ['g', '', 'w'], ['y'], {
          a: int(-7),
          b: float(0.5),
          c: str('é'),
          d: ints([-1, 3]),
          e: floats([]),
        }),
      ],
      graph: { valueInfo: [{ name: 'h', type: { tensorType: { elemType: 10 } } }] },
    });
    expect(text).toBe(`graph g (opset 20)
  input x: float32[N, 4]
  const w: float32[4, 2] {1, 2, 3, 4, 5, 6, 7, 8}
  h: float16 = MatMul(x, w)
  g: ? = com.microsoft.Gelu(h)
  y: float32[N, 4] = Clip(g, _, w) {a=-7, b=0.5, c="é", d=[-1, 3], e=[]}
  output y
`);
  });

  it('keeps metadata, documentation and the versions of other domains', () => {
    const graph = read({
      model: {
        docString: 'hello',
        metadataProps: [{ key: 'source', value: 'here' }],
        opsetImport: [
          { domain: 'ai.onnx', version: 20n },
          { domain: 'ai.onnx.ml', version: 3n },
          { domain: 'com.microsoft', version: 1n },
        ],
      },
    });
    expect(graph.doc).toBe('hello');
    expect([...graph.metadata]).toEqual([
      ['source', 'here'],
      ['onnx.opset.ai.onnx.ml', '3'],
    ]);
  });

  it('takes initializers that are listed as inputs for plain initializers', () => {
    const inputs = { x: f32Type('N', 4), w: f32Type(4) };
    const graph = read({ inputs, initializers: { w: f32([4]) }, nodes: [node('Add', ['x', 'w'], ['y'])] });
    expect(graph.inputs.map((v) => v.name)).toEqual(['x']);
    expect(graph.initializers.map((v) => v.name)).toEqual(['w']);
  });

  it('gives unknown dimensions names that the model does not use', () => {
    const dim = [{ dimParam: 'unk__0' }, {}, { dimValue: -1n }, { dimParam: '' }, { dimValue: 5n }];
    const graph = read({ graph: { input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }] } });
    expect(graph.inputs[0]?.shape).toEqual(['unk__0', 'unk__1', 'unk__2', 'unk__3', 5]);
  });

  it('turns every form of Constant into an initializer', () => {
    const nodes = [
      node('Constant', [], ['a'], { value: tensorAttribute(f32([2], [1, 2])) }),
      node('Constant', [], ['b'], { value_float: float(0.5) }),
      node('Constant', [], ['c'], { value_floats: floats([0.5, 0.25]) }),
      node('Constant', [], ['d'], { value_int: int(-3) }),
      node('Constant', [], ['e'], { value_ints: ints([1, -2]) }),
      node('Constant', [], ['f'], { value_string: str('s') }),
      node('Constant', [], ['h'], { value_strings: { kind: 'strings', value: ['s', 't'] } }),
      node('Relu', ['x'], ['y']),
    ];
    expect(printed({ nodes })).toBe(`graph g (opset 20)
  input x: float32[N, 4]
  const a: float32[2] {1, 2}
  const b: float32[] 0.5
  const c: float32[2] {0.5, 0.25}
  const d: int64[] -3
  const e: int64[2] {1, -2}
  const f: string[] "s"
  const h: string[2] {"s", "t"}
  y: float32[N, 4] = Relu(x)
  output y
`);
  });

  it('keeps all 64 bits of constants', () => {
    const attribute = [{ name: 'value_int', i: 2n ** 63n - 1n, type: 2 }];
    const graph = read({ nodes: [{ opType: 'Constant', output: ['c'], attribute }, node('Relu', ['x'], ['y'])] });
    expect(graph.value('c').constant?.data[0]).toBe(2n ** 63n - 1n);
  });

  it('infers the attribute type that old files leave out', () => {
    const attribute = [
      { name: 'axis', i: -1n },
      { name: 'list', ints: [-1n] },
    ];
    const graph = read({ nodes: [{ opType: 'Softmax', input: ['x'], output: ['y'], attribute }] });
    expect(graph.nodes[0]?.attributes).toEqual({ axis: int(-1), list: ints([-1]) });
  });

  it('sorts nodes, keeps an order that is right, and names the unnamed', () => {
    const nodes = [
      node('Add', ['b', 'a'], ['y']),
      node('Neg', ['a'], ['b']),
      node('Relu', ['x'], ['a']),
      node('Abs', ['a'], ['c']),
    ];
    const graph = read({ nodes });
    expect(graph.nodes.map((n) => n.name)).toEqual(['Relu_a', 'Neg_b', 'Add_y', 'Abs_c']);
  });

  it('sorts a chain deeper than the call stack', () => {
    const length = 20_000;
    const name = (i: number) => (i === 0 ? 'x' : i === length ? 'y' : `v${i}`);
    const nodes = Array.from({ length }, (_, i) => node('Relu', [name(i)], [name(i + 1)])).reverse();
    expect(read({ nodes }).nodes[0]?.input(0).name).toBe('x');
  });

  it('reads a Buffer that is a view into a pool', () => {
    const bytes = modelBytes({ ...relu, initializers: { w: f32([2], [3, 4]) } });
    const pool = Buffer.alloc(bytes.length + 64, 1);
    pool.set(bytes, 32);
    const { constant } = readModel(pool.subarray(32, 32 + bytes.length)).value('w');
    expect(constant?.data).toEqual(Float32Array.of(3, 4));
  });

  it('accepts an initializer as output', () => {
    const graph = read({ initializers: { w: scalar(1) }, outputs: { w: undefined }, nodes: [] });
    expect(graph.outputs[0]?.constant?.data[0]).toBe(1);
  });
});

describe('readModel refuses', () => {
  it.each([
    [
      new Uint8Array(),
      'error E_FORMAT: m.onnx: expected an ONNX model, found an empty file; was its download or export cut short?',
    ],
    [
      new TextEncoder().encode('<html><body>404</body></html>'),
      'error E_FORMAT: m.onnx: expected an ONNX model, found an HTML page; download the file itself (its "raw" address, perhaps after signing in)',
    ],
    [Uint8Array.of(0x12, 1, 65), 'error E_FORMAT: m.onnx: expected an ONNX model, found no ir_version'],
    [Uint8Array.of(8, 4), 'error E_FORMAT: m.onnx: expected a graph, found none'],
  ])('files that are no model %#', (bytes, message) => {
    expect(failure(() => readModel(bytes, { name: 'm.onnx' }))).toBe(message);
  });

  const subgraph = { name: 'then_branch', type: 5, g: new Uint8Array() };
  it.each<[string, ModelInit, string]>([
    ['opset 6', { opset: 6 }, 'error E_UNSUPPORTED: m.onnx: expected opset 7 to 26, found 6'],
    ['opset 27', { opset: 27 }, 'error E_UNSUPPORTED: m.onnx: expected opset 7 to 26, found 27'],
    [
      'no opset',
      { model: { opsetImport: [] } },
      "error E_FORMAT: m.onnx: expected an opset import of ONNX's own domain, found none",
    ],
    [
      'functions',
      { model: { functions: [new Uint8Array()] } },
      'error E_UNSUPPORTED: m.onnx: expected no local functions, found 1',
    ],
    [
      'training information',
      { model: { trainingInfo: [new Uint8Array()] } },
      'error E_UNSUPPORTED: m.onnx: expected no training information, found 1',
    ],
    [
      'sparse initializers',
      { graph: { sparseInitializer: [new Uint8Array()] } },
      'error E_UNSUPPORTED: m.onnx: expected no sparse initializers, found 1',
    ],
    [
      'subgraphs',
      { nodes: [{ opType: 'If', name: 'choose', input: ['x'], output: ['y'], attribute: [subgraph] }] },
      "error E_UNSUPPORTED: m.onnx: node 'choose' (If) attribute then_branch: expected numbers, strings or a tensor, found a subgraph",
    ],
    [
      'an attribute type that does not exist',
      { nodes: [{ opType: 'Relu', input: ['x'], output: ['y'], attribute: [{ name: 'a', type: 99 }] }] },
      "error E_FORMAT: m.onnx: node 'Relu_y' (Relu) attribute a: expected an attribute type of 1 to 14, found type 99",
    ],
    [
      'an attribute beyond 2^53',
      { nodes: [{ opType: 'Relu', input: ['x'], output: ['y'], attribute: [{ name: 'a', type: 2, i: 2n ** 60n }] }] },
      "error E_UNSUPPORTED: m.onnx: node 'Relu_y' (Relu) attribute a: expected an integer within 2^53, found 1152921504606846976",
    ],
    ['no outputs', { outputs: {} }, 'error E_FORMAT: m.onnx: expected at least one output, found none'],
    [
      'an output that nobody computes',
      { outputs: { z: undefined } },
      "error E_GRAPH: m.onnx: output 'z': expected a value of this name, found none",
    ],
    [
      'inputs that nobody defines',
      { nodes: [node('Add', ['x', 'b'], ['y'])] },
      "error E_GRAPH: m.onnx: node 'Add_y' (Add): expected input 'b' to be defined, found no definition",
    ],
    [
      'cycles',
      { nodes: [node('Add', ['x', 'y'], ['z']), node('Relu', ['z'], ['y'])] },
      "error E_GRAPH: m.onnx: node 'Relu_y' (Relu): expected no cycle, found one through input 'z'",
    ],
    [
      'a value with two producers',
      { nodes: [node('Relu', ['x'], ['y']), node('Neg', ['x'], ['y'])] },
      "error E_GRAPH: m.onnx: node 'Neg_y' (Neg): expected one definition of 'y', found two",
    ],
    [
      'an initializer given twice',
      {
        graph: {
          initializer: [
            { name: 'w', dataType: 1, floatData: [1] },
            { name: 'w', dataType: 1, floatData: [1] },
          ],
        },
      },
      "error E_GRAPH: m.onnx: initializer 'w': expected one definition of each name, found two",
    ],
    [
      'an input given twice',
      { graph: { input: [0, 1].map(() => ({ name: 'x', type: { tensorType: { elemType: 1 } } })) } },
      "error E_GRAPH: m.onnx: value 'x': expected one definition of each name, found two",
    ],
    [
      'an input without type',
      { graph: { input: [{ name: 'x' }] } },
      "error E_FORMAT: m.onnx: input 'x': expected a type, found none",
    ],
    [
      'sequences',
      { graph: { input: [{ name: 'x', type: { sequenceType: new Uint8Array() } }] } },
      "error E_UNSUPPORTED: m.onnx: input 'x': expected a tensor, found a sequence",
    ],
    [
      'a node without operator',
      { nodes: [{ input: ['x'], output: ['y'], name: 'n' }] },
      "error E_FORMAT: m.onnx: node 'n' (no operator): expected an operator, found none",
    ],
    [
      'Constant without value',
      { nodes: [node('Constant', [], ['y'])] },
      "error E_FORMAT: m.onnx: node 'Constant_y' (Constant): expected exactly one attribute, found 0",
    ],
    [
      'exotic element types',
      withTensor({ name: 'w', dataType: 17, dims: [1n], rawData: Uint8Array.of(0) }),
      "error E_UNSUPPORTED: m.onnx: initializer 'w': expected one of float32, float64, float16, bfloat16, int8, int16, int32, int64, uint8, uint16, uint32, uint64, bool, string, found FLOAT8E4M3FN (17)",
    ],
    [
      'raw data of another length',
      withTensor({ name: 'w', dataType: 1, dims: [2n, 3n], rawData: new Uint8Array(23) }),
      "error E_FORMAT: m.onnx: initializer 'w': expected 24 bytes for float32[2, 3], found 23",
    ],
    [
      'huge dimensions over little data',
      withTensor({ name: 'w', dataType: 1, dims: [2n ** 40n, 2n ** 40n], floatData: [1] }),
      "error E_FORMAT: m.onnx: initializer 'w': expected 1.2089258196146292e+24 elements for float32[1099511627776, 1099511627776], found 1",
    ],
    [
      'negative dimensions',
      withTensor({ name: 'w', dataType: 1, dims: [-1n], floatData: [1] }),
      "error E_FORMAT: m.onnx: initializer 'w': expected dimensions of at least 0, found -1",
    ],
    [
      'list elements out of the type',
      withTensor({ name: 'w', dataType: 3, dims: [2n], int32Data: [-128, 128] }),
      "error E_FORMAT: m.onnx: initializer 'w': expected elements of type int8, found 128",
    ],
    [
      'external data without a folder',
      withTensor({ name: 'w', dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] }),
      "error E_FILE: m.onnx: initializer 'w': expected its data in 'w.bin', found no folder to look for that file",
    ],
  ])('%s', (_, init, message) => {
    expect(refusal(init)).toBe(message);
  });
});
