/** What a caller feeds, checked against what the network takes; batches divided into images. */

import { type Shape, TritbankError, type Value } from '../ir/index.ts';
import { Tensor } from './tensor.ts';

export type Feeds = Readonly<Record<string, Tensor>>;

/** What the file says of an input, and nothing of the graph that it is in. */
export type GraphInput = Pick<Value, 'name' | 'dtype' | 'type'>;

export interface Batch {
  /** Images in the batch. */
  readonly count: number;
  /** Dimensions of each input for one image. */
  readonly dims: ReadonlyMap<string, readonly number[]>;
}

/** Whether the first dimension of an input is that of the batch: a name, 1, or any size in front of an image. */
const isBatched = (shape: Shape | undefined) =>
  shape === undefined || typeof shape[0] === 'string' || shape[0] === 1 || shape.length === 4;

const print = (shape: Shape) => `[${shape.join(', ')}]`;

function checkNames(inputs: readonly GraphInput[], feeds: Feeds): void {
  const expected = inputs.map(({ name }) => `'${name}'`).join(', ');
  if (typeof feeds !== 'object' || feeds === null || feeds instanceof Tensor) {
    throw new TritbankError(
      'E_USAGE',
      'inputs',
      `expected an object with ${expected}, found ${feeds === null ? 'null' : feeds instanceof Tensor ? 'a tensor' : typeof feeds}`,
    );
  }
  const given = Object.keys(feeds);
  const missing = inputs.find(({ name }) => !Object.hasOwn(feeds, name));
  const found = given.length > 0 ? given.map((name) => `'${name}'`).join(', ') : 'none';
  if (missing) throw new TritbankError('E_USAGE', `input '${missing.name}'`, `expected a tensor, found ${found}`);
  const odd = given.find((name) => inputs.every((input) => input.name !== name));
  if (odd !== undefined) throw new TritbankError('E_USAGE', `input '${odd}'`, `expected ${expected}, found another`);
}

function checkTensor({ name, dtype, type }: GraphInput, tensor: unknown, symbols: Map<string, number>): Tensor {
  const where = `input '${name}'`;
  // a tensor of onnxruntime has the same members
  const { type: found, dims, data } = (tensor ?? {}) as Partial<Tensor>;
  if (!dims || !data || found === undefined)
    throw new TritbankError('E_USAGE', where, `expected a Tensor, found ${tensor === null ? 'null' : typeof tensor}`);
  if (found !== dtype) throw new TritbankError('E_SHAPE', where, `expected ${dtype}, found ${found}`);
  // checked anew: nothing in JavaScript keeps `data` from being replaced
  const checked = new Tensor(found, data as Float32Array, dims);
  const shape = type?.shape;
  const fits =
    !shape ||
    (shape.length === dims.length &&
      shape.every((d, i) => {
        if (typeof d === 'number') return d === dims[i];
        const known = symbols.get(d) ?? dims[i]!;
        symbols.set(d, known);
        return known === dims[i];
      }));
  if (!fits) throw new TritbankError('E_SHAPE', where, `expected ${print(shape!)}, found ${print(dims)}`);
  if (checked.data.length === 0) throw new TritbankError('E_SHAPE', where, `expected elements, found ${print(dims)}`);
  return checked;
}

/** Checks names, types and shapes. E_USAGE for names, E_SHAPE for what does not fit. */
export function readBatch(inputs: readonly GraphInput[], feeds: Feeds): Batch {
  checkNames(inputs, feeds);
  const symbols = new Map<string, number>();
  const dims = new Map<string, readonly number[]>();
  let count: number | undefined;
  for (const input of inputs) {
    const tensor = checkTensor(input, feeds[input.name], symbols);
    const own = isBatched(input.type?.shape) && tensor.dims.length > 0 ? tensor.dims[0]! : undefined;
    if (own !== undefined && count !== undefined && own !== count) {
      const message = `expected a batch of ${count} as for the other inputs, found ${print(tensor.dims)}`;
      throw new TritbankError('E_SHAPE', `input '${input.name}'`, message);
    }
    count ??= own;
    dims.set(input.name, own === undefined ? tensor.dims : [1, ...tensor.dims.slice(1)]);
  }
  return { count: count ?? 1, dims };
}

/** The dimensions of all inputs for one image where the file fixes them, else undefined. */
export function fixedDims(inputs: readonly GraphInput[]): ReadonlyMap<string, readonly number[]> | undefined {
  const dims = new Map<string, readonly number[]>();
  for (const { name, type } of inputs) {
    const shape = type?.shape;
    if (!shape) return undefined;
    const own = isBatched(shape) && shape.length > 0 ? [1, ...shape.slice(1)] : shape;
    if (!own.every((d): d is number => typeof d === 'number' && d > 0)) return undefined;
    dims.set(name, own);
  }
  return dims;
}
