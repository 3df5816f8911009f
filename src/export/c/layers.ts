/** Each step as constants and a call. */

import type { AdditionLayer, ConvolutionLayer, TensorPart, Window } from '../../integer/index.ts';
import { bytesOf } from './homes.ts';
import type { IntegerRows, Matrix } from './matrix.ts';
import type { Memory, Place } from './memory.ts';
import type { IntegerAddition } from './multipliers.ts';
import type { Step } from './steps.ts';
import { arrayText, floatText } from './text.ts';

export interface LayerText {
  /** Constants that the call needs. */
  readonly constants: string;
  /** One statement. */
  readonly call: string;
}

const formNames = { lists: 'TB_LISTS', trits: 'TB_TRITS', dense: 'TB_DENSE', plain: 'TB_PLAIN' } as const;

const shapeOf = ({ tensor, channels }: TensorPart) => [channels, tensor.height, tensor.width];

function windowText(window: Window, x: TensorPart, y: TensorPart, zeroPoint: number): string {
  const { kernel, strides, dilations, pads } = window;
  const numbers = [...shapeOf(x), y.tensor.height, y.tensor.width, ...kernel, ...strides, ...dilations];
  return `{${[...numbers, pads[0], pads[1], zeroPoint].join(', ')}}`;
}

/** Arrays of rows, and the struct that has them. */
function rowsText({ output, multipliers }: IntegerRows, id: string): { constants: string; struct: string } {
  const bits = new Int32Array(1);
  const floats = new Float32Array(bits.buffer);
  const integers = multipliers.map((found, row) => {
    if (found) return found.multiplier;
    floats[0] = output.multipliers[row]!;
    return bits[0]!;
  });
  const constants = [
    arrayText('int32_t', `biases_${id}`, output.biases),
    arrayText('int32_t', `multipliers_${id}`, integers),
    arrayText(
      'uint8_t',
      `shifts_${id}`,
      multipliers.map((found) => found?.shift ?? 0),
    ),
  ].join('');
  const { zeroPoint, lower, upper } = output;
  return { constants, struct: `{biases_${id}, multipliers_${id}, shifts_${id}, ${zeroPoint}, ${lower}, ${upper}}` };
}

function matrixText({ rows, columns, form, bytes }: Matrix, own: IntegerRows, id: string): string {
  const { constants, struct } = rowsText(own, id);
  const weights = arrayText('uint8_t', `weights_${id}`, bytes);
  const head = `static const tb_matrix matrix_${id} = `;
  return `${constants}${weights}${head}{${rows}, ${columns}, ${formNames[form]}, weights_${id},\n    ${struct}};\n`;
}

function scoresText({ output }: ConvolutionLayer, id: string): string {
  if (output.type !== 'float32') return '';
  const { biases, multipliers, lower, upper } = output;
  const arrays = arrayText('float', `multipliers_${id}`, multipliers) + arrayText('float', `biases_${id}`, biases);
  const bounds = `${floatText(lower)}, ${floatText(upper)}`;
  return `${arrays}static const tb_scores scores_${id} = {multipliers_${id}, biases_${id}, ${bounds}};\n`;
}

const pointer = ({ kind, offset }: Place) => {
  const base = kind === 'arena' ? 'arena' : kind === 'input' ? 'input' : 'scores';
  return offset === 0 ? base : `${base} + ${offset}`;
};

function additionText(layer: AdditionLayer, integer?: IntegerAddition): string {
  const count = layer.y.channels * layer.y.tensor.height * layer.y.tensor.width;
  const numbers = integer ? [integer.a, integer.b] : [0, 0];
  const scales = layer.scales.map(floatText).join(', ');
  const rest = [integer?.shift ?? 0, ...layer.zeroPoints, layer.lower, layer.upper].join(', ');
  return `{${integer?.rounding ?? 0}LL, ${count}, ${numbers.join(', ')},\n    ${scales}, ${rest}}`;
}

/** Step number `index` of the program. */
export function layerText(step: Step, index: number, memory: Memory): LayerText {
  const id = `${index}`;
  const own = `&layer_${id}`;
  const scratch = `arena + ${memory.scratch[index]!}`;
  const [x, second] = step.reads.map((part) => pointer(memory.place(part))) as [string, string?];
  const y = pointer(memory.place(step.y));
  const isFloat = step.y.tensor.type === 'float32';
  // floats lie at multiples of their size
  const floats = (place: string) => (place.startsWith('scores') ? place : `(float *)(void *)(${place})`);
  const constant = (place: string) => (place.startsWith('scores') ? place : `(const float *)(const void *)(${place})`);
  switch (step.kind) {
    case 'convolution': {
      const ids = step.matrices.map((_, i) => (step.matrices.length > 1 ? `${id}${'ab'[i]}` : id));
      const matrices = step.matrices.map(({ matrix, rows }, i) => matrixText(matrix, rows, ids[i]!)).join('');
      const { layer, tiles, sum } = step;
      const window = windowText(layer.window, layer.x, { ...step.y }, layer.inputZeroPoint);
      const others = `&matrix_${ids[0]}, ${ids[1] ? `&matrix_${ids[1]}` : '0'}, ${tiles}`;
      const constants = `${matrices}static const tb_convolution layer_${id} = {${window}, ${others}};\n`;
      if (sum) {
        if (x !== y) throw new Error(`internal: ${step.name} does not overwrite its operand`);
        return {
          constants: `${constants}static const tb_addition sum_${id} = ${additionText(sum.layer, sum.integer)};\n`,
          call: `tb_run_convolution_sum(${own}, &sum_${id}, ${second}, ${y}, ${scratch});`,
        };
      }
      return {
        constants,
        call: `tb_run_convolution(${own}, ${x}, ${y}, ${scratch});`,
      };
    }
    case 'depthwise': {
      const { layer, rows } = step;
      const { constants, struct } = rowsText(rows, id);
      const weights = arrayText('int8_t', `weights_${id}`, layer.weights.values);
      const window = windowText(layer.window, layer.x, layer.y, layer.inputZeroPoint);
      const multiplier = layer.rows / layer.x.channels;
      return {
        constants: `${constants}${weights}static const tb_depthwise layer_${id} = {${window}, ${multiplier}, weights_${id},\n    ${struct}};\n`,
        call: `tb_run_depthwise(${own}, ${x}, ${y}, ${scratch});`,
      };
    }
    case 'connected': {
      const { layer, matrix, rows } = step;
      const weights = arrayText('uint8_t', `weights_${id}`, matrix.bytes);
      const integers = rows && rowsText(rows, id);
      const output = integers
        ? `${integers.constants}static const tb_requantization output_${id} =\n    ${integers.struct};\n`
        : scoresText(layer, id);
      const outputs = integers ? `&output_${id}, 0` : `0, &scores_${id}`;
      const { rows: count, columns, form } = matrix;
      const struct = `{${count}, ${columns}, ${formNames[form]}, weights_${id}, ${outputs}}`;
      return {
        constants: `${output}${weights}static const tb_connected layer_${id} = ${struct};\n`,
        call: `tb_run_connected(${own}, ${x}, ${y}, ${scratch});`,
      };
    }
    case 'pool': {
      const { layer, integer } = step;
      const { window, method, countPads, multiplier, zeroPoint, inputZeroPoint } = layer;
      const [top, left, bottom, right] = window.pads;
      const { height, width } = layer.x.tensor;
      const padded = `${top + height + bottom}, ${left + width + right}`;
      const numbers = `${floatText(multiplier)}, ${integer?.multiplier ?? 0}, ${integer?.shift ?? 0}`;
      const flags = `${method === 'average' ? 1 : 0}, ${countPads ? 1 : 0}, ${zeroPoint}`;
      const own4 = windowText(window, layer.x, layer.y, inputZeroPoint);
      return {
        constants: `static const tb_pool layer_${id} = {${own4}, ${padded}, ${numbers}, ${flags}};\n`,
        call: `tb_run_pool(${own}, ${x}, ${y});`,
      };
    }
    case 'addition': {
      const { layer, integer } = step;
      return {
        constants: `static const tb_addition layer_${id} = ${additionText(layer, integer)};\n`,
        call: `tb_run_addition(${own}, ${x}, ${second}, ${y});`,
      };
    }
    default: {
      const { layer } = step;
      const count = layer.y.channels * layer.y.tensor.height * layer.y.tensor.width;
      if (layer.kind === 'table') {
        return {
          constants: arrayText('int8_t', `table_${id}`, layer.table),
          call: `tb_run_table(table_${id}, ${count}, ${x}, ${y});`,
        };
      }
      if (layer.kind === 'channels') {
        const bytes = bytesOf({ ...layer.y.tensor, channels: 1 });
        return {
          constants: arrayText('uint16_t', `indices_${id}`, layer.indices),
          call: `tb_run_channels(indices_${id}, ${layer.indices.length}, ${bytes}, ${x}, ${y});`,
        };
      }
      if (layer.kind === 'move') {
        const { channels, tensor } = layer.y;
        const numbers = `${channels}, ${tensor.height}, ${tensor.width}, {${layer.strides.join(', ')}}, ${layer.offset}`;
        return {
          constants: `static const tb_move layer_${id} = {${numbers}};\n`,
          call: `tb_run_move(${own}, ${x}, ${y});`,
        };
      }
      if (layer.kind === 'pad') {
        const numbers = [...shapeOf(layer.x), ...shapeOf(layer.y), ...layer.before, layer.value];
        return {
          constants: `static const tb_pad layer_${id} = {${numbers.join(', ')}};\n`,
          call: `tb_run_pad(${own}, ${x}, ${y});`,
        };
      }
      if (layer.kind === 'dequantize') {
        const to = isFloat ? floats(y) : y;
        return {
          constants: '',
          call: `tb_run_dequantize(${floatText(layer.scale)}, ${layer.zeroPoint}, ${count}, ${x}, ${to});`,
        };
      }
      return { constants: '', call: `tb_run_softmax(${count}, ${constant(x)}, ${floats(y)});` };
    }
  }
}

/** Bytes of a row's bias, multiplier and shift. */
export const rowBytes = 9;

/** Bytes of the structs of a step, and of a matrix of a convolution. */
export const structBytes = { convolution: 40, matrix: 32, depthwise: 64, connected: 24, plain: 52 } as const;

/** Bytes of constants: what the flash holds of a step. */
export function flashOf(step: Step): number {
  switch (step.kind) {
    case 'convolution':
      return step.matrices.reduce<number>(
        (sum, { matrix }) => sum + matrix.bytes.length + rowBytes * matrix.rows + structBytes.matrix,
        structBytes.convolution + (step.sum ? structBytes.plain : 0),
      );
    case 'depthwise':
      return step.layer.weights.values.length + rowBytes * step.layer.rows + structBytes.depthwise;
    case 'connected':
      return step.matrix.bytes.length + (step.rows ? rowBytes : 8) * step.matrix.rows + structBytes.connected;
    case 'pool':
    case 'addition':
      return structBytes.plain;
    default:
      if (step.layer.kind === 'table') return 256;
      return step.layer.kind === 'channels' ? 2 * step.layer.indices.length : 0;
  }
}
