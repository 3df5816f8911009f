/** What a classifier says of its images: channels and size of its one input. */

import { formatSize, isSameSize, type Size, type SizeOption, sizeOf } from '../images/size.ts';
import { type Graph, TritbankError } from '../ir/index.ts';
import { formatPreprocessing, metadataKeys, readPreprocessing } from '../onnx/metadata.ts';
import { inferShapes } from '../passes/index.ts';

export interface ImageInput {
  readonly channels: 1 | 3;
  /** `uint8`: bytes as they are, which the model normalises itself. */
  readonly dtype: 'float32' | 'uint8';
  /** Undefined where the model leaves it open. */
  readonly size: Size | undefined;
  /** `input_size` of the metadata, for a model that leaves them open. */
  readonly usual: Size | undefined;
  /** The batch size of a model that accepts only one. */
  readonly batch: number | undefined;
}

/** The model's only input, images `[N, 1 or 3, H, W]` of float32 or bytes. E_MODEL for anything else. */
export function imageInputOf(graph: Graph): ImageInput {
  const shape = graph.inputs[0]?.type?.shape;
  const [batch, channels, height, width] = shape ?? [];
  const isSingle = graph.inputs.length === 1 && shape?.length === 4;
  if (isSingle && (channels === 1 || channels === 3)) {
    const { dtype } = graph.inputs[0]!;
    if (dtype !== 'float32' && dtype !== 'uint8') {
      throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected an input of float32, found ${dtype}`);
    }
    const size = typeof height === 'number' && typeof width === 'number' ? { height, width } : undefined;
    const usual = size === undefined ? readPreprocessing(graph.metadata).size : undefined;
    return { channels, dtype, size, usual, batch: typeof batch === 'number' ? batch : undefined };
  }
  const found = graph.inputs.length > 1 ? `${graph.inputs.length} inputs` : shape ? `[${shape.join(', ')}]` : 'none';
  throw new TritbankError('E_MODEL', `graph '${graph.name}'`, `expected an input [N, 1 or 3, H, W], found ${found}`);
}

/**
 * The size in pixels at which a model is used: its own, or where it leaves that open the one that is asked for, else that
 * of its metadata. E_USAGE where there is none, or where its own is another than is asked for.
 */
export function chooseInputSize({ size, usual }: ImageInput, given: SizeOption | undefined): Size {
  const wanted = given === undefined ? undefined : sizeOf(given);
  const chosen = size ?? wanted ?? usual;
  if (chosen !== undefined && isSameSize(wanted ?? chosen, chosen)) return chosen;
  const expected = size === undefined ? 'an input size (--input-size)' : `the model's input size ${formatSize(size)}`;
  const found = wanted === undefined ? 'none' : formatSize(wanted);
  throw new TritbankError('E_USAGE', 'input size', `expected ${expected}, found ${found}`);
}

/** Fixes the size of the model's images, and its batch where one is given; shapes are inferred again. */
export function setInputSize(graph: Graph, size: SizeOption, batch = graph.inputs[0]!.shape[0]!): Graph {
  const { height, width } = sizeOf(size);
  const input = graph.inputs[0]!;
  const [before] = input.shape;
  input.type = { dtype: input.dtype, shape: [batch, input.shape[1]!, height, width] };
  // what the file declares of its outputs follows
  const isBound = typeof before === 'string' && typeof batch === 'number';
  return inferShapes(graph, isBound ? { bind: { [before]: batch } } : {});
}

/** Shapes of the outputs for a batch of images of a size. */
function outputShapes(graph: Graph, size: SizeOption, batch: number): string {
  const trial = graph.clone();
  // what the file declares of its outputs is that of its own size
  for (const output of trial.outputs) output.type = undefined;
  setInputSize(trial, size, batch);
  return trial.outputs.map(({ type }) => `[${type?.shape?.join(', ')}]`).join(', ');
}

/**
 * Has a model that fixes the size of its images take those of another, where one is asked for; also one whose layers were
 * `changed`, and whose shapes do not follow yet. E_USAGE for a network that takes no other: one that flattens its last
 * feature map, say.
 */
export function changeInputSize(graph: Graph, wanted: SizeOption | undefined, changed = false): Graph {
  const own = imageInputOf(graph).size;
  const size = wanted === undefined ? own : sizeOf(wanted);
  if (own === undefined || size === undefined || (isSameSize(own, size) && !changed)) return graph;
  const what = changed ? 'input size and strides' : 'input size';
  const expected = `expected the model's ${isSameSize(own, size) ? 'own strides' : `input size ${formatSize(own)}`}, or others that it can take`;
  const refuse = (found: string) => {
    throw new TritbankError(
      'E_USAGE',
      what,
      `${expected}, found ${isSameSize(own, size) ? 'others' : formatSize(size)}: ${found}`,
    );
  };
  const before = graph.outputs.map(({ type }) => type?.shape?.slice(1).join(', '));
  try {
    const { batch = 2 } = imageInputOf(graph);
    const after = outputShapes(graph, size, batch);
    const scores = before.map((rest) => `[${[batch, rest].join(', ')}]`).join(', ');
    if (after !== scores) refuse(`outputs of ${after} for a batch of ${batch}`);
    for (const output of graph.outputs) output.type = undefined;
    return setInputSize(graph, size);
  } catch (error) {
    if (!(error instanceof TritbankError) || error.code === 'E_USAGE') throw error;
    return refuse(`${error.where}: ${error.detail}`);
  }
}

/**
 * Fixes the size of images that the model leaves open: at the one that is asked for, or that of its metadata. A model that
 * fixes it, or that has neither, stays as it is.
 */
export function closeInputSize(graph: Graph, wanted: SizeOption | undefined): Graph {
  const shape = graph.inputs[0]?.type?.shape;
  const isOpen = graph.inputs.length === 1 && shape?.length === 4 && shape.slice(2).some((d) => typeof d === 'string');
  const size = isOpen ? (wanted ?? readPreprocessing(graph.metadata).size) : undefined;
  return size === undefined ? graph : setInputSize(graph, size);
}

/** Says in the metadata of a model that leaves its size open at which one it was used, unless they say so already. */
export function noteInputSize(graph: Graph, size: Size): void {
  if (typeof graph.inputs[0]?.type?.shape?.[2] === 'number' || graph.metadata.has(metadataKeys.size)) return;
  for (const [key, value] of Object.entries(formatPreprocessing({ size }))) graph.metadata.set(key, value);
}
