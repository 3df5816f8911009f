/** What `tritbank bench` measures, as plain numbers. */

import type { SizeOption } from '../images/size.ts';

/** The forms of one network that are compared. */
export type ModelForm = 'fp32' | 'int8' | 'int4' | 'hybrid' | 'hybrid-fast' | 'hybrid-float';

export interface ModelFile {
  readonly form: ModelForm;
  /** Bytes of the ONNX file. */
  readonly bytes: number;
}

/** One network at one image size, in several forms. */
export interface BenchTask {
  readonly name: string;
  /** Height and width of the image; a number is both. */
  readonly size: SizeOption;
  readonly channels: number;
  readonly models: ReadonlyMap<ModelForm, Uint8Array>;
}

export type Place = 'node' | 'chromium';

export interface Measurement {
  readonly runtime: string;
  readonly form: ModelForm;
  /** Milliseconds of one image, batch 1: the median of each round. */
  readonly rounds: readonly number[];
  /** Median of the rounds, ms. */
  readonly latency: number;
  /** Images a second, one after the other: 1000 / latency. */
  readonly throughput: number;
  /** From the bytes of the file to the first result, ms. */
  readonly loading: number;
  /** The largest difference of a score from that of the first contestant with the same form. */
  readonly difference?: number;
}

/** A contestant that could not take part. */
export interface Absence {
  readonly runtime: string;
  readonly form: ModelForm | 'all';
  readonly reason: string;
}

export interface PlaceResult {
  readonly place: Place;
  /** Node's version, or Chromium's. */
  readonly engine: string;
  readonly measurements: readonly Measurement[];
  readonly absent: readonly Absence[];
}

export interface TaskResult {
  readonly name: string;
  readonly size: SizeOption;
  readonly models: readonly ModelFile[];
  readonly places: readonly PlaceResult[];
}

export interface BenchResult {
  readonly date: string;
  readonly command: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly load: number };
  readonly threads: number;
  readonly rounds: number;
  /** Runs of one contestant in a round. */
  readonly runs: number;
  readonly tasks: readonly TaskResult[];
}
