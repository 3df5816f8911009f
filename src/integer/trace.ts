/**
 * Floats between integers: where each channel that a QuantizeLinear reads comes from, through orders of channels, banks
 * whose parts have quantizations of their own, and functions of one number. Each such way is a table of 256 integers.
 */

import type { UnaryFunction } from '../ops/arithmetic/functions.ts';
import type { Layer as RuntimeLayer } from '../runtime/lower/layers.ts';
import type { Plane, Quantization } from '../runtime/lower/operand.ts';
import { tableOf } from '../runtime/plan/table.ts';

/** Whole planes of integers and the table between them and what is quantized. */
export interface TracedPlane {
  readonly plane: Plane;
  readonly table: Int8Array;
}

export interface Traced {
  readonly planes: readonly TracedPlane[];
  /** For each channel the one of all `planes` in a row that it comes from. */
  readonly indices: Int32Array;
}

interface Way {
  readonly plane: Plane;
  readonly channel: number;
  readonly quantization: Quantization;
  readonly functions: readonly UnaryFunction[];
}

/** Undefined where a channel is computed of floats. */
export function traceIntegers(
  producers: ReadonlyMap<Plane, RuntimeLayer>,
  x: Plane,
  quantization: Quantization,
): Traced | undefined {
  const planes: TracedPlane[] = [];
  const starts = new Map<string, number>();
  const numbers = new Map<Plane, number>();
  const indices = new Int32Array(x.channels);
  let channels = 0;
  for (let c = 0; c < x.channels; c++) {
    const way = wayOf(producers, x, c);
    if (!way) return undefined;
    const { plane, quantization: own, functions } = way;
    if (!numbers.has(plane)) numbers.set(plane, numbers.size);
    const key = JSON.stringify([numbers.get(plane), own, functions]);
    let start = starts.get(key);
    if (start === undefined) {
      start = channels;
      starts.set(key, start);
      channels += plane.channels;
      planes.push({ plane, table: tableOf(own, functions, quantization) });
    }
    indices[c] = start + way.channel;
  }
  return { planes, indices };
}

function wayOf(producers: ReadonlyMap<Plane, RuntimeLayer>, x: Plane, channel: number): Way | undefined {
  const functions: UnaryFunction[] = [];
  let [plane, c] = [x, channel];
  for (;;) {
    const layer = producers.get(plane);
    switch (layer?.kind) {
      case 'dequantize':
        return { plane: layer.x.plane, channel: c, quantization: layer.quantization, functions };
      case 'unary':
        if (layer.quantization || layer.x.quantization) return undefined;
        functions.unshift(...layer.functions);
        plane = layer.x.plane;
        break;
      case 'channels':
        c = layer.indices[c]!;
        plane = layer.x.plane;
        break;
      case 'concat': {
        const isHere = ({ home, channels }: Plane) => home && c >= home.channel && c < home.channel + channels;
        const part = layer.parts.find((candidate) => isHere(candidate.plane));
        if (!part) return undefined;
        c -= part.plane.home!.channel;
        plane = part.plane;
        break;
      }
      default:
        return undefined;
    }
  }
}
