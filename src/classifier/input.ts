/** What a classifier says of its images: channels and size of its one input. */

import { type Graph, TritbankError } from '../ir/index.ts';
import { inferShapes } from '../passes/index.ts';

export interface ImageInput {
  readonly channels: 1 | 3;
  /** Height and width in pixels; undefined where the model leaves them open. */
  readonly size: number | undefined;
  /** The batch size of a model that accepts only one. */
  readonly batch: number | undefined;
}

/** The model's only input, square images `[N, 1 or 3, S, S]` of float32. E_MODEL for anything else. */
export function imageInputOf(graph: Graph): ImageInput {
  const shape = graph.inputs[0]?.type?.shape;
  const [batch, channels, height, width] = shape ?? [];
  const isSingle = graph.inputs.length === 1 && shape?.length === 4;
  const isOpen = typeof height === 'string' && typeof width === 'string';
  if (isSingle && (channels === 1 || channels === 3) && (height === width || isOpen)) {
    const size = typeof height === 'number' ? height : undefined;
    return { channels, size, batch: typeof batch === 'number' ? batch : undefined };
  }
  const found = graph.inputs.length > 1 ? `${graph.inputs.length} inputs` : shape ? `[${shape.join(', ')}]` : 'none';
  throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected an input [N, 1 or 3, S, S], found ${found}`);
}

/**
 * The size in pixels at which a model is used: its own, or the one that is asked for where it leaves its own open. E_USAGE
 * where there is none, or where the two differ.
 */
export function chooseInputSize({ size }: ImageInput, wanted: number | undefined): number {
  const chosen = size ?? wanted;
  if (chosen !== undefined && (wanted ?? chosen) === chosen) return chosen;
  const expected = size === undefined ? 'an input size' : `the model's input size ${size}`;
  throw new TritbankError('E_USAGE', 'input size', `expected ${expected}, found ${wanted ?? 'none'}`);
}

/** Fixes the size of the model's images, and its batch where one is given; shapes are inferred again. */
export function setInputSize(graph: Graph, size: number, batch = graph.inputs[0]!.shape[0]!): Graph {
  const input = graph.inputs[0]!;
  input.type = { dtype: 'float32', shape: [batch, input.shape[1]!, size, size] };
  return inferShapes(graph);
}
