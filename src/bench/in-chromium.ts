/** The contest in headless Chromium, driven by playwright-core. */

import { existsSync } from 'node:fs';
import { TritbankError } from '../ir/index.ts';
import type { ContestOptions } from './contest.ts';
import type { Absence, BenchTask, Measurement, PlaceResult } from './records.ts';
import { isBuilt, serveBench } from './serve.ts';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** What a browser without a display and a user is started with. */
export const chromiumArguments = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What makes it offer WebGPU where there is no GPU: by SwiftShader, in software. */
export const softwareGpuArguments = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Path of the browser: TRITBANK_CHROMIUM, or where distributions put it. E_DEVICE where there is none. */
export function findChromium(): string {
  const path = [process.env.TRITBANK_CHROMIUM, ...places].find((place) => place && existsSync(place));
  if (path) return path;
  throw new TritbankError(
    'E_DEVICE',
    'chromium',
    `expected it at ${places.join(', ')}, found none (apt install chromium)`,
  );
}

export async function benchInChromium(task: BenchTask, options: ContestOptions): Promise<PlaceResult> {
  const executablePath = findChromium();
  if (!isBuilt())
    throw new TritbankError('E_DEVICE', 'dist', "expected the built package, found none: 'npm run build'");
  const { chromium } = await import('playwright-core').catch(() => {
    throw new TritbankError('E_DEVICE', 'playwright-core', 'expected it to be installed, found none');
  });
  const files = [...task.models].map(([form, bytes]) => [form, `/models/${form}.onnx`, bytes] as const);
  const server = await serveBench(new Map(files.map(([, path, bytes]) => [path, bytes])));
  const browser = await chromium.launch({ executablePath, args: chromiumArguments });
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    await page.waitForFunction(() => 'bench' in globalThis);
    const { threads, rounds, runs } = options;
    const { channels, size } = task;
    const spec = { channels, size, models: files.map(([form, path]) => [form, path]) };
    const result = await page.evaluate(
      ([given, contest]) =>
        (globalThis as unknown as { bench(...all: unknown[]): Promise<unknown> }).bench(given, contest),
      [spec, { threads, rounds, runs }] as const,
    );
    const { measurements, absent } = result as { measurements: Measurement[]; absent: Absence[] };
    return { place: 'chromium', engine: `Chromium ${browser.version()}`, measurements, absent };
  } finally {
    await browser.close();
    await server.close();
  }
}
