/**
 * Sums that a convolution adds its own output to: the tensor of the other operand becomes the sum a few pixels at a time,
 * so that the convolution's output is never in memory as a whole. A residual block then takes two tensors, not three.
 */

import {
  type AdditionLayer,
  type ConvolutionLayer,
  type IntegerLayer,
  type IntegerNetwork,
  isDepthwise,
  readsOf,
  type TensorPart,
} from '../../integer/index.ts';

/** An addition, seen from the convolution in front of it. */
export interface Sum {
  /** Its first operand is the convolution's output. */
  readonly layer: AdditionLayer;
  /** What the sum is written over. */
  readonly other: TensorPart;
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

/**
 * Convolutions right in front of a sum that is the only one to read them, and whose other operand nobody reads later.
 * `hiddenOf` are the layers that banks compute within their own step.
 */
export function sumsOf(
  { layers, input }: IntegerNetwork,
  hiddenOf: ReadonlyMap<ConvolutionLayer, ConvolutionLayer>,
): Map<ConvolutionLayer, Sum> {
  const found = new Map<ConvolutionLayer, Sum>();
  for (const [i, layer] of layers.entries()) {
    const before = layers[i - 1];
    if (layer.kind !== 'addition' || !isOneStep(before)) continue;
    const operands = [layer.a, layer.b];
    const own = operands.find(({ tensor }) => tensor === before.y.tensor);
    const other = operands.find(({ tensor }) => tensor !== before.y.tensor);
    if (!own || !other || other.tensor === input.tensor) continue;
    const isSame = [own, other, layer.y, before.y].every((part) => isWhole(part) && sizeOf(part) === sizeOf(own));
    const reads = (reader: IntegerLayer, { tensor }: TensorPart) => readsOf(reader).some((x) => x.tensor === tensor);
    const isAlone = layers.every((reader) => reader === layer || !reads(reader, own));
    const isFree = layers.slice(i + 1).every((reader) => !reads(reader, other));
    const { x } = hiddenOf.get(before) ?? before;
    if (isSame && isAlone && isFree && x.tensor !== other.tensor) {
      found.set(before, { layer: withFirst(layer, own), other });
    }
  }
  return found;
}
