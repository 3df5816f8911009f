/**
 * Shards in WebDataset's form: a tar file with `NAME.jpg` (or `.png`, `.webp`), the image, and `NAME.cls`, its class as a
 * decimal number, one after the other.
 */

import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { extract, pack } from 'tar-stream';

export interface Sample {
  /** Without a dot. */
  readonly name: string;
  /** `jpg`, `png` or `webp`. */
  readonly extension: string;
  readonly bytes: Uint8Array;
  readonly label: number;
}

/** Times and owners are no part of the data: the same images give the same file. */
const still = { mtime: new Date(0), mode: 0o644, uid: 0, gid: 0 };

/** Writes samples to `path` as they come; returns the file's size and checksum. */
export async function writeShard(
  path: string,
  samples: AsyncIterable<Sample>,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const tar = pack();
  const file = createWriteStream(path, { flush: true });
  const hash = createHash('sha256');
  let bytes = 0;
  tar.on('data', (chunk: Uint8Array) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  tar.pipe(file);
  // it is told, too, of what goes wrong with the file
  tar.on('error', () => {});
  // a full disk ends the writing of samples, which would wait for ever
  const written = finished(file);
  const failed = written.then(() => new Promise<never>(() => {}));
  const entry = (name: string, content: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const sink = tar.entry({ ...still, name, size: content.length }, Buffer.from(content), (error) =>
        error ? reject(error) : resolve(),
      );
      sink?.on('error', reject);
    });
  try {
    for await (const { name, extension, bytes: image, label } of samples) {
      await Promise.race([entry(`${name}.${extension}`, image), failed]);
      await Promise.race([entry(`${name}.cls`, Buffer.from(`${label}`)), failed]);
    }
    tar.finalize();
    await written;
  } catch (error) {
    tar.destroy();
    file.destroy();
    await written.catch(() => {});
    throw error;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The images of a shard that was read as a whole, in order. Rejects for a damaged one. */
export async function readSamples(content: Uint8Array): Promise<Uint8Array[]> {
  const images: Uint8Array[] = [];
  const tar = extract();
  tar.end(Buffer.from(content.buffer, content.byteOffset, content.byteLength));
  for await (const entry of tar) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    if (!entry.header.name.endsWith('.cls')) images.push(Buffer.concat(chunks));
  }
  return images;
}
