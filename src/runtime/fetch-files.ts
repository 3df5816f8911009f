/** Files by `fetch`, in browsers and in Node: models, images, and external data from the folder of a model's address. */

import { TritbankError } from '../ir/index.ts';
import { byLocation, checkRanges, type ExternalRange, fromRead, type RangeSource } from '../onnx/external.ts';
import { inFile } from '../onnx/read.ts';

/** A response with content; E_FILE for all others. */
export async function fetchResponse(source: string | URL): Promise<Response> {
  const found = (what: string, cause?: unknown) =>
    new TritbankError('E_FILE', String(source), `expected a file that loads, found ${what}`, { cause });
  let response: Response;
  try {
    response = await fetch(source);
  } catch (cause) {
    throw found(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!response.ok) throw found(`status ${response.status}`);
  return response;
}

export async function fetchFile(source: string | URL): Promise<Uint8Array> {
  return new Uint8Array(await (await fetchResponse(source)).arrayBuffer());
}

/** The address of a data file: each name is one step down from the model's folder, whatever it looks like. E_FILE where there is none. */
export function addressOf(source: string | URL, location: string): URL {
  const base = new URL(source, globalThis.location?.href);
  if (!/^(https?|file):$/.test(base.protocol)) {
    const message = `expected a model in a folder, as its external data are, found a ${base.protocol} URL`;
    throw new TritbankError('E_FILE', String(source), message);
  }
  return new URL(location.split('/').map(encodeURIComponent).join('/'), new URL('.', base));
}

/** The ranges of a model's tensors from files at addresses beside its own; each file is fetched once. */
export async function fetchRanges(source: string | URL, ranges: readonly ExternalRange[]): Promise<RangeSource> {
  const bytes = new Map<ExternalRange, Uint8Array>();
  for (const [location, own] of byLocation(ranges)) {
    const response = await fetchResponse(addressOf(source, location));
    const file = await readUpTo(response, Math.max(...own.map(({ offset, length }) => offset + length)));
    inFile(String(source), () => checkRanges(own, file.length));
    for (const range of own) bytes.set(range, file.slice(range.offset, range.offset + range.length));
  }
  return fromRead(
    ranges,
    ranges.map((range) => bytes.get(range)!),
  );
}

/** The first `limit` bytes of a response, or all where there are fewer: nothing beyond them is waited for. */
async function readUpTo(response: Response, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader && size < limit) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    size += value.length;
  }
  await reader?.cancel();
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
