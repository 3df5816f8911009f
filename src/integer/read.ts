/** From a graph to a network of integers, by way of the runtime's own lowering, so that both compute the same. */

import { type Graph, TritbankError } from '../ir/index.ts';
import { readScores } from '../onnx/score-kind.ts';
import { toIntegers } from '../runtime/kernels/packing.ts';
import { type Layer as RuntimeLayer, readsOf } from '../runtime/lower/layers.ts';
import { lower } from '../runtime/lower/lower.ts';
import { type Activation, type Plane, sizeOf } from '../runtime/lower/operand.ts';
import { floatFactorsOf, quantizedBound, requantizationOf } from '../runtime/plan/epilogues.ts';
import { rootOf, settle } from '../runtime/plan/settle.ts';
import { tableOf } from '../runtime/plan/table.ts';
import { prepareGraph } from '../runtime/prepare-graph.ts';
import {
  type ConvolutionLayer,
  type IntegerLayer,
  type IntegerNetwork,
  type IntegerTensor,
  type TensorPart,
  whole,
} from './network.ts';
import { type Traced, traceIntegers } from './trace.ts';

type LayerOf<K extends RuntimeLayer['kind']> = Extract<RuntimeLayer, { kind: K }>;

/** For models of floats. */
const advice = 'export it with --activations int8 --data IMAGES first';

const unsupported = (where: string, expected: string, found: string) =>
  new TritbankError('E_UNSUPPORTED', where, `expected ${expected}, found ${found}`);

/** Tensors by the planes that hold them. */
class Tensors {
  readonly all: IntegerTensor[] = [];
  private readonly byPlane = new Map<Plane, IntegerTensor>();

  /** The part of a tensor that a plane is. */
  part(plane: Plane): TensorPart {
    const { root, channel } = rootOf(plane);
    const known = this.byPlane.get(root);
    if (known) return { tensor: known, channel, channels: plane.channels };
    const { type, channels, height, width } = root;
    const tensor: IntegerTensor = { id: this.all.length, type, channels, height, width };
    this.all.push(tensor);
    this.byPlane.set(root, tensor);
    return { tensor, channel, channels: plane.channels };
  }

  /** A new tensor of integers, of the size of another. */
  made(channels: number, { height, width }: IntegerTensor): TensorPart {
    const tensor: IntegerTensor = { id: this.all.length, type: 'int8', channels, height, width };
    this.all.push(tensor);
    return whole(tensor);
  }
}

/** x as the layer sees it: parts of other images' sizes are not planes any more. */
function readPart(tensors: Tensors, x: Activation, name: string): TensorPart {
  const part = tensors.part(x.plane);
  const [height, width] = sizeOf(x);
  const { tensor } = part;
  if (tensor.height === height && tensor.width === width) return part;
  throw unsupported(name, `planes of ${tensor.height} x ${tensor.width}`, `${height} x ${width}`);
}

/**
 * The integers of `graph`, a packed file with 8-bit activations, for images of its own size. The graph is folded in
 * place. E_UNSUPPORTED for a float model, for open sizes, and for layers other than convolutions, fully connected
 * layers, pools, additions and orders of channels.
 */
export function readIntegerNetwork(graph: Graph): IntegerNetwork {
  const scores = readScores(graph).kind;
  prepareGraph(graph);
  const [input, output] = [graph.inputs[0], graph.outputs[0]];
  if (!input || !output || graph.inputs.length !== 1) {
    throw unsupported(
      'model',
      'one input and an output',
      `${graph.inputs.length} inputs, ${graph.outputs.length} outputs`,
    );
  }
  const dims = input.type?.shape?.map((dim, i) => (i === 0 && typeof dim === 'string' ? 1 : dim)) ?? [];
  if (dims.length !== 4 || !dims.every((dim) => typeof dim === 'number') || dims[0] !== 1) {
    throw unsupported(`input '${input.name}'`, 'one image [1, C, H, W] of a fixed size', `[${dims.join(', ')}]`);
  }
  const lowered = lower(graph, new Map([[input.name, dims as number[]]]));
  const last = lowered.outputs.get(output.name)!;
  if (last.kind !== 'activation') throw unsupported('model', 'scores of an image', 'constants');
  const outputs = [last];
  const tensors = new Tensors();
  const image = lowered.inputs.get(input.name)!;
  const found: { input?: IntegerNetwork['input'] } = {};
  if (image.plane.type === 'int8') found.input = byteInput(tensors, image, lowered.layers);
  const layers: IntegerLayer[] = [];
  const settled = settle(lowered.layers, outputs);
  if (!found.input && !settled.some(({ kind }) => kind === 'quantize')) {
    throw unsupported('model', `8-bit activations (${advice})`, 'a float model');
  }
  const between = floatsBetween(settled, outputs);
  for (const layer of settled) {
    if (layer.kind === 'concat' || between.skipped.has(layer)) continue;
    const traced = between.traced.get(layer);
    if (traced) layers.push(...readTraced(layer, traced, tensors));
    else if (layer.kind === 'quantize' && layer.x.plane === image.plane && !found.input) {
      const { scale, zeroPoint } = layer.quantization;
      found.input = { tensor: tensors.part(layer.y).tensor, scale: Math.fround(scale), zeroPoint };
    } else layers.push(readLayer(layer, tensors));
  }
  if (!found.input) throw unsupported('model', `an image that is quantized to 8 bits (${advice})`, 'one in floats');
  return {
    name: graph.name,
    tensors: tensors.all,
    input: found.input,
    layers,
    output: tensors.part(outputs[0]!.plane),
    outputKind: scores,
    metadata: graph.metadata,
  };
}

interface FloatsBetween {
  /** Layers of floats that only serve quantizations. */
  readonly skipped: ReadonlySet<RuntimeLayer>;
  readonly traced: ReadonlyMap<RuntimeLayer, Traced>;
}

/** Quantizations of what other integers stand for, and the layers of floats that they make needless. */
function floatsBetween(layers: readonly RuntimeLayer[], outputs: readonly Activation[]): FloatsBetween {
  const producers = new Map(layers.map((layer) => [layer.y, layer]));
  const traced = new Map<RuntimeLayer, Traced>();
  const wanted = new Set<Plane>(outputs.map(({ plane }) => plane));
  const skipped = new Set<RuntimeLayer>();
  for (const layer of [...layers].reverse()) {
    const isWanted = wanted.has(layer.y) || (layer.y.home !== undefined && wanted.has(layer.y.home.plane));
    const way = layer.kind === 'quantize' ? traceIntegers(producers, layer.x.plane, layer.quantization) : undefined;
    if (!isWanted) skipped.add(layer);
    else if (way) {
      traced.set(layer, way);
      for (const { plane } of way.planes) wanted.add(plane);
    } else for (const { plane } of readsOf(layer)) wanted.add(plane);
  }
  return { skipped, traced };
}

/** Tables into one tensor after another, and their channels in the order of `layer`. */
function readTraced({ name, y }: RuntimeLayer, { planes, indices }: Traced, tensors: Tensors): IntegerLayer[] {
  const isInPlace =
    indices.length === planes.reduce((n, { plane }) => n + plane.channels, 0) && indices.every((c, i) => c === i);
  const target = tensors.part(y);
  const all = isInPlace
    ? target
    : tensors.made(
        planes.reduce((n, { plane }) => n + plane.channels, 0),
        target.tensor,
      );
  let channel = all.channel;
  const layers: IntegerLayer[] = planes.map(({ plane, table }, i) => {
    const part = { tensor: all.tensor, channel, channels: plane.channels };
    channel += plane.channels;
    return { kind: 'table', name: planes.length > 1 ? `${name}.${i}` : name, x: tensors.part(plane), y: part, table };
  });
  if (!isInPlace) layers.push({ kind: 'channels', name, x: all, y: target, indices });
  return layers;
}

/** A file of bytes: what they stand for is what the first layer reads them as. */
function byteInput(tensors: Tensors, image: Activation, layers: readonly RuntimeLayer[]): IntegerNetwork['input'] {
  const { tensor } = tensors.part(image.plane);
  const reader = layers.find((layer) => 'x' in layer && layer.x.plane === image.plane);
  const own = reader && 'x' in reader ? reader.x.quantization : undefined;
  return { tensor, scale: own ? Math.fround(own.scale) : 1, zeroPoint: own?.zeroPoint ?? 0 };
}

function readLayer(layer: RuntimeLayer, tensors: Tensors): IntegerLayer {
  switch (layer.kind) {
    case 'conv':
      return readConvolution(layer, tensors);
    case 'pool':
      return readPool(layer, tensors);
    case 'binary':
      return readAddition(layer, tensors);
    case 'channels': {
      const { name, x, y, indices } = layer;
      return { kind: 'channels', name, x: tensors.part(x.plane), y: tensors.part(y), indices };
    }
    case 'move':
      return readMove(layer, tensors);
    case 'pad': {
      const { name, x, y, pads, channels, value } = layer;
      const integer = y.type === 'int8' ? value : Number.NaN;
      if (!Number.isInteger(integer)) throw ofFloats(layer);
      return {
        ...{ kind: 'pad', name, x: readPart(tensors, x, name), y: tensors.part(y), value: integer },
        before: [channels[0], pads[0], pads[1]],
      };
    }
    case 'unary': {
      const { name, x, y, functions, quantization } = layer;
      if (!x.quantization || !quantization) throw ofFloats(layer);
      const table = tableOf(x.quantization, functions, quantization);
      return { kind: 'table', name, x: tensors.part(x.plane), y: tensors.part(y), table };
    }
    case 'dequantize': {
      const { name, x, y, quantization } = layer;
      const { scale, zeroPoint } = quantization;
      return { kind: 'dequantize', name, x: tensors.part(x.plane), y: tensors.part(y), scale, zeroPoint };
    }
    case 'softmax': {
      const { name, x, y, size, inner, isLog } = layer;
      if (isLog || inner !== 1 || size !== y.channels * y.height * y.width) {
        throw unsupported(name, 'a Softmax over all scores', isLog ? 'a LogSoftmax' : `one over ${size}`);
      }
      return { kind: 'softmax', name, x: tensors.part(x.plane), y: tensors.part(y) };
    }
    default:
      if (layer.y.type === 'float32') throw ofFloats(layer);
      throw unsupported(
        layer.name,
        'a convolution, pool, addition or move',
        `${layer.op}, which has no form in integers here`,
      );
  }
}

/** A layer that reads or gives floats, in a network whose other activations are in 8 bits. */
const ofFloats = ({ name, op }: RuntimeLayer): TritbankError =>
  unsupported(
    name,
    `8-bit activations before and behind ${op} (${advice})`,
    `an ${op} of floats`.replace(/^an (?=[^AEIOU])/, 'a '),
  );

/** Dimensions that are 1 in y move nothing, so that three are left. */
function readMove(layer: LayerOf<'move'>, tensors: Tensors): IntegerLayer {
  const { name, x, y, dims, strides, offset } = layer;
  if (y.type !== 'int8') throw ofFloats(layer);
  const part = tensors.part(y);
  const used = dims.flatMap((d, i) => (d > 1 ? [{ d, stride: strides[i]! }] : []));
  const { height, width } = part.tensor;
  const axes: number[] = [];
  for (const size of [part.channels, height, width]) {
    // a flat list of elements is as many channels
    const fits = size === 1 ? undefined : used.shift();
    if (size !== 1 && fits?.d !== size) throw unsupported(name, 'a move between planes', `one of [${dims.join(', ')}]`);
    axes.push(fits?.stride ?? 0);
  }
  const [channel, row, column] = axes as [number, number, number];
  return { kind: 'move', name, x: tensors.part(x.plane), y: part, strides: [channel, row, column], offset };
}

function readConvolution(layer: LayerOf<'conv'>, tensors: Tensors): ConvolutionLayer {
  const { name, x, window, groups, weights, quantization, lower, upper } = layer;
  if (!x.quantization || x.plane.type !== 'int8' || weights.kind === 'float32') {
    if (weights.kind !== 'float32') throw ofFloats(layer);
    throw unsupported(name, `8-bit activations and weights (${advice})`, 'float weights');
  }
  if (typeof upper !== 'number') throw unsupported(name, 'one upper bound for all filters', 'one for each');
  const rows = layer.y.channels;
  const factors = quantization ? undefined : floatFactorsOf(layer, false);
  return {
    kind: 'convolution',
    name,
    x: readPart(tensors, x, name),
    y: tensors.part(layer.y),
    inputZeroPoint: x.quantization.zeroPoint,
    window,
    groups,
    rows,
    columns: weights.values.length / rows,
    weights: { kind: weights.kind, values: toIntegers(weights.values) },
    output: quantization
      ? { type: 'int8', ...requantizationOf(layer, quantization) }
      : { type: 'float32', biases: factors!.biases, multipliers: factors!.multipliers!, lower, upper },
  };
}

function readPool(layer: LayerOf<'pool'>, tensors: Tensors): IntegerLayer {
  const { name, x, method, window, countPads, quantization } = layer;
  if (layer.y.type !== 'int8' || x.plane.type !== 'int8') throw ofFloats(layer);
  const isAverage = method === 'average';
  return {
    kind: 'pool',
    name,
    x: readPart(tensors, x, name),
    y: tensors.part(layer.y),
    method,
    window,
    countPads,
    inputZeroPoint: isAverage ? (x.quantization?.zeroPoint ?? 0) : 0,
    multiplier:
      isAverage && x.quantization && quantization ? Math.fround(x.quantization.scale / quantization.scale) : 1,
    zeroPoint: isAverage ? (quantization?.zeroPoint ?? 0) : 0,
  };
}

function readAddition(layer: LayerOf<'binary'>, tensors: Tensors): IntegerLayer {
  const { name, a, b, operator, lower, upper, quantization } = layer;
  if (operator !== 'Add' || !quantization || b.kind !== 'activation') {
    const found =
      operator !== 'Add' ? `a ${operator}` : quantization ? 'a constant' : 'a sum of floats, as older exports have it';
    throw unsupported(name, `an Add of two tensors of 8 bits (${advice})`, found);
  }
  const [first, second] = [a.quantization!, b.quantization!];
  return {
    kind: 'addition',
    name,
    a: readPart(tensors, a, name),
    b: readPart(tensors, b, name),
    y: tensors.part(layer.y),
    scales: [first.scale, second.scale, quantization.scale],
    zeroPoints: [first.zeroPoint, second.zeroPoint, quantization.zeroPoint],
    lower: quantizedBound(lower, quantization),
    upper: quantizedBound(upper as number, quantization),
  };
}
