/**
 * An execution plan: steps with addresses, and the memory that they work in, [what the kernels keep | constants |
 * activations]. Constants are written while the plan is made; activations share an arena by their lifetimes.
 */

import { Budget, TritbankError } from '../../ir/index.ts';
import type { Layer } from '../lower/layers.ts';
import type { Lowered } from '../lower/lower.ts';
import { type Activation, type Plane, planeElements } from '../lower/operand.ts';
import { align, type Buffer, type Part, placeBuffers } from './arena.ts';
import { Blobs } from './blobs.ts';
import type { Emission, PlanKernels } from './emission.ts';
import { emitLayer } from './emit.ts';
import { lastReads, overwriteOperands, rootOf, settle } from './settle.ts';
import type { PlanesAt, Step } from './steps.ts';

/** An activation that crosses the plan's border. */
export interface Port {
  readonly planes: PlanesAt;
  readonly type: Plane['type'];
  readonly dims: readonly number[];
  readonly dtype: Exclude<Activation['dtype'], 'int64'>;
}

export interface ExecutionPlan {
  readonly steps: readonly Step[];
  readonly inputs: ReadonlyMap<string, Port>;
  readonly outputs: ReadonlyMap<string, Port>;
  /** Bytes of the whole memory. */
  readonly bytes: number;
  readonly activationBytes: number;
  readonly weightBytes: number;
}

export interface PlanOptions {
  readonly threads: number;
  /** Bytes at the beginning that belong to the kernels. */
  readonly reserved: number;
  readonly kernels: PlanKernels;
  /** Puts bytes of a constant into the memory, which may have to grow. */
  readonly write?: (address: number, bytes: Uint8Array) => void;
}

const maxBytes = 2 ** 31;

const bytesOf = (plane: Plane) => planeElements(plane) * (plane.type === 'int8' ? 1 : 4);

const pageBytes = 65536;

/** Plans the memory of `lowered` and gives the steps. E_UNSUPPORTED for a network that does not fit 2 GiB,
 * E_LIMIT for one that asks for more than its budget. */
export function planExecution(lowered: Lowered, options: PlanOptions): ExecutionPlan {
  const outputs = [...lowered.outputs].filter((entry): entry is [string, Activation] => entry[1].kind === 'activation');
  const results = outputs.map(([, activation]) => activation);
  const layers = settle(lowered.layers, results);
  overwriteOperands(layers, results);
  const buffers = planeBuffers(layers, lowered, results);
  const constantsAt = align(options.reserved);
  const blobs = new Blobs((offset, bytes) => {
    checkBytes(constantsAt + offset + bytes.length, Budget.unlimited);
    options.write?.(constantsAt + offset, bytes);
  });
  const addresses = new Map<Buffer, number>();
  const extra: Buffer[] = [];
  let position = 0;
  const take = (bytes: number): Buffer => {
    const buffer = { bytes, first: position, last: position };
    extra.push(buffer);
    return buffer;
  };
  const sharedBuffers = new Map<Plane, Map<string, Buffer>>();
  const share = (plane: Plane, key: string, bytes: number) => {
    const ofPlane = sharedBuffers.get(plane) ?? new Map<string, Buffer>();
    sharedBuffers.set(plane, ofPlane);
    const known = ofPlane.get(key);
    // parts of a filter bank are neighbours; memory is not kept for a reader far away
    const isNear = known && position - known.last <= 3;
    const buffer = isNear ? known : take(bytes);
    buffer.last = position;
    ofPlane.set(key, buffer);
    return { buffer, isFirst: buffer !== known };
  };
  const scratchStep = (bytes: number) => align(bytes);
  const emission: Emission = {
    blobs,
    kernels: options.kernels,
    temporary: take,
    shared: share,
    scratch: (bytes) => take(options.threads * scratchStep(bytes)),
    scratchStep,
    plane(plane) {
      const { root, channel } = rootOf(plane);
      const bytes = plane.type === 'int8' ? 1 : 4;
      return addresses.get(buffers.get(root)!)! + channel * (planeElements(root) / root.channels) * bytes;
    },
    buffer: (buffer) => addresses.get(buffer)!,
    blob: ({ offset }) => constantsAt + offset,
  };
  for (const buffer of buffers.values()) checkBytes(buffer.bytes, lowered.budget);
  const emitters = layers.map((layer, i) => {
    position = i;
    return emitLayer(layer, emission);
  });
  for (const buffer of extra) checkBytes(buffer.bytes, lowered.budget);
  const arena = placeBuffers([...buffers.values(), ...extra]);
  checkBytes(arena.bytes, lowered.budget);
  const start = constantsAt + blobs.size;
  for (const [buffer, address] of arena.addresses) addresses.set(buffer, start + address);
  const bytes = Math.ceil((start + arena.bytes) / pageBytes) * pageBytes;
  checkBytes(bytes, Budget.unlimited);
  const steps = layers.flatMap(({ name, op }, i) =>
    emitters[i]!(emission).map((call): Step => ({ ...call, name, op })),
  );
  const port = ({ plane, dims, dtype }: Activation): Port => ({
    planes: { address: emission.plane(plane), channels: plane.channels, pixels: plane.height * plane.width },
    type: plane.type,
    dims,
    dtype: dtype === 'int64' ? 'int32' : dtype,
  });
  return {
    steps,
    inputs: new Map([...lowered.inputs].map(([name, activation]) => [name, port(activation)])),
    outputs: new Map(outputs.map(([name], i) => [name, port(results[i]!)])),
    bytes,
    activationBytes: arena.bytes,
    weightBytes: blobs.size,
  };
}

function checkBytes(bytes: number, budget: Budget): void {
  budget.checkBytes(bytes, 'memory');
  if (bytes <= maxBytes) return;
  const message = `expected a network that runs in ${maxBytes} bytes, found one that needs ${bytes}`;
  throw new TritbankError('E_UNSUPPORTED', 'memory', message);
}

/** A buffer for each root, from the first layer that writes it (inputs: before all) to the last one that reads it. */
function planeBuffers(layers: readonly Layer[], lowered: Lowered, outputs: readonly Activation[]): Map<Plane, Buffer> {
  const last = lastReads(layers, outputs);
  /** Of each channel of a root the first layer that writes it. */
  const writes = new Map<Plane, Int32Array>();
  const add = (plane: Plane, position: number) => {
    const { root, channel } = rootOf(plane);
    const firsts = writes.get(root) ?? new Int32Array(root.channels).fill(layers.length);
    for (let c = channel; c < channel + plane.channels; c++) firsts[c] = Math.min(firsts[c]!, position);
    writes.set(root, firsts);
  };
  for (const { plane } of lowered.inputs.values()) add(plane, -1);
  for (const [i, layer] of layers.entries()) add(layer.y, i);
  const buffers = new Map<Plane, Buffer>();
  for (const [root, firsts] of writes) {
    const bytes = bytesOf(root);
    const parts = partsOf(firsts, bytes / root.channels);
    const first = parts.reduce((least, part) => Math.min(least, part.first), layers.length);
    buffers.set(root, { bytes, first, last: last.get(root) ?? first, parts });
  }
  return buffers;
}

/** Channels in a row that the same layer writes first, as one part. */
function partsOf(firsts: Int32Array, channelBytes: number): Part[] {
  const parts: Part[] = [];
  for (let from = 0; from < firsts.length; ) {
    let to = from + 1;
    while (to < firsts.length && firsts[to] === firsts[from]) to++;
    parts.push({ offset: from * channelBytes, bytes: (to - from) * channelBytes, first: firsts[from]! });
    from = to;
  }
  return parts;
}
