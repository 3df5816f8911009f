/**
 * Brings the image input of a classifier, whoever exported it, to the one form that everything behind knows: float32
 * `[N, C, H, W]`, with what the caller says of size and normalisation. What it computes of a given image stays.
 */

import { type DType, type Graph, ints, type Node, type Shape, TritbankError, type Value } from '../ir/index.ts';
import { Builder } from '../ops/index.ts';
import { inferShapes } from '../passes/index.ts';
import { type ImageForm, spreadNormalisation, suspectNormalisation } from './image-form.ts';
import { type Normalisation, normalisationMetadata, rawPixels } from './normalisation.ts';

type Warn = (line: string) => void;

const isChannels = (dim: unknown) => dim === 1 || dim === 3;

/** Operators that hand on the elements of their first input, whatever they are. */
const movements = new Set(['Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Flatten', 'Slice', 'Gather']);

/**
 * Rewrites `graph` in place, refreshing types, and returns it. A model with another kind of input stays as it is, for
 * `imageInputOf` to refuse. E_USAGE for a normalisation of another number of channels, for one of bytes, and for dimensions that it does not
 * have.
 *
 * @example
 * import { adaptInput, loadModel } from 'tritbank';
 *
 * const graph = adaptInput(await loadModel('mobilenet.onnx'), { normalisation: { mean: [127.5], std: [127.5] } });
 * console.log(graph.inputs[0]!.shape, graph.metadata.get('input_mean'));
 */
export function adaptInput(graph: Graph, form: ImageForm = {}, warn?: Warn): Graph {
  for (const note of graph.notes) warn?.(note);
  bindDims(graph, form.dims ?? {});
  if (!mayBeImages(graph)) return graph;
  inferShapes(graph);
  const before = describe(graph.inputs[0]!);
  const isBytes = graph.inputs[0]!.dtype === 'uint8';
  toChannelsFirst(graph);
  nameChannels(graph);
  toFloat(graph);
  const after = describe(graph.inputs[0]!);
  if (after !== before) warn?.(`input '${graph.inputs[0]!.name}' is ${before} and is taken as ${after}`);
  if (form.normalisation) {
    if (isBytes) requireBytes(form.normalisation);
    takeNormalisation(graph, form.normalisation, warn);
  }
  return inferShapes(graph);
}

/** One input of rank 4, whose channels are 1 or 3 or open; any other is not looked into. */
function mayBeImages({ inputs }: Graph): boolean {
  const shape = inputs.length === 1 ? inputs[0]!.type?.shape : undefined;
  if (shape?.length !== 4) return false;
  return [shape[1], shape[3]].some((dim) => isChannels(dim) || typeof dim === 'string');
}

const describe = ({ dtype, shape }: Value) => `${dtype} [${shape.join(', ')}]`;

function bindDims(graph: Graph, dims: Readonly<Record<string, number>>): void {
  const known = new Set(graph.inputs.flatMap(({ type }) => type?.shape?.filter((d) => typeof d === 'string') ?? []));
  for (const name of Object.keys(dims)) {
    if (known.has(name)) continue;
    const names = [...known].join(', ') || 'none, all are fixed';
    throw new TritbankError('E_USAGE', `dimension '${name}'`, `expected one of the model's (${names}), found another`);
  }
  if (Object.keys(dims).length > 0) inferShapes(graph, { bind: dims });
}

/** A new input in front of a transposition, which `normalizeNetwork` moves through the network. */
function toChannelsFirst(graph: Graph): void {
  const input = graph.inputs[0]!;
  const [batch, height, width, channels] = input.shape as [Shape[0], Shape[0], Shape[0], Shape[0]];
  if (!isChannels(channels) || isChannels(height)) return;
  replaceInput(graph, input.dtype, [batch, channels, height, width], (b, images) =>
    b.op('Transpose', [images], { perm: ints([0, 2, 3, 1]) }),
  );
}

/** The input under its old name, with what reads it behind what `use` makes of it. */
function replaceInput(graph: Graph, dtype: DType, shape: Shape, use: (b: Builder, images: Value) => Value): void {
  const old = graph.inputs[0]!;
  const { name } = old;
  graph.rename(old, graph.freshName(`${name}_given`));
  const images = graph.input(name, dtype, shape);
  const made = use(new Builder(graph, 'input/', graph.nodes[0]), images);
  old.replaceAllUsesWith(made);
  graph.removeValue(old);
}

/** The channels that the first convolution reads, where the file leaves them open. */
function nameChannels(graph: Graph): void {
  const input = graph.inputs[0]!;
  const [batch, channels, ...size] = input.shape;
  if (typeof channels !== 'string') return;
  for (let value: Value | undefined = input; value?.uses.size === 1 && value.type?.shape?.length === 4; ) {
    const [node] = value.uses as Set<Node>;
    const read = node!.op === 'Conv' ? node!.inputs[1]?.type?.shape?.[1] : undefined;
    if (isChannels(read)) input.type = { dtype: input.dtype, shape: [batch!, read!, ...size] };
    value = node!.op === 'Conv' ? undefined : node!.outputs[0];
  }
}

/** Bytes become floats of the same values; a `Cast` of them stays, and what needs bytes gets them back. */
function toFloat(graph: Graph): void {
  const input = graph.inputs[0]!;
  const [, channels] = input.shape;
  if (input.dtype !== 'uint8' || typeof channels !== 'number') return;
  input.type = { dtype: 'float32', shape: input.shape };
  const waiting: Value[] = [input];
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    for (const node of [...value.uses]) {
      if (node.op === 'Cast') continue;
      if (movements.has(node.op) && node.inputs.indexOf(value) === 0) waiting.push(node.output());
      else castInputs(graph, node, value);
    }
  }
  setNormalisation(graph, rawPixels(channels));
}

function castInputs(graph: Graph, node: Node, value: Value): void {
  const bytes = new Builder(graph, 'input/', node).cast(value, 'uint8');
  for (const [i, input] of node.inputs.entries()) if (input === value) node.setInput(i, bytes);
}

/** Replaces what the metadata say. */
function setNormalisation({ metadata }: Graph, normalisation: Normalisation): void {
  for (const [key, text] of Object.entries(normalisationMetadata(normalisation))) metadata.set(key, text);
}

/** E_USAGE for a normalisation by which pixels are no bytes any more. */
export function requireBytes({ mean, std }: Normalisation): void {
  if (mean.every((m) => m === 0) && std.every((s) => s === 1)) return;
  const expected = 'expected pixels as they are (raw: mean 0, deviation 1) for a model that takes bytes';
  throw new TritbankError('E_USAGE', 'normalization', `${expected}, found mean ${mean} and deviation ${std}`);
}

function takeNormalisation(graph: Graph, normalisation: Normalisation, warn?: Warn): void {
  const [, channels] = graph.inputs[0]!.shape;
  if (typeof channels !== 'number') return;
  const suspicion = suspectNormalisation(normalisation);
  if (suspicion) warn?.(suspicion);
  setNormalisation(graph, spreadNormalisation(normalisation, channels));
}
