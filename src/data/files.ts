/** Reading data files: presence, gzip by content, checksums. Leaves formats to the files beside it. */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { TritbankError } from '../ir/errors.ts';

const unzip = promisify(gunzip);
const largestFile = 2 ** 31;

export async function isFile(path: string): Promise<boolean> {
  return (await kindOf(path)) === 'file';
}

export async function isDirectory(path: string): Promise<boolean> {
  return (await kindOf(path)) === 'directory';
}

async function kindOf(path: string): Promise<'file' | 'directory' | 'none'> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'directory';
    return found.isFile() ? 'file' : 'none';
  } catch {
    return 'none';
  }
}

/** The file's content, decompressed where it starts with gzip's magic. E_FILE unreadable, E_FORMAT damaged gzip. */
export async function readData(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new TritbankError('E_FILE', path, `expected a readable file, found ${cause.message}`, { cause });
  });
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return unzip(bytes, { maxOutputLength: largestFile }).catch((cause: Error) => {
    throw new TritbankError('E_FORMAT', path, `expected a whole gzip file, found ${cause.message}`, { cause });
  });
}

/** MD5 in hexadecimal: the checksum that the publishers of MNIST, Fashion-MNIST and CIFAR give. Not for security. */
export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
