/** The contest in headless Chromium, driven by playwright-core. */

import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { TritbankError } from '../ir/index.ts';
import { median } from './median.ts';
import type { PlaceOptions } from './node-place.ts';
import type { Absence, BenchTask, ColdStart, Measurement, PlaceResult } from './records.ts';
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

/** With a GPU where it is asked for: the machine's, or else software in its place. */
async function launch(device: 'webgpu' | undefined): Promise<Browser> {
  const executablePath = findChromium();
  const { chromium } = await import('playwright-core').catch(() => {
    throw new TritbankError('E_DEVICE', 'playwright-core', 'expected it to be installed, found none');
  });
  if (!device) return chromium.launch({ executablePath, args: chromiumArguments });
  const args = chromiumArguments.filter((argument) => argument !== '--disable-gpu');
  const real = await chromium.launch({
    executablePath,
    args: [...args, '--enable-unsafe-webgpu', '--enable-features=Vulkan'],
  });
  const server = await serveBench(new Map());
  try {
    const page = await real.newPage();
    await page.goto(server.origin);
    const hasGpu = await page.evaluate(async () => {
      const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<unknown> } };
      return Boolean(await gpu?.requestAdapter());
    });
    await page.close();
    if (hasGpu) return real;
  } finally {
    await server.close();
  }
  await real.close();
  return chromium.launch({ executablePath, args: [...chromiumArguments, ...softwareGpuArguments] });
}

interface PageGlobals {
  bench(...all: unknown[]): Promise<unknown>;
  start(...all: unknown[]): Promise<unknown>;
}

export async function benchInChromium(task: BenchTask, options: PlaceOptions): Promise<PlaceResult> {
  findChromium();
  if (!isBuilt())
    throw new TritbankError('E_DEVICE', 'dist', "expected the built package, found none: 'npm run build'");
  const files = [...task.models].map(([form, bytes]) => [form, `/models/${form}.onnx`, bytes] as const);
  const server = await serveBench(new Map(files.map(([, path, bytes]) => [path, bytes])));
  const { threads, rounds, runs, starts, device } = options;
  const browser = await launch(device);
  const openPage = async () => {
    const page = await browser.newPage();
    await page.goto(server.origin);
    await page.waitForFunction(() => 'bench' in globalThis);
    return page;
  };
  const { channels, size } = task;
  const images = { channels, size, ...(device && { device }) };
  /** A page of its own. */
  const startCold = async ({ runtime, form }: Measurement): Promise<number> => {
    const page = await openPage();
    const spec = { ...images, models: [[form, `/models/${form}.onnx`]] };
    const found = await page.evaluate((given) => (globalThis as unknown as PageGlobals).start(...given), [
      spec,
      runtime,
      threads,
    ] as const);
    await page.close();
    return (found as ColdStart).milliseconds;
  };
  try {
    const page = await openPage();
    const spec = { ...images, models: files.map(([form, path]) => [form, path]) };
    const result = await page.evaluate(
      ([given, contest]) => (globalThis as unknown as PageGlobals).bench(given, contest),
      [spec, { threads, rounds, runs }] as const,
    );
    await page.close();
    const { measurements, absent } = result as { measurements: Measurement[]; absent: Absence[] };
    const times = measurements.map((): number[] => []);
    for (let turn = 0; turn < starts; turn++) {
      for (const [i, measurement] of measurements.entries()) times[i]!.push(await startCold(measurement));
    }
    const all = measurements.map((measurement, i) =>
      starts > 0 ? { ...measurement, cold: median(times[i]!) } : measurement,
    );
    return { place: 'chromium', engine: `Chromium ${browser.version()}`, measurements: all, absent };
  } finally {
    await browser.close();
    await server.close();
  }
}
