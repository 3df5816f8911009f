/** Models in Chromium: the built runtime in a page, with the bytes of a mutant. */

import { chromiumArguments, findChromium } from '../../../src/bench/in-chromium.ts';
import { type BenchServer, isBuilt, serveBench } from '../../../src/bench/serve.ts';
import type { Target } from '../target.ts';
import { attributes } from './attributes.ts';

interface Page {
  readonly evaluate: <A, R>(work: (argument: A) => Promise<R>, argument: A) => Promise<R>;
  readonly close: () => Promise<void>;
}

let opened: { readonly page: Page; readonly server: BenchServer } | undefined;

async function open(): Promise<Page> {
  if (opened) return opened.page;
  const { chromium } = await import('playwright-core');
  const server = await serveBench(new Map());
  const instance = await chromium.launch({ executablePath: findChromium(), args: chromiumArguments });
  const page = await instance.newPage();
  await page.goto(server.origin);
  const own: Page = { evaluate: page.evaluate.bind(page) as Page['evaluate'], close: () => instance.close() };
  opened = { page: own, server };
  return own;
}

export const browser: Target = {
  name: 'browser',
  seeds: attributes.seeds,
  mutate: attributes.mutate,
  absent() {
    if (!isBuilt()) return 'the package is not built (npm run build)';
    try {
      findChromium();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  },
  start: async () => void (await open()),
  async run(files) {
    const page = await open();
    const found = await page.evaluate(
      async (bytes) => {
        const path = '/built/runtime/index.js';
        const { InferenceSession } = (await import(path)) as typeof import('../../../src/runtime/index.ts');
        try {
          const session = await InferenceSession.create(Uint8Array.from(bytes));
          await session.release();
          return { outcome: 'read' };
        } catch (error) {
          const { code, stack } = error as { code?: string; stack?: string };
          return code ? { outcome: code } : { outcome: 'failed', stack: String(stack ?? error) };
        }
      },
      [...files['model.onnx']!],
    );
    if ('stack' in found) throw new Error(found.stack);
    return found.outcome;
  },
  async end() {
    await opened?.page.close();
    await opened?.server.close();
  },
};
