/**
 * What Node gives: files, images decoded by sharp as `tritbank eval` does, worker threads, ONNX Runtime as a fallback.
 */

import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TritbankError } from '../ir/index.ts';
import { fetchFile } from './browser-platform.ts';
import type { FallbackSession, ImageTarget, Pixels, Platform } from './platform.ts';
import { Tensor, type TensorDataType } from './tensor.ts';
import { startNodeWorker } from './threads/start-node.ts';

const maxFileBytes = 2 ** 31 - 1;

const isRemote = (source: string | URL) => /^https?:/i.test(String(source));

/** A path from a path or a file: URL; E_USAGE for a URL of another kind. */
function pathOf(source: string | URL): string {
  const text = String(source);
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text) || /^[a-z]:[\\/]/i.test(text)) return text;
  if (/^file:/i.test(text)) return fileURLToPath(text);
  throw new TritbankError('E_USAGE', text, 'expected a path or a URL of file:, http: or https:, found another');
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'none',
  ENOTDIR: 'a path through a file',
  EISDIR: 'a folder',
  EACCES: 'no permission',
};

async function readFile(source: string | URL): Promise<Uint8Array> {
  if (isRemote(source)) return fetchFile(source);
  const path = pathOf(source);
  const failure = (found: string, cause?: unknown) =>
    new TritbankError('E_FILE', path, `expected a readable file, found ${found}`, { cause });
  try {
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw failure('a folder or device');
      if (stat.size > maxFileBytes) throw failure(`${stat.size} bytes, more than 2 GiB`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof TritbankError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw failure(reasons[code] ?? (code || String(cause)), cause);
  }
}

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

/** The same calls as the decoder of training data makes (src/data/decode.ts), so that the bytes are the same. */
async function decodeImage(image: unknown, { width, height, channels }: ImageTarget): Promise<Pixels | undefined> {
  const encoded = await encodedOf(image);
  if (!encoded) return undefined;
  const { default: sharp } = await import('sharp');
  try {
    const { data, info } = await sharp(encoded.input, { failOn: 'error', sequentialRead: true })
      .autoOrient()
      .resize(width, height, { fit: 'cover', position: 'centre' })
      .removeAlpha()
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data, width, height, channels: info.channels as Pixels['channels'] };
  } catch (cause) {
    const found = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    const code = /missing|permission|no such file/i.test(found) ? 'E_FILE' : 'E_FORMAT';
    throw new TritbankError(code, encoded.where, `expected an image that decodes, found: ${found}`, { cause });
  }
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

export const nodePlatform: Platform = {
  name: 'node',
  readFile,
  resolveBeside: (source, name) =>
    isRemote(source) ? new URL(name, source) : pathToFileURL(join(dirname(pathOf(source)), name)),
  decodeImage,
  canShareMemory: () => true,
  startWorker: startNodeWorker,
  openFallback,
};
