/** What `tritbank bench` measures, as plain numbers. */

import type { SizeOption } from '../images/size.ts';
import type { AdapterInfo } from '../runtime/exports.ts';

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
  /** From the bytes of the file to the first result, ms, in the process of all contestants. */
  readonly loading: number;
  /** From the file to the first result, ms, the median of processes (pages in a browser) that did nothing else. */
  readonly cold?: number;
  /** Bytes that such a process took at most; not of pages. */
  readonly peak?: number;
  /** Bytes of weights as the runtime keeps them, and of its whole memory, where it says so. */
  readonly weights?: number;
  readonly memory?: number;
  /** The GPU that ran it, or the software in its place. */
  readonly adapter?: AdapterInfo;
  /** The largest difference of a score from that of the first contestant with the same form. */
  readonly difference?: number;
}

/** One start of a contestant. */
export interface ColdStart {
  readonly milliseconds: number;
  /** Bytes of memory that the process took at most. */
  readonly peak?: number;
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
  /** Cold starts of each contestant. */
  readonly starts: number;
  readonly tasks: readonly TaskResult[];
}
