/**
 * In a page: single steps on WebGPU beside the reference, and whole networks beside the WebAssembly kernels. The test
 * beside this file calls what is put into the global object.
 */

import fc from 'fast-check';
import type { UnaryFunction } from '../../src/ops/arithmetic/functions.ts';
import { runStep, whole } from '../../src/runtime/execute/run-step.ts';
import { InferenceSession, type SessionOptions, Tensor } from '../../src/runtime/index.ts';
import { type ElementType, type Kernels, planeStride } from '../../src/runtime/kernels/kernels.ts';
import { createReferenceKernels } from '../../src/runtime/kernels/reference.ts';
import type { Port } from '../../src/runtime/plan/plan.ts';
import type { Step, StepCall } from '../../src/runtime/plan/steps.ts';
import { openDevice } from '../../src/runtime/webgpu/device.ts';
import { prepareForDevice } from '../../src/runtime/webgpu/product.ts';
import { createRunner } from '../../src/runtime/webgpu/runner.ts';
import {
  additionCase,
  additions,
  depthwiseCase,
  dequantizeCase,
  elementTypes,
  patchesCase,
  planeShapes,
  poolCase,
  poolKinds,
  productCase,
  productShapes,
  quantizations,
  quantizeCase,
  specialFloats,
} from '../kernel-cases.ts';
import {
  differenceIn,
  type KernelCase,
  type Layout,
  placeCase,
  placePlanes,
  randomWeights,
} from '../kernels-layout.ts';
import { wasmProperties } from './wasm-properties.ts';

const open = await openDevice();

/** What a call would be as a step of a plan. */
function stepOf(memory: WebAssembly.Memory, call: (kernels: Kernels) => void): Step {
  const steps: StepCall[] = [];
  const keep = (step: StepCall) => void steps.push(step);
  call({
    ...createReferenceKernels(memory),
    product: (prepared, own) => keep({ run: 'product', prepared, call: own }),
    depthwise: (own) => keep({ run: 'depthwise', call: own, scratchBytes: 0 }),
    patches: (own) => keep({ run: 'patches', call: own }),
    pool: (own) => keep({ run: 'pool', call: own }),
    addInt8: (own) => keep({ run: 'addInt8', call: own }),
    quantize: (own) => keep({ run: 'quantize', call: own }),
    dequantize: (own) => keep({ run: 'dequantize', call: own }),
  });
  return { ...steps[0]!, name: 'test', op: 'Test' };
}

const kernelsOf = (pages: number) => createReferenceKernels(new WebAssembly.Memory({ initial: pages }));

async function runOnDevice(kernels: Kernels, step: Step): Promise<void> {
  const bytes = kernels.memory.buffer.byteLength;
  const all: Port = {
    planes: { address: 0, channels: 1, pixels: bytes },
    ...{ type: 'int8', dtype: 'int8', dims: [bytes] },
  };
  const runner = await createRunner(
    open,
    { steps: [step], bytes, inputs: new Map(), outputs: new Map([['all', all]]) },
    kernels,
  );
  if (!runner.isOnDevice(0)) throw new Error(`${step.run} has no program`);
  await runner.run(0, 1);
  runner.release();
}

async function check(
  pages: number,
  seed: number,
  kernelCase: KernelCase,
  toStep: (memory: WebAssembly.Memory, call: (kernels: Kernels) => void) => Step = stepOf,
): Promise<void> {
  const [reference, tested] = [kernelsOf(pages), kernelsOf(pages)];
  const placed = placeCase(reference, tested, seed, kernelCase);
  placed.call(reference);
  await runOnDevice(tested, toStep(tested.memory, placed.call));
  const difference = differenceIn(reference, tested, placed);
  if (difference) throw new Error(difference);
}

interface Places {
  readonly layout: Layout;
  readonly random: () => number;
  /** Planes of noise, and room for those of the result. */
  readonly x: number;
  readonly b: number;
  readonly y: number;
  readonly channels: number;
  readonly pixels: number;
}

const floatsOf = ({ layout, random }: Places, count: number) =>
  layout.place(Float32Array.from({ length: count }, () => 4 * random() - 2));

const boundsOf = (places: Places) => ({
  lower: places.random() < 0.5 ? Number.NEGATIVE_INFINITY : -places.random(),
  upper: places.random() < 0.5 ? places.random() : { address: floatsOf(places, places.channels) },
});

const loopOf = ({ x, y, channels, pixels }: Places) => ({ x, y, channels, pixels });

const functions: readonly UnaryFunction[] = [
  ...(['Abs', 'Ceil', 'Exp', 'Floor', 'HardSwish', 'Neg', 'Relu', 'Round', 'Sigmoid'] as const).map((op) => ({ op })),
  { op: 'Clip', lower: -0.5, upper: 0.25 },
  { op: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  { op: 'LeakyRelu', alpha: 0.01 },
];

const pick = <T>(values: readonly T[], random: () => number): T => values[Math.floor(random() * values.length)]!;

/** Steps of plain loops. */
const loops: Readonly<Record<string, (places: Places, type: ElementType) => StepCall>> = {
  affine: (places) => {
    const [multipliers, biases] = [floatsOf(places, places.channels), floatsOf(places, places.channels)];
    return { run: 'affine', call: { ...loopOf(places), multipliers, biases, ...boundsOf(places) } };
  },
  binary: (places) => {
    const { x: a, ...loop } = loopOf(places);
    const operator = pick(['Add', 'Sub', 'Mul', 'Min', 'Max', 'PRelu'] as const, places.random);
    const isPerChannel = places.pixels > 32 && places.random() < 0.5;
    return { run: 'binary', call: { ...loop, a, b: places.b, operator, isPerChannel, ...boundsOf(places) } };
  },
  unary: (places) => {
    const chosen = [pick(functions, places.random), pick(functions, places.random)];
    return { run: 'unary', call: { ...loopOf(places), functions: chosen } };
  },
  table: (places) => {
    const { layout, random } = places;
    const table = layout.place(Int8Array.from({ length: 256 }, () => Math.floor(256 * random()) - 128));
    return { run: 'table', call: { ...loopOf(places), table } };
  },
  channels: (places, type) => {
    const { channels, random } = places;
    const indices = Int32Array.from({ length: channels + 2 }, () => Math.floor(random() * channels));
    return { run: 'channels', call: { ...loopOf(places), channels: channels + 2, type, indices } };
  },
  pad: (places, type) => {
    const { x, y, channels, pixels, random } = places;
    const any = () => Math.floor(4 * random());
    const pads = [any(), any(), any(), any()] as const;
    const out = (pads[0] + 1 + pads[2]) * (pads[1] + pixels + pads[3]);
    const parts = { before: any() % 2, inputs: channels, value: any(), channels: channels + 2, pixels: out };
    return { run: 'pad', call: { x, y, type, height: 1, width: pixels, pads, ...parts } };
  },
};

const typeOfLoop = (name: string, type: ElementType): ElementType => {
  if (name === 'table') return 'int8';
  return name === 'channels' || name === 'pad' ? type : 'float32';
};

async function checkLoop(name: string, any: ElementType, channels: number, pixels: number, seed: number) {
  const type = typeOfLoop(name, any);
  let step: Step | undefined;
  const kernelCase: KernelCase = (layout, random) => {
    const planes = { type, planes: channels, stride: planeStride(pixels) };
    const [x, b] = [placePlanes(layout, random, planes), placePlanes(layout, random, planes)];
    const y = layout.reserve(4 * (channels + 2) * planeStride(7 * (pixels + 6)));
    const call = loops[name]!({ layout, random, x, b, y, channels, pixels }, type);
    const own = { ...call, name: 'test', op: 'Test' };
    step = own;
    const size = call.call as { readonly channels: number; readonly pixels: number };
    const tolerance = (_: number, value: number) => 1e-5 * Math.max(1, Math.abs(value));
    return {
      output: { type, address: y, planes: size.channels, pixels: size.pixels, tolerance },
      call: (kernels) => runStep(kernels, own, whole),
    };
  };
  await check(4, seed, kernelCase, () => step!);
}

/** All channels: shares of a step are for threads. */
const shapes = planeShapes.map((shape) => ({ ...shape, range: [0, shape.channels] as const }));
const counts = fc.integer({ min: 1, max: 4 }).map((n) => 32 * n);
const kinds = ['ternary', 'int4', 'int8', 'float32'] as const;

const product = (kind: (typeof kinds)[number], activations: ElementType) =>
  fc.asyncProperty(productShapes, fc.boolean(), fc.nat(), async (shape, floatOutput, seed) => {
    const drawn = randomWeights(kind === 'int4' ? 'int8' : kind, shape, seed);
    const weights = kind === 'int4' ? { ...drawn, values: (drawn.values as Int8Array).map((v) => v >> 4) } : drawn;
    const { data, ...prepared } = prepareForDevice(weights as typeof drawn, activations);
    const packed = data.slice();
    const [form] = prepared.variant.split('_');
    // small matrices may have no large integers
    if (form !== kind && kind !== 'int8') throw new Error(`${kind} packed as ${prepared.variant}`);
    await check(2, seed, productCase({ prepared, data: packed }, drawn.kind, shape.pixels, { floatOutput }));
  });

/** What a test calls by name, and how often. */
const properties = {
  ...Object.fromEntries(
    kinds.flatMap((kind) =>
      (['int8', 'float32'] as const)
        .filter((type) => kind !== 'float32' || type === 'float32')
        .map((type) => [`${kind} product of ${type}`, product(kind, type)]),
    ),
  ),
  depthwise: fc.asyncProperty(shapes, elementTypes, fc.nat(), (shape, type, seed) =>
    check(4, seed, depthwiseCase(shape, type, 0)),
  ),
  patches: fc.asyncProperty(shapes, elementTypes, fc.nat(), (shape, type, seed) =>
    check(24, seed, patchesCase(shape, type)),
  ),
  pool: fc.asyncProperty(shapes, elementTypes, poolKinds, fc.nat(), (shape, type, kind, seed) =>
    check(4, seed, poolCase(shape, type, kind)),
  ),
  addition: fc.asyncProperty(additions, counts, fc.nat(), (addition, count, seed) =>
    check(1, seed, additionCase(addition, count)),
  ),
  loops: fc.asyncProperty(
    fc.constantFrom(...Object.keys(loops)),
    elementTypes,
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 70 }),
    fc.nat(),
    checkLoop,
  ),
  quantization: fc.asyncProperty(
    counts.chain((n) =>
      fc.array(fc.oneof(fc.constantFrom(...specialFloats.filter(Number.isFinite)), fc.float({ min: -600, max: 600 })), {
        ...{ minLength: n, maxLength: n },
      }),
    ),
    quantizations,
    fc.nat(),
    async (values, quantization, seed) => {
      await check(1, seed, quantizeCase(quantization, values));
      await check(1, seed, dequantizeCase(quantization, values.length));
    },
  ),
} as Readonly<Record<string, fc.IAsyncProperty<unknown>>>;

export interface NetworkRun {
  readonly scores: readonly number[][];
  readonly variants: readonly string[];
  readonly adapter: { readonly name: string; readonly isSoftware: boolean } | undefined;
}

export type PropertyKind = 'wasm' | 'webgpu';

export interface Globals {
  readonly propertyNames: Readonly<Record<PropertyKind, readonly string[]>>;
  checkProperty(name: string, runs: number, seed: number): Promise<string>;
  runNetwork(file: string, images: readonly (readonly number[])[], options: SessionOptions): Promise<NetworkRun>;
}

const ofWasm = await wasmProperties();

const own: Globals = {
  propertyNames: { wasm: Object.keys(ofWasm), webgpu: Object.keys(properties) },
  async checkProperty(name, numRuns, seed) {
    const { failed, counterexample, errorInstance } = await fc.check((ofWasm[name] ?? properties[name])!, {
      numRuns,
      seed,
    });
    return failed ? `${JSON.stringify(counterexample)}: ${String(errorInstance)}` : '';
  },
  async runNetwork(file, images, options) {
    const source = new URL(file, location.href);
    const session = await InferenceSession.create(source, options);
    const { name, shape } = session.inputMetadata[0]!;
    const dims = [1, ...(shape!.slice(1) as number[])];
    const scores: number[][] = [];
    for (const image of images) {
      const results = await session.run({ [name]: new Tensor('float32', Float32Array.from(image), dims) });
      scores.push(Array.from(results[session.outputNames[0]!]!.data));
    }
    await session.release();
    // each step waits for the one before it, which takes a while
    const measured = await InferenceSession.create(source, { ...options, profile: true });
    const data = new Float32Array(dims.reduce((a, b) => a * b));
    await measured.run({ [name]: new Tensor('float32', data, dims) });
    const variants = measured.profile().map(({ variant }) => variant);
    await measured.release();
    return { scores, variants, adapter: session.adapter };
  },
};
(globalThis as unknown as { own?: Globals }).own = own;
