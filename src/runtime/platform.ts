/** What differs between browsers and Node, given to the rest as functions, so that bundles hold one side only. */

import type { ExternalRange, RangeSource } from '../onnx/external.ts';
import type { Tensor } from './tensor.ts';
import type { StartWorker } from './threads/team.ts';

/** A path (Node), a URL, or the bytes of an ONNX file. */
export type ModelSource = string | URL | ArrayBuffer | Uint8Array;

/** Pixels row by row, channels interleaved: 1 grey, 3 RGB, 4 RGBA. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/** The size to which a decoder may bring an image: shorter side fitted, centre taken. */
export interface ImageTarget {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Another runtime for files that need operators which this one does not have. */
export interface FallbackSession {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export interface Platform {
  readonly name: 'browser' | 'node';
  /** The content of a file; E_FILE where it cannot be had. */
  readFile(source: string | URL): Promise<Uint8Array>;
  /** External data of the model in `source`, from files in its folder. E_FILE for what cannot be had. */
  readRanges(source: string | URL, ranges: readonly ExternalRange[]): Promise<RangeSource>;
  /** Pixels of an encoded image or of what a browser can draw; undefined for a value that is no image. */
  decodeImage(image: unknown, target: ImageTarget): Promise<Pixels | undefined>;
  /** Whether threads can be started that share a memory. */
  canShareMemory(): boolean;
  startWorker: StartWorker;
  /** The limit of sessions that are given none; by default 1. */
  readonly defaultLimit?: () => number;
  /** What stands for `navigator.gpu` where an engine has none; undefined for nothing. */
  readonly findGpu?: () => Promise<unknown>;
  /** ONNX Runtime, where the platform has it. */
  readonly openFallback?: (bytes: Uint8Array) => Promise<FallbackSession>;
}
