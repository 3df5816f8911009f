/** The images of a batch through an engine, one after the other: copied in, run, copied out. */

import { elementCount, TritbankError } from '../ir/index.ts';
import type { Engine } from './engine.ts';
import { readPlanes, writePlanes } from './execute/moves.ts';
import type { Batch, Feeds } from './feeds.ts';
import type { Fetches } from './fetches.ts';
import type { Kernels } from './kernels/kernels.ts';
import type { Port } from './plan/plan.ts';
import { allocateData, isTensorDataType, type Storage, Tensor, type TensorDataType } from './tensor.ts';

/** Copies image `index` of a batch to its planes; uint8 becomes int8 by subtracting 128. */
function writeInput(kernels: Kernels, { planes, type, dtype }: Port, tensor: Tensor, index: number): void {
  const length = planes.channels * planes.pixels;
  const data = tensor.data.length === length ? tensor.data : tensor.data.subarray(index * length, (index + 1) * length);
  writePlanes(kernels.memory, type, planes, data as ArrayLike<number>, dtype === 'uint8' ? -128 : 0);
}

/** The elements of an output for one image. */
function readOutput(kernels: Kernels, { planes, type, dtype }: Port): Storage[TensorDataType] {
  const elements = readPlanes(kernels.memory, type, planes);
  if (dtype === 'uint8') return Uint8Array.from(elements, (v) => v + 128);
  return elements;
}

function resultOf({ dims, dtype }: Port, name: string, count: number): Tensor {
  const [first, ...rest] = dims;
  if (count > 1 && first !== 1) {
    throw new TritbankError('E_UNSUPPORTED', `output '${name}'`, `expected a batch of 1, found ${count}`);
  }
  const all = count > 1 ? [count, ...rest] : dims;
  return new Tensor(dtype, allocateData(dtype, elementCount(all)) as Float32Array, all);
}

/** A copy of what the file computes from nothing. */
function constantResult({ constants }: Engine, name: string, count: number): Tensor {
  const constant = constants.get(name)!.tensor();
  if (!isTensorDataType(constant.dtype) || count > 1) {
    throw new TritbankError('E_UNSUPPORTED', `output '${name}'`, 'expected a computed one, found a constant');
  }
  return new Tensor(constant.dtype, (constant.data as Float32Array).slice(), constant.dims);
}

/** The outputs that are fetched, by name. E_UNSUPPORTED for a batch of a network that mixes its images. */
export async function runImages(
  engine: Engine,
  feeds: Feeds,
  fetches: Fetches,
  { count }: Batch,
): Promise<Map<string, Tensor>> {
  const { plan, kernels, mixesBatch } = engine;
  if (count > 1 && mixesBatch) {
    throw new TritbankError('E_UNSUPPORTED', mixesBatch, `expected a batch of 1, found ${count}`);
  }
  const results = new Map<string, Tensor>();
  for (const name of fetches.keys()) {
    const port = plan.outputs.get(name);
    results.set(name, port ? resultOf(port, name, count) : constantResult(engine, name, count));
  }
  for (let image = 0; image < count; image++) {
    for (const [name, port] of plan.inputs) writeInput(kernels, port, feeds[name]!, image);
    await engine.run();
    for (const [name, tensor] of results) {
      const port = plan.outputs.get(name);
      if (port) tensor.data.set(readOutput(kernels, port), image * elementCount(port.dims));
    }
  }
  return results;
}
