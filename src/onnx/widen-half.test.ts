import { expect, it } from 'vitest';
import { modelBytes, node } from '../../test/onnx-model.ts';
import { f32, int, printGraph, type Tensor, toNumbers } from '../ir/index.ts';
import { fromNumbers } from '../ops/arithmetic/numbers.ts';
import { readModel } from './read.ts';

const half = (values: readonly number[]): Tensor => fromNumbers('float16', [values.length], values);

it('reads half-precision inputs, constants and outputs as float32, and says so', () => {
  const type = { dtype: 'float16', shape: ['N', 3] } as const;
  const bytes = modelBytes({
    opset: 17,
    inputs: { x: type },
    initializers: { w: half([0.5, -2, 1.5]) },
    nodes: [node('Mul', ['x', 'w'], ['z']), node('Relu', ['z'], ['y'])],
    outputs: { y: type },
  });
  const graph = readModel(bytes);
  expect(printGraph(graph)).toBe(`graph g (opset 20)
  input x: float32[N, 3]
  const w: float32[3] {0.5, -2, 1.5}
  z: ? = Mul(x, w)
  y: float32[N, 3] = Relu(z)
  output y
`);
  expect(graph.notes).toEqual(['a network of float16: read as one of float32']);
  expect(graph.clone().notes).toEqual(graph.notes);
});

it('reads a network that casts its images to half precision as one of float32', () => {
  const type = { dtype: 'float32', shape: ['N', 3] } as const;
  const bytes = modelBytes({
    opset: 17,
    inputs: { x: type },
    initializers: { w: half([0.5, -2, 1.5]) },
    nodes: [
      node('Cast', ['x'], ['h'], { to: int(10) }),
      node('Mul', ['h', 'w'], ['z']),
      node('Cast', ['z'], ['y'], { to: int(1) }),
    ],
    outputs: { y: type },
  });
  const graph = readModel(bytes);
  expect(graph.nodes.map(({ op, attributes }) => [op, attributes.to])).toEqual([
    ['Cast', int(1)],
    ['Mul', undefined],
    ['Cast', int(1)],
  ]);
  expect(graph.value('w').constant?.dtype).toBe('float32');
});

it('leaves weights that are stored in half precision as they are', () => {
  const type = { dtype: 'float32', shape: ['N', 3] } as const;
  const bytes = modelBytes({
    opset: 17,
    inputs: { x: type },
    initializers: { w: half([0.5, -2, 1.5]), b: f32([3], [1, 2, 3]) },
    nodes: [node('Cast', ['w'], ['f'], { to: int(1) }), node('Mul', ['x', 'f'], ['y'])],
    outputs: { y: type },
  });
  const graph = readModel(bytes);
  expect(graph.notes).toEqual([]);
  expect(graph.value('w').constant?.dtype).toBe('float16');
  expect(toNumbers(graph.value('w').constant!)).toEqual([0.5, -2, 1.5]);
});
