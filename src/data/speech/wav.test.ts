import { expect, it, test } from 'vitest';
import { wavBytes } from '../../../test/fixtures/words.ts';
import { decodeWav, readWav } from './wav.ts';

const samples = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i / 7) / 2);
const good = wavBytes(samples);

/** The file with some bytes replaced. */
const changed = (at: number, ...bytes: readonly number[]) => {
  const file = good.slice();
  file.set(bytes, at);
  return file;
};

test('16-bit samples come as they were written, and as many as are asked for', async () => {
  const found = await decodeWav('a.wav', good, 16_000);
  expect(found).toHaveLength(400);
  for (const [i, x] of samples.entries()) expect(Math.abs(found[i]! - x)).toBeLessThan(1.1 / 32_768 + 2e-5);
  expect(await decodeWav('a.wav', good, 16_000, 100)).toEqual(found.slice(0, 100));
  // with a list of texts between the chunks, as editors write it
  const text = [0x4c, 0x49, 0x53, 0x54, 4, 0, 0, 0, 0x49, 0x4e, 0x46, 0x4f];
  const listed = Uint8Array.from([...good.subarray(0, 36), ...text, ...good.subarray(36)]);
  expect(await decodeWav('a.wav', listed, 16_000)).toEqual(found);
});

const pcm = 'expected PCM, 16 bits, 1 channel, 16000 Hz';

it.each<[string, Uint8Array, string, string]>([
  ['an empty file', new Uint8Array(0), 'E_FORMAT', 'expected a WAV file, found an empty file'],
  [
    'another format',
    new TextEncoder().encode('ID3 this is music'),
    'E_FORMAT',
    'expected a WAV file, found another or',
  ],
  ['a cut header', good.subarray(0, 30), 'E_FORMAT', 'expected a WAV file, found another or a damaged one'],
  ['a cut file', good.subarray(0, 500), 'E_FORMAT', 'expected 800 bytes of samples, found 456 (the file is cut)'],
  ['no samples', good.subarray(0, 44), 'E_FORMAT', 'expected 800 bytes of samples, found 0 (the file is cut)'],
  [
    'a header of zeros',
    changed(12, ...new Array<number>(32).fill(0)),
    'E_FORMAT',
    'expected a WAV file, found another or',
  ],
  [
    'another rate',
    wavBytes(samples, { sampleRate: 44_100 }),
    'E_DATA',
    `${pcm}, found PCM, 16 bits, 1 channel, 44100 Hz; convert it`,
  ],
  ['stereo', wavBytes(samples, { channels: 2 }), 'E_DATA', `${pcm}, found PCM, 16 bits, 2 channels, 16000 Hz`],
  ['24 bits', wavBytes(samples, { depth: '24' }), 'E_DATA', `${pcm}, found PCM, 24 bits, 1 channel, 16000 Hz`],
  ['floats', wavBytes(samples, { depth: '32f' }), 'E_DATA', `${pcm}, found format 3, 32 bits, 1 channel, 16000 Hz`],
])('%s is refused', async (_, bytes, code, message) => {
  const decoding = decodeWav('a.wav', bytes, 16_000);
  await expect(decoding).rejects.toMatchObject({ code, where: 'a.wav', message: expect.stringContaining(message) });
});

test('a file that is not there is E_FILE', async () => {
  await expect(readWav('absent.wav', 16_000)).rejects.toMatchObject({ code: 'E_FILE', where: 'absent.wav' });
});
