/**
 * y = epilogue(W x). A thread computes 4 rows of 4 pixels. Weights stay packed, in the layouts of the variants for
 * vectors (kernels/variants/vector.ts): row after row, two bits a trit. A trit adds the activation, subtracts it, or does
 * nothing: no weight of a ternary matrix is multiplied with. Which of them is the same for all threads of a row, so that
 * zeros are skipped.
 */

import type { ElementType, PackedProduct, VariantName, Weights } from '../kernels/kernels.ts';
import { shapeOf, type Variant } from '../kernels/variants/index.ts';
import { vectorFloat32, vectorInt4, vectorInt8, vectorTernary } from '../kernels/variants/vector.ts';
import type { StepCall } from '../plan/steps.ts';
import type { Dispatch } from './dispatch.ts';
import { epilogueNumbers, finishCode } from './epilogue.ts';

interface Layout {
  readonly variant: Variant;
  readonly bits: 2 | 4 | 8 | 32;
}

const layouts: readonly Layout[] = [
  { variant: vectorTernary, bits: 2 },
  { variant: vectorInt4, bits: 4 },
  { variant: vectorInt8, bits: 8 },
  { variant: vectorFloat32, bits: 32 },
];

/** A matrix in its layout for the device, which does not depend on the activations. */
export function prepareForDevice(weights: Weights, activations: ElementType): PackedProduct {
  const matrix = shapeOf(weights);
  const { variant } = layouts.find(({ variant: { accepts } }) => accepts(matrix))!;
  const data = variant.pack(weights);
  return { ...matrix, variant: variant.name, activations, data, bytes: data.length, scratch: 0 };
}

const bitsOf = (name: VariantName) => layouts.find(({ variant }) => variant.name === name)!.bits;

/** The column of field b of word q of a row. */
function columnCode(bits: Layout['bits']): string {
  if (bits === 32) return 'q';
  if (bits === 8) return '4 * q + b';
  // columns of a vector are dealt out to eight words of 16 bits
  const half = 16 / bits;
  return `(q >> 2) * ${128 / bits} + (b % ${half}) * 8 + (q & 3) * 2 + b / ${half}`;
}

/** What row k makes of four activations x and its word. */
function accumulateCode(bits: Layout['bits'], k: number, type: ElementType): string {
  const field = `(words[${k}] >> u32(${bits} * b)) & ${bits === 2 ? 3 : 15}u`;
  if (bits === 2) {
    return `{ let trit = ${field}; if (trit == 2u) { s${k} += x; } else if (trit == 0u) { s${k} -= x; } }`;
  }
  if (bits === 32) return `s${k} += bitcast<f32>(words[${k}]) * x;`;
  const value = bits === 4 ? `(i32(${field}) - 8)` : `(i32(words[${k}] << u32(24 - 8 * b)) >> 24)`;
  return `s${k} += ${type === 'int8' ? value : `f32${value}`} * x;`;
}

const rows = [0, 1, 2, 3];

export function dispatchProduct({ call, prepared }: Extract<StepCall, { run: 'product' }>): Dispatch {
  const { data, x, xStride, y, yStride, to, epilogue } = call;
  const { activations: type } = prepared;
  const bits = bitsOf(prepared.variant);
  const sum = type === 'int8' ? 'i32' : 'f32';
  const bytes = type === 'int8' ? 1 : 4;
  const resultBytes = epilogue.type === 'int8' ? 1 : 4;
  const { integers, floats } = epilogueNumbers(epilogue);
  const quads = Math.ceil(to / 4);
  const words = prepared.bytes / 4 / prepared.rows;
  const load = (k: number) => `word(call.data + 4 * (min(row + ${k}, call.rows - 1) * call.words + q))`;
  return {
    declarations: finishCode(epilogue.type, sum),
    body: `
  let p = (i % call.quads) * 4;
  let row = (i / call.quads) * 4;
  ${rows.map((k) => `var s${k} = vec4<${sum}>(0);`).join(' ')}
  for (var q = 0; q < call.words; q++) {
    let words = vec4<u32>(${rows.map(load).join(', ')});
    for (var b = 0; b < ${32 / bits}; b++) {
      let column = ${columnCode(bits)};
      if (column >= call.columns) { continue; }
      let x = ${type === 'int8' ? 'int8x4' : 'floatx4'}(call.x + ${bytes} * (column * call.x_stride + p));
      ${rows.map((k) => accumulateCode(bits, k, type)).join('\n      ')}
    }
  }
  ${rows
    .map((k) => {
      const store = `finish(s${k}, row + ${k}, call.y + ${resultBytes} * ((row + ${k}) * call.y_stride + p));`;
      return k === 0 ? store : `if (row + ${k} < call.rows) { ${store} }`;
    })
    .join('\n  ')}`,
    integers: {
      ...{ data, x, x_stride: xStride, y, y_stride: yStride, quads, words },
      ...{ rows: prepared.rows, columns: prepared.columns, ...integers },
    },
    floats,
    threads: quads * Math.ceil(prepared.rows / 4),
  };
}
