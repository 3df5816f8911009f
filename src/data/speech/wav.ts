/** WAV files as samples: 16-bit PCM of one channel. The only importer of `wavefile`. */

import { readFile } from 'node:fs/promises';
import { TritbankError } from '../../ir/errors.ts';

/** What `wavefile` leaves of the two chunks that matter; its types say `object`. */
interface Chunks {
  readonly fmt: {
    readonly audioFormat: number;
    readonly numChannels: number;
    readonly sampleRate: number;
    readonly bitsPerSample: number;
  };
  readonly data: { readonly chunkSize: number; readonly samples: Uint8Array };
}

const pcm = 1;
/** WAVE_FORMAT_EXTENSIBLE: with 16 bits, PCM all the same. */
const extensible = 0xfffe;

/**
 * Samples in -1..1 of a WAV file, at most `longest` of them. E_FILE where it cannot be read, E_FORMAT where it is damaged or
 * cut, E_DATA for another rate, several channels, or samples that are not 16-bit PCM.
 */
export async function readWav(
  path: string,
  sampleRate: number,
  longest = Number.POSITIVE_INFINITY,
): Promise<Float32Array> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new TritbankError('E_FILE', path, `expected a readable file, found ${cause.message}`, { cause });
  });
  return decodeWav(path, bytes, sampleRate, longest);
}

/** The same of a file's bytes; `path` is for messages. The library is loaded when there is a file. */
export async function decodeWav(
  path: string,
  bytes: Uint8Array,
  sampleRate: number,
  longest = Number.POSITIVE_INFINITY,
): Promise<Float32Array> {
  const library = await import('wavefile');
  // CommonJS: loaders of TypeScript have its exports beside the default, Node in it
  const { WaveFile } = library.default ?? library;
  const wav = new WaveFile();
  try {
    wav.fromBuffer(bytes);
  } catch (cause) {
    const found = bytes.length === 0 ? 'an empty file' : `another or a damaged one (${(cause as Error).message})`;
    throw new TritbankError('E_FORMAT', path, `expected a WAV file, found ${found}`, { cause });
  }
  const { fmt, data } = wav as unknown as Chunks;
  requireKind(path, fmt, sampleRate);
  if (data.samples.length < data.chunkSize) {
    const found = `${data.samples.length} (the file is cut)`;
    throw new TritbankError('E_FORMAT', path, `expected ${data.chunkSize} bytes of samples, found ${found}`);
  }
  const view = new DataView(data.samples.buffer, data.samples.byteOffset, data.samples.byteLength);
  const length = Math.min(longest, data.samples.length >> 1);
  const isLittleEndian = wav.container !== 'RIFX';
  const samples = new Float32Array(length);
  for (let i = 0; i < length; i++) samples[i] = view.getInt16(2 * i, isLittleEndian) / 32_768;
  return samples;
}

function requireKind(path: string, fmt: Chunks['fmt'], sampleRate: number): void {
  const isPcm = fmt.audioFormat === pcm || fmt.audioFormat === extensible;
  if (isPcm && fmt.numChannels === 1 && fmt.bitsPerSample === 16 && fmt.sampleRate === sampleRate) return;
  const format = isPcm ? 'PCM' : `format ${fmt.audioFormat}`;
  const channels = fmt.numChannels === 1 ? '1 channel' : `${fmt.numChannels} channels`;
  const found = `${format}, ${fmt.bitsPerSample} bits, ${channels}, ${fmt.sampleRate} Hz`;
  const advice = `convert it, as by \`sox in.wav -b 16 -c 1 -r ${sampleRate} out.wav\``;
  const expected = `expected PCM, 16 bits, 1 channel, ${sampleRate} Hz`;
  throw new TritbankError('E_DATA', path, `${expected}, found ${found}; ${advice}`);
}
