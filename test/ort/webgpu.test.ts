/**
 * WebGPU computes what the CPU computes: a training step with its state in the device's memory, and inference. Runs where
 * there is a Vulkan loader and SwiftShader, the software driver that comes with Chromium, so no GPU is needed.
 */

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../evaluate.ts';
import type { Outcome } from './webgpu-steps.ts';

const driver = [process.env.VK_DRIVER_FILES, '/usr/lib/chromium/vk_swiftshader_icd.json'].find(
  (file) => file !== undefined && existsSync(file),
);
const libraries = ['/lib', '/usr/lib', '/usr/local/lib', '/lib64', '/usr/lib64'].flatMap((dir) =>
  ['', `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`].map((part) => join(dir, part)),
);
const hasLoader = libraries.some((dir) => existsSync(dir) && readdirSync(dir).includes('libvulkan.so.1'));
const missing = !driver ? 'no vk_swiftshader_icd.json' : !hasLoader ? 'no libvulkan.so.1' : undefined;

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** What the program beside this file prints. */
function measure(): Promise<Record<'cpu' | 'webgpu', Outcome>> {
  const script = join(import.meta.dirname, 'webgpu-steps.ts');
  const env = { ...process.env, VK_DRIVER_FILES: driver ?? '', NODE_OPTIONS: '' };
  const child = spawn(process.execPath, ['--import', loader, script], { env });
  return new Promise((done, fail) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (status) => {
      if (status === 0) done(JSON.parse(stdout) as Record<'cpu' | 'webgpu', Outcome>);
      else fail(new Error(`status ${status}: ${stderr}`));
    });
  });
}

describe.skipIf(missing)(`WebGPU${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let cpu: Outcome;
  let webgpu: Outcome;
  beforeAll(async () => {
    ({ cpu, webgpu } = await measure());
  });

  it('has the same losses', () => {
    expect(relativeError(webgpu.losses, cpu.losses)).toBeLessThan(1e-3);
    expect(cpu.losses[1]).not.toBe(cpu.losses[0]);
  });

  it('has the same state before, between and after the steps, also after loading', () => {
    expect(webgpu.states[0]).toEqual(cpu.states[0]);
    for (const [i, expected] of cpu.states.entries()) {
      const found = webgpu.states[i]!;
      expect(Object.keys(found)).toEqual(Object.keys(expected));
      for (const [name, values] of Object.entries(expected)) {
        expect(relativeError(found[name]!, values, 1), `${name} in state ${i}`).toBeLessThan(1e-3);
      }
    }
    // the second step from the loaded state leads where it led before
    for (const [name, values] of Object.entries(webgpu.states[2]!)) {
      expect(relativeError(webgpu.states[3]![name]!, values, 1), name).toBeLessThan(1e-5);
    }
  });

  it('has the same scores', () => {
    expect(relativeError(webgpu.logits, cpu.logits)).toBeLessThan(1e-3);
  });

  it('refuses state of a wrong shape, and keeps the state before the last step on the CPU only', () => {
    const message = "TritbankError: state 'classifier_bias': expected [5], found [6 x 3 x 3 x 3]";
    expect([cpu.refusal, webgpu.refusal]).toEqual([message, message]);
    expect([cpu.hasPrevious, webgpu.hasPrevious]).toEqual([true, false]);
  });
});
