import { expect, it } from 'vitest';
import { Graph, printGraph, verify } from '../ir/index.ts';
import { Builder, canonicalOpset } from '../ops/index.ts';
import { removeMarkers } from './remove-markers.ts';

function quantized() {
  const graph = new Graph('g', canonicalOpset);
  const b = new Builder(graph);
  const w = graph.input('w', 'float32', [3]);
  return { graph, b, y: b.straightThrough(w, b.sign(w)) };
}

it('replaces a straight-through marker by its value', () => {
  const { graph, b, y } = quantized();
  graph.outputs = [b.exp(y)];
  expect(removeMarkers(graph)).toBe(true);
  expect(printGraph(verify(graph))).toMatchInlineSnapshot(`
    "graph g (opset 20)
      input w: float32[3]
      sign: float32[3] = Sign(w)
      exp: float32[3] = Exp(sign)
      output exp
    "
  `);
  expect(removeMarkers(graph)).toBe(false);
});

it('keeps the name of an output', () => {
  const { graph, y } = quantized();
  graph.rename(y, 'ternary');
  graph.outputs = [y];
  removeMarkers(graph);
  expect(printGraph(verify(graph))).toMatchInlineSnapshot(`
    "graph g (opset 20)
      input w: float32[3]
      sign: float32[3] = Sign(w)
      ternary: float32[3] = Identity(sign)
      output ternary
    "
  `);
});
