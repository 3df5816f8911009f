/** What an ONNX export is asked for. */

import type { Normalisation } from '../../classifier/index.ts';
import type { Split } from '../../data/index.ts';
import { TritbankError } from '../../ir/index.ts';

export const activationForms = ['float', 'int8'] as const;
export const filterForms = ['fp16', 'int8', 'int4', 'fp32'] as const;
export const ternaryForms = ['five-trit', 'float'] as const;

/** How activations are computed: as float32, or as 8-bit integers between QuantizeLinear and DequantizeLinear. */
export type ActivationForm = (typeof activationForms)[number];
/**
 * How weights of full-precision filters are stored. `int4` are two to a byte, depthwise and other filters of fewer than 32 weights apart, which keep 8 bits.
 */
export type FilterForm = (typeof filterForms)[number];
/** How ternary weights are stored; `float` is one number each: float32, or int8 with 8-bit activations. */
export type TernaryForm = (typeof ternaryForms)[number];

/** Images from which the ranges of activations are taken. */
export interface Calibration {
  readonly split: Split;
  readonly normalisation: Normalisation;
  /** At most this many, drawn by the seed. Default 256. */
  readonly images?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly threads?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with an `AbortError`. */
  readonly signal?: AbortSignal;
  /** Receives one line per image that does not decode. */
  readonly warn?: (line: string) => void;
}

export interface ExportOptions {
  /** Default `float`. */
  readonly activations?: ActivationForm;
  /** Default `fp16`; with 8-bit activations `int8`: they are multiplied with integers only. */
  readonly filters?: FilterForm;
  /** Default `five-trit`. */
  readonly ternary?: TernaryForm;
  /** Needed for 8-bit activations. */
  readonly calibration?: Calibration;
  /** Names of the classes, in the order of the scores; default: those in the model's metadata. */
  readonly labels?: readonly string[];
  /** Receives a line for each layer whose weights the stored form changes more than by rounding. */
  readonly warn?: (line: string) => void;
  /** Stops between two layers, with an `AbortError`. */
  readonly signal?: AbortSignal;
}

export interface ExportForms {
  readonly activations: ActivationForm;
  readonly filters: FilterForm;
  readonly ternary: TernaryForm;
}

/** The forms with their defaults. E_USAGE for a combination that does not exist. */
export function formsOf(options: Omit<ExportOptions, 'calibration' | 'labels' | 'warn' | 'signal'>): ExportForms {
  const { activations = 'float', ternary = 'five-trit' } = options;
  const filters = options.filters ?? (activations === 'int8' ? 'int8' : 'fp16');
  if (activations === 'int8' && !filters.startsWith('int')) {
    const expected = 'expected int8 or int4 with activations of 8 bits, found';
    throw new TritbankError('E_USAGE', 'filters', `${expected} ${filters}`);
  }
  return { activations, filters, ternary };
}
