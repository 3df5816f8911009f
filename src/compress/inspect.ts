/**
 * What a model is, and what of it can be compressed: inputs, outputs, layers with their sizes and work, and everything that
 * may go wrong later. The layers are those of the normalized network, which is what compression works on; those of a model
 * with packed weights or 8-bit activations are what they were before.
 */

import { classCountOf, type Normalisation, readNormalisation } from '../classifier/index.ts';
import { measureCost, measureStorage, type NodeCost, type UnknownOperator } from '../cost/index.ts';
import { type DType, type Graph, type Node, printType, type Shape, TritbankError, type Value } from '../ir/index.ts';
import { traitsOf } from '../ops/index.ts';
import {
  type ActivationType,
  activationTypeOf,
  findQuantization,
  findTraining,
  inferShapes,
  isTrainingBatchNorm,
  normalizeNetwork,
  unpackNetwork,
} from '../passes/index.ts';
import type { LayerKind } from '../quantize/index.ts';
import { type ExaminedLayer, examineLayers, findBroken } from './candidates.ts';

export interface TensorReport {
  readonly name: string;
  readonly dtype: DType;
  /** Null where it is not known; symbolic sizes by name. */
  readonly shape: Shape | null;
}

export interface InputReport extends TensorReport {
  /** Where an image's channels are; null where nothing tells. */
  readonly layout: 'NCHW' | 'NHWC' | null;
}

export interface LayerReport {
  readonly name: string;
  readonly op: string;
  readonly kind: LayerKind | 'other';
  /** Null where the weights' shape is not known. */
  readonly filters: number | null;
  /** Input channels that each filter sees. */
  readonly inputs: number | null;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly groups: number;
  readonly outputShape: Shape | null;
  /** Weights and biases, batch norms folded into them. */
  readonly parameters: number;
  /** Multiply-accumulates of one inference by full-precision weights; null where sizes are not known. */
  readonly macs: number | null;
  /** Additions by ternary weights, zeros included. */
  readonly ternaryAdditions: number | null;
  readonly candidate: boolean;
  /** Why it is no candidate. */
  readonly reason?: string;
}

export interface ModelReport {
  readonly name: string;
  /** Operator set of the graph: files are brought to this one when they are read. */
  readonly opset: number;
  readonly inputs: readonly InputReport[];
  readonly outputs: readonly TensorReport[];
  /** As the model has them; whichever they are, layers are those of the float network. */
  readonly activations: ActivationType;
  /** Null for what is no classifier. */
  readonly classes: number | null;
  /** What the metadata say of a pixel's mean and deviation, in units of 0..255; null for nothing. */
  readonly preprocessing: Normalisation | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly layers: readonly LayerReport[];
  /** Of the whole network, batch norms folded; weights that layers share count once. */
  readonly parameters: number;
  readonly macs: number | null;
  /** Batch norms of the model as it was given. */
  readonly batchNorms: number;
  /** Operators that Tritbank does not know. */
  readonly unknown: readonly UnknownOperator[];
  /** Sentences. */
  readonly warnings: readonly string[];
}

export interface InspectOptions {
  /** Sizes for symbolic dimensions; a first one is a batch of one. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/**
 * Describes a model; `graph` is not changed. What would be an error when compressing (weights that are NaN, a
 * quantized model, no candidate, outputs that are no scores) is a warning here. Throws E_SHAPE for operands that
 * cannot fit, E_USAGE for sizes of dimensions that the model does not have.
 *
 * @example
 * import { inspectModel, loadModel } from 'tritbank';
 *
 * const { layers, warnings } = inspectModel(await loadModel('mobilenet.onnx'));
 * for (const { name, candidate, reason } of layers) console.log(name, candidate ? 'can be a bank' : reason);
 * for (const line of warnings) console.warn(line);
 */
export function inspectModel(graph: Graph, { sizes = {} }: InspectOptions = {}): ModelReport {
  const quantized = findQuantization(graph);
  const network = floatForm(graph);
  const warnings: string[] = [];
  const warn = (sentence: string | undefined) => {
    if (sentence !== undefined) warnings.push(sentence);
  };
  warn(quantized && `a quantized model (${quantized}): compress the float model it was made from`);
  const inputs = network.inputs.map((input): InputReport => ({ ...describe(input), layout: layoutOf(input) }));
  warn(warnOfInputs(inputs));
  for (const note of graph.notes) warn(note);
  warn(warnOfTraining(graph));
  const { outputs } = network;
  if (outputs.length > 1) warn(`${outputs.length} outputs: scores are taken from the first, '${outputs[0]!.name}'`);
  const classes = attempt(
    () => classCountOf(network),
    'E_MODEL',
    (error) => warn(`not a classifier: ${error.detail}`),
  );
  const channels = channelsOf(inputs[0]);
  const preprocessing = attempt(
    () => readNormalisation(network, channels),
    'E_MODEL',
    (error) => warn(error.message),
  );
  const examined = examineLayers(network);
  warn(warnOfCandidates(examined));
  for (const { node, weight, count } of findBroken(network)) {
    warn(`${node.label}: ${count} values of '${weight}' are NaN or infinite`);
  }
  const cost = attempt(
    () => measureCost(network, { sizes }),
    'E_SHAPE',
    (error) => warn(`no counts: ${error.message}`),
  );
  inferShapes(network, { bind: sizes });
  const unknown = cost?.unknown ?? [];
  warn(warnOfUnknown(unknown));
  const nodes = new Map(cost?.nodes.map((node) => [node.name, node]));
  return {
    name: graph.name,
    opset: graph.opset,
    inputs,
    outputs: outputs.map(describe),
    activations: activationTypeOf(graph),
    classes: classes ?? null,
    preprocessing: preprocessing ?? null,
    metadata: Object.fromEntries(graph.metadata),
    layers: examined.map((layer) => describeLayer(layer, nodes.get(layer.node.name))),
    parameters: cost?.parameters ?? measureStorage(network).parameters,
    macs: cost?.counts.macs ?? null,
    batchNorms: graph.nodes.filter((node) => isFolded(node)).length,
    unknown,
    warnings,
  };
}

/** The normalized float network; of a model that computes in integers otherwise than by rounding what it can be read as. */
function floatForm(graph: Graph): Graph {
  const network = graph.clone();
  unpackNetwork(network);
  return findQuantization(network) === undefined ? normalizeNetwork(network) : inferShapes(network);
}

const isFolded = (node: Node) => node.op === 'BatchNormalization' && node.domain === '' && !isTrainingBatchNorm(node);

/** The result, or undefined after an error of this code, which is handed on. */
function attempt<T>(action: () => T, code: string, handle: (error: TritbankError) => void): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof TritbankError) || error.code !== code) throw error;
    handle(error);
    return undefined;
  }
}

const describe = ({ name, dtype, type }: Value): TensorReport => ({ name, dtype, shape: type?.shape ?? null });

function describeLayer(
  { node, kind, filters, inputs, kernel, groups, reason }: ExaminedLayer,
  cost?: NodeCost,
): LayerReport {
  const isWindow = node.op === 'Conv' || node.op === 'ConvTranspose';
  const weights = node.inputs.slice(1).map((input) => input?.constant?.data.length ?? 0);
  return {
    name: node.name,
    op: node.op,
    kind,
    filters: filters ?? null,
    inputs: inputs ?? null,
    kernel,
    stride: isWindow
      ? node.ints(
          'strides',
          kernel.map(() => 1),
        )
      : [1, 1],
    groups,
    outputShape: node.output().type?.shape ?? null,
    parameters: weights.reduce((total, count) => total + count, 0),
    macs: cost?.counts.macs ?? null,
    ternaryAdditions: cost?.counts.ternary ?? null,
    candidate: reason === undefined,
    ...(reason !== undefined && { reason }),
  };
}

/** Operators after which the axes are where they were. */
function keepsAxes(node: Node): boolean {
  const { elementwise, converts } = traitsOf(node);
  return elementwise !== undefined || converts === true || node.op === 'BatchNormalization' || node.op === 'Pad';
}

/** By what the first convolution behind the input asks for. */
function layoutOf(input: Value): InputReport['layout'] {
  const shape = input.type?.shape;
  if (shape?.length !== 4) return null;
  // grows while it is walked
  const readers = new Set<Node>(input.uses);
  for (const node of readers) {
    if (node.op === 'Conv') return 'NCHW';
    if (node.op === 'Transpose' && node.ints('perm', []).join() === '0,3,1,2') return 'NHWC';
    // one channel needs no transposition to get in front
    if (node.op === 'Reshape' && shape[3] === 1 && node.output().type?.shape?.[1] === 1) return 'NHWC';
    if (keepsAxes(node)) for (const reader of node.output().uses) readers.add(reader);
  }
  return null;
}

function channelsOf(input: InputReport | undefined): number {
  const channels = input?.shape?.[input.layout === 'NHWC' ? 3 : 1];
  return typeof channels === 'number' ? channels : 1;
}

function warnOfInputs(inputs: readonly InputReport[]): string | undefined {
  const [input] = inputs;
  if (!input || inputs.length > 1) return `expected one input, for images, found ${inputs.length}`;
  const channels = input.shape?.[input.layout === 'NHWC' ? 3 : 1];
  const isImage = input.shape?.length === 4 && (channels === 1 || channels === 3 || typeof channels === 'string');
  if (isImage && ['float32', 'uint8'].includes(input.dtype ?? '')) return undefined;
  const found = printType({ dtype: input.dtype, ...(input.shape && { shape: input.shape }) });
  return `expected images of 1 or 3 channels, float32 or uint8, for training and evaluation, found ${found}`;
}

function warnOfTraining(graph: Graph): string | undefined {
  const [first, ...others] = findTraining(graph);
  if (!first) return undefined;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return `${first.label}${more}: in training mode, not for use: export the model for evaluation`;
}

function warnOfCandidates(layers: readonly ExaminedLayer[]): string | undefined {
  if (layers.some(({ reason }) => reason === undefined)) return undefined;
  return layers.length > 0 ? 'none of the layers can be compressed' : 'no layers with weights';
}

function warnOfUnknown(unknown: readonly UnknownOperator[]): string | undefined {
  if (unknown.length === 0) return undefined;
  const names = unknown.map(({ op, nodes }) => `${op} (${nodes} node${nodes === 1 ? '' : 's'})`).join(', ');
  return `operators, or shapes for them, that are not known: ${names}; counts leave them out`;
}
