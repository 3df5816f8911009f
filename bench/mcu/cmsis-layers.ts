/** An int8 network as calls of CMSIS-NN: constants in its order [filters, height, width, channels], planes side by side. */

import { arrayText } from '../../src/export/c/text.ts';
import {
  type AdditionLayer,
  type ConvolutionLayer,
  type IntegerNetwork,
  isDepthwise,
  type PoolLayer,
  type TensorPart,
} from '../../src/integer/index.ts';
import { TritbankError } from '../../src/ir/index.ts';

/** A call, and what it needs. `X`, `Y`, `A`, `B` stand for addresses of tensors, `SCRATCH` for that of its own memory. */
export interface CmsisLayer {
  readonly name: string;
  readonly reads: readonly TensorPart[];
  readonly y: TensorPart;
  readonly constants: string;
  /** An expression: bytes of scratch. */
  readonly scratch: string;
  readonly call: string;
  /** Run once, before anything is counted: sums of weights, with the biases, that some cores want. */
  readonly prepare: string;
  /** Bytes of constants. */
  readonly bytes: number;
}

/** A multiplier as CMSIS-NN has it: m = multiplier * 2^(shift - 31). */
export function quantizedMultiplier(m: number): { multiplier: number; shift: number } {
  if (m === 0) return { multiplier: 0, shift: 0 };
  let shift = Math.ceil(Math.log2(m) + 1e-12);
  let multiplier = Math.round((m / 2 ** shift) * 2 ** 31);
  if (multiplier === 2 ** 31) [multiplier, shift] = [2 ** 30, shift + 1];
  return { multiplier, shift };
}

const dims = (n: number, h: number, w: number, c: number) => `{${n}, ${h}, ${w}, ${c}}`;
const areaOf = ({ tensor, channels }: TensorPart) => dims(1, tensor.height, tensor.width, channels);

/** Weights [rows, channels, taps] as [rows, taps, channels]. */
function tapsFirst({ rows, columns, window: { kernel }, weights: { values } }: ConvolutionLayer): Int8Array {
  const taps = kernel[0] * kernel[1];
  const channels = columns / taps;
  const result = new Int8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < taps; t++) {
        result[row * columns + t * channels + c] = values[row * columns + c * taps + t]!;
      }
    }
  }
  return result;
}

/** Weights [channels, taps] as [taps, channels]. */
function channelsLast({ rows, columns, weights: { values } }: ConvolutionLayer): Int8Array {
  return Int8Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** What an average that keeps its scale means to the layer behind it. */
interface Rescaling {
  readonly zeroPoint: number;
  readonly factor: number;
}

/** Rows as CMSIS-NN wants them: zero points apart from biases. */
function rowsText(layer: ConvolutionLayer, id: string, scores: { scale: number }, before?: Rescaling) {
  const { rows, columns, weights, output, inputZeroPoint } = layer;
  const isFloat = output.type === 'float32';
  const biases = Int32Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += weights.values[row * columns + c]!;
    const bias = isFloat ? output.biases[row]! / output.multipliers[row]! : output.biases[row]!;
    return Math.round((bias + inputZeroPoint * sum) / (before?.factor ?? 1));
  });
  const numbers = Array.from(output.multipliers, (m) =>
    quantizedMultiplier((m * (before?.factor ?? 1)) / (isFloat ? scores.scale : 1)),
  );
  const text = [
    arrayText('int32_t', `biases_${id}`, biases),
    arrayText(
      'int32_t',
      `multipliers_${id}`,
      numbers.map(({ multiplier }) => multiplier),
    ),
    arrayText(
      'int32_t',
      `shifts_${id}`,
      numbers.map(({ shift }) => shift),
    ),
    `static const cmsis_nn_per_channel_quant_params rows_${id} = {(int32_t *)multipliers_${id}, (int32_t *)shifts_${id}};\n`,
  ].join('');
  const bounds = isFloat ? '{-128, 127}' : `{${output.lower}, ${output.upper}}`;
  return { text, bounds, zeroPoint: isFloat ? 0 : output.zeroPoint };
}

function convolutionCall(layer: ConvolutionLayer, id: string, scores: { scale: number }, before?: Rescaling) {
  const { x, y, rows, columns, groups, window } = layer;
  const { text, bounds, zeroPoint } = rowsText(layer, id, scores, before);
  const offset = -(before?.zeroPoint ?? layer.inputZeroPoint);
  const [kh, kw] = window.kernel;
  const isConnected =
    y.tensor.height * y.tensor.width === 1 && groups === 1 && kh === x.tensor.height && kw === x.tensor.width;
  const weights = (values: Int8Array) => arrayText('int8_t', `weights_${id}`, values);
  const bytes = rows * columns + 12 * rows;
  if (isConnected) {
    const params = `static const cmsis_nn_fc_params params_${id} = {${offset}, 0, ${zeroPoint}, ${bounds}};\n`;
    const filter = `&(cmsis_nn_dims)${dims(columns, 1, 1, rows)}`;
    const one = `&(cmsis_nn_dims)${dims(1, 1, 1, columns)}, X, ${filter}, weights_${id}`;
    const context = `&(cmsis_nn_context){SCRATCH, 0}`;
    const out = `&(cmsis_nn_dims)${dims(1, 1, 1, rows)}`;
    return {
      constants: text + weights(tapsFirst(layer)) + params,
      scratch: `arm_fully_connected_s8_get_buffer_size(${filter})`,
      prepare: `if (arm_fully_connected_s8_get_buffer_size(${filter}) > 0)\n        arm_vector_sum_s8((int32_t *)SCRATCH, ${columns}, ${rows}, weights_${id}, ${offset}, 0, biases_${id});`,
      call: `arm_fully_connected_per_channel_s8(${context}, &params_${id}, &rows_${id}, ${one}, ${out}, biases_${id}, ${out}, Y)`,
      bytes,
    };
  }
  const pair = ([a, b]: readonly [number, number]) => `{${b}, ${a}}`;
  const { strides, dilations, pads } = window;
  const places = `${pair(strides)}, ${pair([pads[0], pads[1]])}, ${pair(dilations)}, ${bounds}`;
  const isDeep = isDepthwise(layer) || (groups > 1 && groups === x.channels);
  if (groups > 1 && !isDeep) throw unsupported(layer.name, `${groups} groups`);
  const kind = isDeep ? 'depthwise_conv' : 'convolve';
  const type = isDeep ? 'cmsis_nn_dw_conv_params' : 'cmsis_nn_conv_params';
  const multiplier = isDeep ? `${rows / groups}, ` : '';
  const filter = isDeep ? dims(1, kh, kw, rows) : dims(rows, kh, kw, x.channels);
  const sizes = `&(cmsis_nn_dims)${areaOf(x)}`;
  const out = `&(cmsis_nn_dims)${areaOf(y)}`;
  return {
    constants: `${text}${weights(isDeep ? channelsLast(layer) : tapsFirst(layer))}static const ${type} params_${id} = {${offset}, ${zeroPoint}, ${multiplier}${places}};\n`,
    scratch: `arm_${kind}_wrapper_s8_get_buffer_size(&params_${id}, ${sizes}, &(cmsis_nn_dims)${filter}, ${out})`,
    prepare: '',
    call: `arm_${kind}_wrapper_s8(&(cmsis_nn_context){SCRATCH, SCRATCH_BYTES}, &params_${id}, &rows_${id}, ${sizes}, X, &(cmsis_nn_dims)${filter}, weights_${id}, &(cmsis_nn_dims)${dims(1, 1, 1, rows)}, biases_${id}, ${out}, Y)`,
    bytes,
  };
}

function poolCall({ x, y, window, method }: PoolLayer) {
  const [kh, kw] = window.kernel;
  const kind = method === 'average' ? 'avgpool' : 'max_pool';
  const params = `&(cmsis_nn_pool_params){{${window.strides[1]}, ${window.strides[0]}}, {${window.pads[1]}, ${window.pads[0]}}, {-128, 127}}`;
  const sizes = `&(cmsis_nn_dims)${areaOf(x)}, X, &(cmsis_nn_dims)${dims(1, kh, kw, 1)}, &(cmsis_nn_dims)${areaOf(y)}`;
  return {
    constants: '',
    scratch: method === 'average' ? `arm_avgpool_s8_get_buffer_size(${y.tensor.width}, ${x.channels})` : '0',
    prepare: '',
    call: `arm_${kind}_s8(&(cmsis_nn_context){SCRATCH, SCRATCH_BYTES}, ${params}, ${sizes}, Y)`,
    bytes: 0,
  };
}

/** As TensorFlow Lite computes them: both to a common scale, 20 bits finer. */
function additionCall({ scales, zeroPoints, lower, upper, y }: AdditionLayer) {
  const twice = 2 * Math.max(scales[0], scales[1]);
  const numbers = [scales[0] / twice, scales[1] / twice, twice / (2 ** 20 * scales[2])].map(quantizedMultiplier);
  const [a, b, out] = numbers.map(({ multiplier, shift }) => `${multiplier}, ${shift}`);
  const count = y.channels * y.tensor.height * y.tensor.width;
  return {
    constants: '',
    scratch: '0',
    prepare: '',
    call: `arm_elementwise_add_s8(A, B, ${-zeroPoints[0]}, ${a}, ${-zeroPoints[1]}, ${b}, 20, Y, ${zeroPoints[2]}, ${out}, ${lower}, ${upper}, ${count})`,
    bytes: 0,
  };
}

const unsupported = (where: string, found: string) =>
  new TritbankError('E_UNSUPPORTED', where, `expected a layer that CMSIS-NN is called for, found ${found}`);

/** `scores`: what a step of the last layer's 8 bits is. E_UNSUPPORTED for what has no function. */
export function cmsisLayers({ layers }: IntegerNetwork, scores: { scale: number }): CmsisLayer[] {
  const rescaled = new Map<TensorPart['tensor'], Rescaling>();
  return layers.map((layer, i): CmsisLayer => {
    const { name, y } = layer;
    const reads = layer.kind === 'addition' ? [layer.a, layer.b] : [layer.x];
    for (const part of [...reads, y]) {
      if (part.channels !== part.tensor.channels) throw unsupported(name, 'a part of a tensor');
    }
    const base = { name, reads, y };
    if (layer.kind === 'convolution') {
      return { ...base, ...convolutionCall(layer, `${i}`, scores, rescaled.get(layer.x.tensor)) };
    }
    if (layer.kind === 'pool') {
      // averages keep their scale there
      if (layer.method === 'average')
        rescaled.set(y.tensor, { zeroPoint: layer.inputZeroPoint, factor: layer.multiplier });
      return { ...base, ...poolCall(layer) };
    }
    if (layer.kind === 'addition') return { ...base, ...additionCall(layer) };
    throw unsupported(name, layer.kind);
  });
}
