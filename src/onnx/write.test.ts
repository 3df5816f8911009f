import { describe, expect, it } from 'vitest';
import { f32, float, Graph, i64, int, ints, printGraph, scalar, str, tensorAttribute } from '../ir/index.ts';
import { canonicalOpset, markerDomain, straightThrough } from '../ops/names.ts';
import { decode } from './decode.ts';
import { readModel } from './read.ts';
import { modelProto } from './schema.ts';
import { writeModel } from './write.ts';

function sample(): Graph {
  const graph = new Graph('net', canonicalOpset);
  const x = graph.input('x', 'float32', ['N', 3, 8, 8]);
  const attributes = {
    a: int(-1),
    b: float(0.5),
    c: str('ü'),
    d: ints([-2, 2 ** 52]),
    e: tensorAttribute(i64([1])),
    f: { kind: 'strings', value: ['p', ''] },
    g: { kind: 'floats', value: [1, -0.25] },
  } as const;
  const first = graph.add('Clip', [x, undefined, graph.initializer('six', scalar(6))], attributes, { name: 'clip' });
  first.output().type = { dtype: 'float32', shape: ['N', 3, 8, 8] };
  const second = graph.add(
    'Split',
    [first.output(), undefined],
    {},
    { outputs: ['p', '', 'q'], domain: 'com.microsoft' },
  );
  graph.add('Odd', [second.output(2)], {}, { name: 'odd', domain: 'my.ops' });
  graph.initializer('names', { dtype: 'string', dims: [2], data: ['a', 'b'] });
  graph.outputs.push(second.output(), graph.value('odd'));
  second.output().type = { dtype: 'float16' };
  graph.metadata.set('z', '1').set('a', '2').set('onnx.opset.my.ops', '7');
  graph.doc = 'doc';
  return graph;
}

describe('writeModel', () => {
  it('writes what reads back as the same graph', () => {
    const graph = sample();
    const back = readModel(writeModel(graph));
    expect(printGraph(back)).toBe(printGraph(graph).replace('(clip, _)', '(clip)'));
    expect(back.doc).toBe('doc');
    expect([...back.metadata]).toEqual([...graph.metadata]);
    expect(back.nodes.map((n) => n.name)).toEqual(graph.nodes.map((n) => n.name));
  });

  it('gives equal bytes for equal graphs', () => {
    const bytes = writeModel(sample());
    expect(writeModel(sample())).toEqual(bytes);
    expect(writeModel(readModel(bytes))).toEqual(bytes);
  });

  it('states versions, domains, producer and metadata', () => {
    const model = decode(modelProto, writeModel(sample()), 'model');
    expect(model).toMatchObject({
      irVersion: 9n,
      producerName: 'tritbank',
      opsetImport: [
        { domain: '', version: 20n },
        { domain: 'com.microsoft', version: 1n },
        { domain: 'my.ops', version: 7n },
      ],
      metadataProps: [
        { key: 'z', value: '1' },
        { key: 'a', value: '2' },
      ],
    });
    expect(model.graph?.valueInfo.map((v) => v.name)).toEqual(['clip']);
    expect(model.graph?.initializer[0]?.rawData).toEqual(Uint8Array.of(0, 0, 192, 64));
    const custom = decode(modelProto, writeModel(sample(), { producer: 'me', irVersion: 10 }), 'model');
    expect(custom).toMatchObject({ irVersion: 10n, producerName: 'me' });
  });

  it('hands large tensors to a sink', () => {
    const graph = new Graph('net', canonicalOpset);
    const x = graph.input('x', 'float32', [4]);
    const small = graph.initializer('small', f32([1]));
    const large = graph.initializer('large', f32([4], [1, 2, 3, 4]));
    const sum = graph.add('Add', [graph.add('Add', [x, small]).output(), large]);
    graph.outputs.push(sum.output());
    const file = new Uint8Array(100);
    const put = (bytes: Uint8Array) => {
      file.set(bytes, 64);
      return 64;
    };
    const bytes = writeModel(graph, { external: { location: 'w.data', threshold: 16, put } });
    const [first, second] = decode(modelProto, bytes, 'model').graph!.initializer;
    expect(first?.rawData?.length).toBe(4);
    expect(second).toMatchObject({
      rawData: undefined,
      dataLocation: 1,
      externalData: [
        { key: 'location', value: 'w.data' },
        { key: 'offset', value: '64' },
        { key: 'length', value: '16' },
      ],
    });
    expect(readModel(bytes, { external: () => file }).value('large').constant).toEqual(large.constant);
  });

  it('refuses markers and graphs that do not verify', () => {
    const graph = sample();
    const x = graph.value('x');
    const marker = graph.add(straightThrough, [x, x], {}, { name: 'ste', domain: markerDomain });
    expect(() => writeModel(graph)).toThrow(
      "internal: marker node 'ste' (tritbank.StraightThrough) reached the writer",
    );
    graph.nodes.unshift(graph.nodes.splice(graph.nodes.indexOf(graph.value('odd').producer!), 1)[0]!);
    expect(marker.inputs).toHaveLength(2);
    const message = "node 'odd' (my.ops.Odd): expected input 'q' to be defined before, found it undefined here";
    expect(() => writeModel(graph)).toThrow(expect.objectContaining({ code: 'E_GRAPH', message }));
  });

  it('refuses an integer attribute that is none', () => {
    const graph = new Graph('net', canonicalOpset);
    graph.outputs.push(graph.add('Relu', [graph.input('x', 'float32')], { a: int(0.5) }).output());
    expect(() => writeModel(graph)).toThrow("internal: node 'relu' (Relu) attribute a is not an integer: 0.5");
  });
});
