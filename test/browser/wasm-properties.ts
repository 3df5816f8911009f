/** The WebAssembly kernels beside the reference, in a page: with relaxed SIMD where the engine has it, and without. */

import fc from 'fast-check';
import type { Kernels } from '../../src/runtime/kernels/kernels.ts';
import { prepareProduct } from '../../src/runtime/kernels/prepare.ts';
import { createReferenceKernels } from '../../src/runtime/kernels/reference.ts';
import { type Variant, variants } from '../../src/runtime/kernels/variants/index.ts';
import { createWasmKernels, hasRelaxedSimd } from '../../src/runtime/kernels/wasm.ts';
import {
  additionCase,
  additions,
  depthwiseCase,
  elementTypes,
  patchesCase,
  planeShapes,
  poolCase,
  poolKinds,
  productCase,
  productShapes,
} from '../kernel-cases.ts';
import { differenceIn, type KernelCase, placeCase, randomWeights } from '../kernels-layout.ts';

const pages = 24;
const newMemory = () => new WebAssembly.Memory({ initial: pages });

function compare(tested: Kernels, seed: number, kernelCase: KernelCase): void {
  const reference = createReferenceKernels(newMemory());
  const placed = placeCase(reference, tested, seed, kernelCase);
  placed.call(reference);
  placed.call(tested);
  const difference = differenceIn(reference, tested, placed);
  if (difference) throw new Error(difference);
}

/** Weights that every variant takes which takes integers at all; floats for the others. */
const product = (tested: Kernels, variant: Variant) =>
  fc.property(productShapes, fc.boolean(), fc.nat(), (shape, floatOutput, seed) => {
    const isTernary = variant.accepts({ kind: 'ternary', columns: 1, bits: 2 });
    const weights = randomWeights(isTernary ? 'ternary' : 'float32', shape, seed);
    const { data, ...prepared } = prepareProduct(weights, variant.activations, { force: variant.name });
    compare(tested, seed, productCase({ prepared, data }, weights.kind, shape.pixels, { floatOutput }));
  });

async function propertiesOf(relaxed: boolean): Promise<[string, fc.IProperty<unknown>][]> {
  const tested = await createWasmKernels({ memory: newMemory(), relaxed });
  const own = variants.filter(({ isRelaxed = false }) => relaxed || !isRelaxed);
  const found = {
    ...Object.fromEntries(own.map((variant) => [variant.name, product(tested, variant)])),
    depthwise: fc.property(planeShapes, elementTypes, fc.nat(), (shape, type, seed) =>
      compare(tested, seed, depthwiseCase(shape, type, tested.depthwiseScratch(shape, type))),
    ),
    patches: fc.property(planeShapes, elementTypes, fc.nat(), (shape, type, seed) =>
      compare(tested, seed, patchesCase(shape, type)),
    ),
    pool: fc.property(planeShapes, elementTypes, poolKinds, fc.nat(), (shape, type, kind, seed) =>
      compare(tested, seed, poolCase(shape, type, kind)),
    ),
    addition: fc.property(additions, fc.integer({ min: 0, max: 70 }), fc.nat(), (addition, count, seed) =>
      compare(tested, seed, additionCase(addition, count)),
    ),
  };
  return Object.entries(found).map(([name, property]) => {
    return [`${name}, ${tested.name}`, property as fc.IProperty<unknown>] as const;
  }) as [string, fc.IProperty<unknown>][];
}

export async function wasmProperties(): Promise<Readonly<Record<string, fc.IProperty<unknown>>>> {
  const kinds = hasRelaxedSimd() ? [false, true] : [false];
  return Object.fromEntries((await Promise.all(kinds.map(propertiesOf))).flat());
}
