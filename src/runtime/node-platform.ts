/**
 * What Node gives: files, images decoded as `tritbank eval` does, worker threads, ONNX Runtime as a fallback.
 */

import { fileURLToPath } from 'node:url';
import { formatOf } from '../formats/format.ts';
import { TritbankError } from '../ir/index.ts';
import type { ExternalRange, RangeSource } from '../onnx/external.ts';
import { limitOf, readRanges, readWhole } from '../onnx/read-files.ts';
import { fetchFile, fetchRanges } from './fetch-files.ts';
import type { FallbackSession, ImageTarget, Pixels, Platform } from './platform.ts';
import { Tensor, type TensorDataType } from './tensor.ts';
import { startNodeWorker } from './threads/start-node.ts';

const isRemote = (source: string | URL) => /^https?:/i.test(String(source));

/** A path from a path or a file: URL; E_USAGE for a URL of another kind. */
function pathOf(source: string | URL): string {
  const text = String(source);
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text) || /^[a-z]:[\\/]/i.test(text)) return text;
  if (/^file:/i.test(text)) return fileURLToPath(text);
  throw new TritbankError('E_USAGE', text, 'expected a path or a URL of file:, http: or https:, found another');
}

/**
 * Models of other formats, and those of the zoo, as what their ONNX file would be. Their readers are loaded for them only:
 * that takes longer than to plan most networks.
 */
async function readFile(source: string | URL): Promise<Uint8Array> {
  if (isRemote(source)) return fetchFile(source);
  const path = pathOf(source);
  if (!path.startsWith('tritbank/')) {
    const bytes = await readWhole(path);
    if (formatOf(bytes) === 'onnx') return bytes;
  }
  const { readAsOnnx } = await import('../formats/index.ts');
  return readAsOnnx(path);
}

const readData = async (source: string | URL, ranges: readonly ExternalRange[]): Promise<RangeSource> =>
  isRemote(source) ? fetchRanges(source, ranges) : (await readRanges(pathOf(source), ranges)).source;

/** Encoded bytes, or where they are. */
async function encodedOf(image: unknown): Promise<{ input: string | Uint8Array; where: string } | undefined> {
  if (typeof image === 'string' || image instanceof URL) {
    return { input: isRemote(image) ? await fetchFile(image) : pathOf(image), where: String(image) };
  }
  if (image instanceof Uint8Array) return { input: image, where: 'image' };
  if (image instanceof ArrayBuffer) return { input: new Uint8Array(image), where: 'image' };
  if (image instanceof Blob) return { input: new Uint8Array(await image.arrayBuffer()), where: 'image' };
  return undefined;
}

/** By the decoder of training data, so that the bytes are the same. */
async function decodeImage(image: unknown, { width, height }: ImageTarget): Promise<Pixels | undefined> {
  const encoded = await encodedOf(image);
  if (!encoded) return undefined;
  const decoder = await import('../images/decode.ts');
  const data = await decoder.decodeImage(encoded.input, { height, width }, { where: encoded.where });
  return { data, width, height, channels: 3 };
}

/** A session of ONNX Runtime under this runtime's tensors. */
async function openFallback(bytes: Uint8Array): Promise<FallbackSession> {
  // before it is loaded, or it leaves files in the user's cache folder
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
  const ort = await import('onnxruntime-node');
  const failure = (expected: string, cause: unknown) => {
    const found = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    return new TritbankError('E_DEVICE', 'onnxruntime', `expected ${expected}, found: ${found}`, { cause });
  };
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 }).catch((cause: unknown) => {
    throw failure('a model that it loads', cause);
  });
  return {
    async run(feeds) {
      const inputs = Object.entries(feeds).map(([name, { type, data, dims }]) => {
        return [name, new ort.Tensor(type as 'float32', data as Float32Array, dims)] as const;
      });
      const outputs = await session.run(Object.fromEntries(inputs)).catch((cause: unknown) => {
        throw failure('a run without error', cause);
      });
      const results = Object.entries(outputs).map(([name, { type, data, dims }]) => {
        return [name, new Tensor(type as TensorDataType, data as Float32Array, dims)] as const;
      });
      return Object.fromEntries(results);
    },
    release: () => session.release(),
  };
}

/** Dawn, of the package `webgpu`, where that is installed. */
async function findGpu(): Promise<unknown> {
  const name = 'webgpu';
  const dawn = await import(name).catch(() => undefined);
  return (dawn as { create(options: readonly string[]): unknown } | undefined)?.create([]);
}

export const nodePlatform: Platform = {
  name: 'node',
  readFile,
  readRanges: readData,
  decodeImage,
  canShareMemory: () => true,
  startWorker: startNodeWorker,
  defaultLimit: () => limitOf({}),
  findGpu,
  openFallback,
};
