/** y = epilogue(W x): the definition, for the packed data of every variant. */

import type { PreparedProduct, ProductCall } from '../kernels.ts';
import { checkEpilogue, findVariant } from '../variants/index.ts';
import { finishWith } from './round.ts';
import { elementsAt } from './views.ts';

export function product(memory: WebAssembly.Memory, prepared: PreparedProduct, call: ProductCall): void {
  const { rows, columns, activations } = prepared;
  const variant = findVariant(prepared.variant);
  checkEpilogue(prepared, call.epilogue.type);
  const weights = variant.unpack(new Uint8Array(memory.buffer, call.data, prepared.bytes), rows, columns);
  const x = elementsAt(memory, activations, call.x);
  const y = elementsAt(memory, call.epilogue.type, call.y);
  const finish = finishWith(call.epilogue, memory.buffer, rows);
  const sums = new Float64Array(call.to - call.from);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let column = 0; column < columns; column++) {
      const weight = weights[row * columns + column]!;
      if (weight === 0) continue;
      const plane = column * call.xStride + call.from;
      for (let p = 0; p < sums.length; p++) sums[p] = sums[p]! + weight * x[plane + p]!;
    }
    for (let p = 0; p < sums.length; p++) y[row * call.yStride + call.from + p] = finish(sums[p]!, row);
  }
}
