/** Which outputs a caller wants, as users of onnxruntime say it, and the tensors in which they are to be. */

import { TritbankError } from '../ir/index.ts';
import { isTensorDataType, type Tensor } from './tensor.ts';

/**
 * Names of outputs; or an object with them, where each has null, or a tensor into whose data the result is written,
 * which then is the result.
 */
export type FetchOptions = readonly string[] | Readonly<Record<string, Tensor | null>>;

/** By name, in the order in which they are asked for; undefined for a new tensor. */
export type Fetches = ReadonlyMap<string, Tensor | undefined>;

/** All outputs where nothing is said. E_USAGE for another name, or for what is neither null nor a tensor. */
export function readFetches(names: readonly string[], options: FetchOptions | undefined): Fetches {
  if (options === undefined) return new Map(names.map((name) => [name, undefined]));
  if (typeof options !== 'object' || options === null) {
    const found = options === null ? 'null' : typeof options;
    throw new TritbankError('E_USAGE', 'fetches', `expected names of outputs or an object with them, found ${found}`);
  }
  const isList = Array.isArray(options);
  const wanted: [string, unknown][] = isList ? options.map((name) => [name, null]) : Object.entries(options);
  const fetches = new Map<string, Tensor | undefined>();
  for (const [name, target] of wanted) {
    if (!names.includes(name)) {
      const expected = `expected one of ${names.map((known) => `'${known}'`).join(', ')}, found another`;
      throw new TritbankError('E_USAGE', `output '${String(name)}'`, expected);
    }
    fetches.set(name, target === null ? undefined : tensorOf(name, target));
  }
  return fetches;
}

function tensorOf(name: string, target: unknown): Tensor {
  // a tensor of onnxruntime has the same members
  const { type, data, dims } = (target ?? {}) as Partial<Tensor>;
  if (data && dims && type !== undefined && isTensorDataType(type)) return target as Tensor;
  throw new TritbankError('E_USAGE', `output '${name}'`, `expected null or a Tensor, found ${typeof target}`);
}

/** The results by name, written into the caller's tensors where there are some. E_SHAPE for one that does not fit. */
export function deliver(results: ReadonlyMap<string, Tensor>, fetches: Fetches): Record<string, Tensor> {
  const delivered = [...fetches].map(([name, target]): [string, Tensor] => {
    const result = results.get(name)!;
    if (!target) return [name, result];
    const [expected, found] = [result, target].map(({ type, dims }) => `${type} [${dims.join(', ')}]`);
    if (expected !== found)
      throw new TritbankError('E_SHAPE', `output '${name}'`, `expected ${expected}, found ${found}`);
    target.data.set(result.data as Float32Array);
    return [name, target];
  });
  return Object.fromEntries(delivered);
}
