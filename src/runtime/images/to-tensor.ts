/** Pixels to the tensor that a network takes: size, channels, layout and normalisation as its file says. */

import { lumaOf } from '../../images/luma.ts';
import type { Size } from '../../images/size.ts';
import { TritbankError } from '../../ir/index.ts';
import type { Preprocessing } from '../../onnx/metadata.ts';
import type { ImageTarget, Pixels } from '../platform.ts';
import type { ValueMetadata } from '../session.ts';
import { Tensor } from '../tensor.ts';
import { fitImage } from './resize.ts';

/** How an input takes images. */
export interface ImageInput {
  readonly name: string;
  readonly target: ImageTarget;
  readonly layout: 'NCHW' | 'NHWC';
  readonly type: 'float32' | 'uint8';
  /** Of a pixel's 0..255, one for each channel: the network sees (pixel - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

function perChannel(values: readonly number[], channels: number, name: string): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return new Array<number>(channels).fill(values[0]!);
  const message = `expected one number, or ${channels}, found ${values.length}`;
  throw new TritbankError('E_MODEL', `metadata ${name}`, message);
}

/** The only input as images. E_MODEL for another kind of input, or one whose size or normalisation nothing tells. */
export function describeInput(inputs: readonly ValueMetadata[], preprocessing: Preprocessing): ImageInput {
  const [input, ...others] = inputs;
  const shape = input?.shape;
  if (!input || others.length > 0 || shape?.length !== 4 || (input.type !== 'float32' && input.type !== 'uint8')) {
    const found = others.length > 0 ? `${inputs.length} inputs` : `${input?.type} [${shape?.join(', ') ?? ''}]`;
    throw new TritbankError('E_MODEL', 'input', `expected one input of images [N, 1 or 3, H, W], found ${found}`);
  }
  const isLast = (shape[3] === 1 || shape[3] === 3) && shape[1] !== 1 && shape[1] !== 3;
  const [channels, height, width] = isLast ? [shape[3], shape[1], shape[2]] : [shape[1], shape[2], shape[3]];
  const where = `input '${input.name}'`;
  const counted = typeof channels === 'number' ? channels : preprocessing.channels;
  if (counted !== 1 && counted !== 3) {
    throw new TritbankError('E_MODEL', where, `expected 1 or 3 channels, found [${shape.join(', ')}]`);
  }
  const sideOf = (dim: number | string | undefined, side: keyof Size): number => {
    const length = typeof dim === 'number' ? dim : preprocessing.size?.[side];
    if (length !== undefined) return length;
    throw new TritbankError(
      'E_MODEL',
      where,
      'expected a fixed size, input_size in the metadata or an input size (--input-size), found none',
    );
  };
  const target: ImageTarget = {
    height: sideOf(height, 'height'),
    width: sideOf(width, 'width'),
    channels: counted,
  };
  const { mean, std } = preprocessing;
  if (input.type === 'float32' && !(mean && std)) {
    const expected = 'expected input_mean and input_std in the metadata, or mean and std in the options';
    throw new TritbankError('E_MODEL', where, `${expected}, found neither`);
  }
  return {
    ...{ name: input.name, target, layout: isLast ? ('NHWC' as const) : ('NCHW' as const), type: input.type },
    mean: perChannel(mean ?? [0], counted, 'input_mean'),
    std: perChannel(std ?? [1], counted, 'input_std'),
  };
}

const toGrey = ([red, green, blue]: readonly Float32Array[]): Float32Array =>
  red!.map((r, i) => lumaOf(r, green![i]!, blue![i]!));

function withChannels(planes: readonly Float32Array[], channels: 1 | 3): readonly Float32Array[] {
  if (planes.length === channels) return planes;
  return channels === 1 ? [toGrey(planes)] : [planes[0]!, planes[0]!, planes[0]!];
}

/** One image as a batch of one. */
export function toTensor(pixels: Pixels, { target, layout, type, mean, std }: ImageInput): Tensor {
  const { width, height, channels } = target;
  const planes = withChannels(fitImage(pixels, width, height), channels);
  const count = width * height;
  const data = type === 'uint8' ? new Uint8Array(channels * count) : new Float32Array(channels * count);
  for (const [c, plane] of planes.entries()) {
    const [factor, offset] = type === 'uint8' ? [1, 0] : [1 / std[c]!, -mean[c]! / std[c]!];
    const [step, start] = layout === 'NHWC' ? [channels, c] : [1, c * count];
    for (let i = 0; i < count; i++) data[start + i * step] = Math.fround(plane[i]! * factor) + offset;
  }
  const dims = layout === 'NHWC' ? [1, height, width, channels] : [1, channels, height, width];
  return new Tensor(type, data as Float32Array, dims);
}
