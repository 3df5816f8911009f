/**
 * Weights of a model.json: groups of tensors, each group one stretch of bytes that is cut into shard files. Quantized ones
 * are `stored x scale + min` in 8 or 16 bits, or half-precision numbers.
 */

import {
  bytesPerElement,
  decodeHalf,
  elementCount,
  fromBytes,
  type NumericDType,
  type Tensor,
  TritbankError,
} from '../ir/index.ts';
import { Config } from './config.ts';

/** Gives the content of a shard file, by its path beside model.json. */
export type ShardSource = (path: string) => Promise<Uint8Array>;

const dtypes: Readonly<Record<string, NumericDType>> = {
  float32: 'float32',
  int32: 'int32',
  bool: 'bool',
  uint8: 'uint8',
};
const storedTypes: Readonly<Record<string, NumericDType>> = { uint8: 'uint8', uint16: 'uint16', float16: 'float16' };

/** A path in the model's folder. E_FORMAT for another. */
function checkPath(path: unknown): string {
  if (typeof path === 'string' && path !== '' && !/^[/\\]|^[a-z]+:|(^|[/\\])\.\.([/\\]|$)/i.test(path)) return path;
  throw new TritbankError(
    'E_FORMAT',
    'weightsManifest',
    `expected paths in the model's folder, found ${JSON.stringify(path)}`,
  );
}

async function joinShards(paths: readonly unknown[], shardOf: ShardSource): Promise<Uint8Array> {
  const shards: Uint8Array[] = [];
  for (const path of paths) shards.push(await shardOf(checkPath(path)));
  const whole = new Uint8Array(shards.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const shard of shards) {
    whole.set(shard, at);
    at += shard.length;
  }
  return whole;
}

function readTensor(entry: Config, name: string, bytes: Uint8Array, start: number): [Tensor, end: number] {
  const dims = entry.numbers('shape');
  if (!dims.every((d) => Number.isSafeInteger(d) && d >= 0)) throw entry.wrong('shape', 'sizes');
  const dtype = dtypes[entry.string('dtype')];
  if (!dtype) throw entry.unsupported('float32, int32, bool', entry.string('dtype'));
  const quantization = entry.get('quantization') === undefined ? undefined : entry.object('quantization');
  const stored = quantization ? storedTypes[quantization.string('dtype')] : dtype;
  if (!stored) throw entry.unsupported('uint8, uint16 or float16', quantization!.string('dtype'));
  const length = elementCount(dims) * bytesPerElement(stored);
  const end = start + length;
  if (!(end <= bytes.length)) {
    throw new TritbankError('E_FORMAT', `weight '${name}'`, `expected ${length} bytes, found ${bytes.length - start}`);
  }
  const data = fromBytes(stored, bytes.subarray(start, end));
  if (!quantization) return [{ dtype: stored, dims, data } as Tensor, end];
  if (stored === 'float16')
    return [{ dtype: 'float32', dims, data: Float32Array.from(data as Uint16Array, decodeHalf) }, end];
  const [scale, min] = [quantization.number('scale'), quantization.number('min')];
  const real = Float32Array.from(data as Uint8Array | Uint16Array, (value) => value * scale + min);
  return [{ dtype: 'float32', dims, data: real }, end];
}

/** All weights by their names. E_FORMAT where bytes are missing or left over, E_FILE for absent shards. */
export async function readWeights(manifest: readonly unknown[], shardOf: ShardSource): Promise<Map<string, Tensor>> {
  const weights = new Map<string, Tensor>();
  for (const [i, item] of manifest.entries()) {
    const group = Config.of(`weightsManifest[${i}]`, item);
    const bytes = await joinShards(group.list('paths'), shardOf);
    let at = 0;
    for (const each of group.list('weights')) {
      const entry = Config.of(`weightsManifest[${i}] weights`, each);
      const name = entry.string('name');
      const [tensor, end] = readTensor(entry, name, bytes, at);
      weights.set(name, tensor);
      at = end;
    }
    if (at === bytes.length) continue;
    throw new TritbankError(
      'E_FORMAT',
      `weightsManifest[${i}]`,
      `expected ${at} bytes in its shards, found ${bytes.length}`,
    );
  }
  return weights;
}

/**
 * Finds the weights of layers. Names are `layer/kernel`; of models inside of models, and of some converters, with more in
 * front.
 */
export class WeightFinder {
  constructor(private readonly weights: ReadonlyMap<string, Tensor>) {}

  find(layer: string, name: string): Tensor | undefined {
    const exact = this.weights.get(`${layer}/${name}`);
    if (exact) return exact;
    const ending = `/${layer}/${name}`;
    const found = [...this.weights].filter(([full]) => full.endsWith(ending));
    return found.length === 1 ? found[0]![1] : undefined;
  }

  /** E_FORMAT for a weight that is not there. */
  take(layer: string, name: string): Tensor {
    const tensor = this.find(layer, name);
    if (tensor) return tensor;
    throw new TritbankError('E_FORMAT', `layer '${layer}'`, `expected a weight '${name}', found none of this name`);
  }
}
