/**
 * Sums that a convolution adds its own output to: the tensor of the other operand becomes the sum a few pixels at a time,
 * so that the convolution's output is never in memory as a whole. A residual block then takes two tensors, not three. Of a
 * bank in several steps each adds its own channels.
 */

import {
  type AdditionLayer,
  type ConvolutionLayer,
  type IntegerLayer,
  type IntegerNetwork,
  type IntegerTensor,
  isDepthwise,
  readsOf,
  type TensorPart,
} from '../../integer/index.ts';

/** An addition, seen from a convolution in front of it. */
export interface Sum {
  /** Its first operand is the convolution's output. */
  readonly layer: AdditionLayer;
  /** Channels of the other operand, and those of the sum that are written over them. */
  readonly other: TensorPart;
  readonly y: TensorPart;
}

const isWhole = ({ channels, tensor }: TensorPart) => channels === tensor.channels;
const sizeOf = ({ channels, tensor: { height, width } }: TensorPart) => [channels, height, width].join();

/** The same sum, with an operand first. */
function withFirst(layer: AdditionLayer, part: TensorPart): AdditionLayer {
  if (layer.a.tensor === part.tensor) return layer;
  const { a, b, scales, zeroPoints } = layer;
  return {
    ...layer,
    ...{ a: b, b: a },
    ...{ scales: [scales[1], scales[0], scales[2]], zeroPoints: [zeroPoints[1], zeroPoints[0], zeroPoints[2]] },
  };
}

/** Whether a layer is one step of several pixels: no fully connected one, no groups. */
const isOneStep = (layer: IntegerLayer | undefined): layer is ConvolutionLayer =>
  layer?.kind === 'convolution' &&
  layer.output.type === 'int8' &&
  layer.groups === 1 &&
  !isDepthwise(layer) &&
  layer.y.tensor.height * layer.y.tensor.width > 1;

/** The layers that write a tensor, if they are convolutions of a step each, right in front of layer number `end`. */
function bankOf(
  layers: readonly IntegerLayer[],
  end: number,
  tensor: IntegerTensor,
  hidden: ReadonlySet<IntegerLayer>,
): ConvolutionLayer[] {
  const bank: ConvolutionLayer[] = [];
  for (let i = end - 1; i >= 0; i--) {
    const layer = layers[i]!;
    if (hidden.has(layer)) continue;
    if (layer.y.tensor !== tensor || !isOneStep(layer)) break;
    bank.push(layer);
  }
  return layers.filter((layer) => layer.y.tensor === tensor).length === bank.length ? bank : [];
}

/**
 * Banks right in front of a sum that is the only one to read them, and whose other operand nobody reads later. `hiddenOf`
 * are the layers that convolutions compute within their own step.
 */
export function sumsOf(
  { layers, input }: IntegerNetwork,
  hiddenOf: ReadonlyMap<ConvolutionLayer, ConvolutionLayer>,
): Map<ConvolutionLayer, Sum> {
  const found = new Map<ConvolutionLayer, Sum>();
  const hidden = new Set<IntegerLayer>(hiddenOf.values());
  const reads = (reader: IntegerLayer, { tensor }: TensorPart) => readsOf(reader).some((x) => x.tensor === tensor);
  for (const [i, layer] of layers.entries()) {
    if (layer.kind !== 'addition' || layer.a.tensor === layer.b.tensor) continue;
    const isLast = (part: TensorPart) => layers.slice(i + 1).every((reader) => !reads(reader, part));
    for (const [own, other] of [
      [layer.a, layer.b],
      [layer.b, layer.a],
    ] as const) {
      const bank = bankOf(layers, i, own.tensor, hidden);
      const isSame = [own, other, layer.y].every((part) => isWhole(part) && sizeOf(part) === sizeOf(own));
      const isAlone = layers.every((reader) => reader === layer || !reads(reader, own));
      const isFree = other.tensor !== input.tensor && isLast(other);
      const isApart = bank.every((writer) => !reads(hiddenOf.get(writer) ?? writer, other));
      if (bank.length === 0 || !isSame || !isAlone || !isFree || !isApart) continue;
      for (const writer of bank) {
        const { channel, channels } = writer.y;
        const part = (tensor: IntegerTensor) => ({ tensor, channel, channels });
        const sum = { layer: withFirst(layer, own), other: part(other.tensor), y: part(layer.y.tensor) };
        found.set(writer, sum);
      }
      break;
    }
  }
  return found;
}
