/**
 * Runs a plan's steps on a device. Its buffer mirrors the plan's memory, address by address. Steps that have a program run
 * there, one dispatch each; what lies between them (dispatch-step.ts) runs on the CPU, in the memory: what it reads is
 * copied there, what it wrote is copied back.
 */

import { runStep, whole } from '../execute/run-step.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { ExecutionPlan, Port } from '../plan/plan.ts';
import type { Step } from '../plan/steps.ts';
import { deviceError, inScope, type OpenDevice } from './device.ts';
import { type Dispatch, numbersOf, programOf, workgroupsOf } from './dispatch.ts';
import { dispatchStep, type Range, rangeOf, rangesOf } from './dispatch-step.ts';
import { type GpuBindGroup, type GpuBuffer, type GpuDevice, type GpuPipeline, mapRead, usage } from './gpu-types.ts';

export interface Runner {
  /** Steps from `from` up to `to`; inputs are in the memory before the first one, outputs after the last one. */
  run(from: number, to: number): Promise<void>;
  /** Whether a step runs on the device. */
  isOnDevice(step: number): boolean;
  release(): void;
}

export interface Plan extends Pick<ExecutionPlan, 'steps' | 'bytes' | 'inputs' | 'outputs'> {}

interface Program {
  readonly pipeline: GpuPipeline;
  readonly group: GpuBindGroup;
  readonly workgroups: readonly [x: number, y: number];
}

/** Offsets of uniform buffers, on all devices. */
const slotBytes = 256;

const align = (bytes: number, unit: number) => Math.ceil(bytes / unit) * unit;

const portRange = ({ type, planes }: Port) => rangeOf(type, planes);

/** Numbers behind the plan's memory. */
function placeExtras(start: number) {
  const extras: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  let end = align(start, 16);
  return {
    extras,
    end: () => end,
    place({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
      const address = end;
      extras.push({ address, bytes: new Uint8Array(buffer, byteOffset, byteLength) });
      end += align(byteLength, 16);
      return address;
    },
  };
}

/** Writes of any length, filled up to words. */
function write(device: GpuDevice, target: GpuBuffer, address: number, bytes: Uint8Array): void {
  const padded = new Uint8Array(align(bytes.length, 4));
  padded.set(bytes);
  device.queue.writeBuffer(target, address, padded);
}

export async function createRunner(open: OpenDevice, plan: Plan, kernels: Kernels): Promise<Runner> {
  const { device } = open;
  const { steps } = plan;
  const { extras, end, place } = placeExtras(plan.bytes);
  const dispatches = steps.map((step) => dispatchStep(step, place));
  const bytes = end();
  const most = Math.min(device.limits.maxStorageBufferBindingSize!, device.limits.maxBufferSize!);
  if (bytes > most) throw deviceError(`a network that runs in ${most} bytes`, `one that needs ${bytes}`);
  const [buffer, numbers, staging] = await inScope(
    open,
    'out-of-memory',
    `room for ${bytes} bytes`,
    () =>
      [
        device.createBuffer({ size: bytes, usage: usage.storage | usage.copySource | usage.copyTarget }),
        device.createBuffer({ size: slotBytes * Math.max(1, steps.length), usage: usage.uniform | usage.copyTarget }),
        device.createBuffer({ size: stagingBytes(plan, dispatches), usage: usage.mapRead | usage.copyTarget }),
      ] as const,
  );
  device.queue.writeBuffer(buffer, 0, new Uint8Array(kernels.memory.buffer, 0, plan.bytes));
  for (const extra of extras) write(device, buffer, extra.address, extra.bytes);
  const programs = await inScope(open, 'validation', 'programs that compile', () =>
    compile(open, dispatches, buffer, numbers),
  );

  const upload = (ranges: readonly Range[]) => {
    for (const { from, to } of ranges) {
      device.queue.writeBuffer(buffer, from, new Uint8Array(kernels.memory.buffer, from, to - from));
    }
  };
  const download = async (ranges: readonly Range[]) => {
    if (ranges.length === 0) return;
    const encoder = device.createCommandEncoder();
    let total = 0;
    for (const { from, to } of ranges) {
      encoder.copyBufferToBuffer(buffer, from, staging, total, to - from);
      total += to - from;
    }
    device.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(mapRead, 0, total);
    } catch (cause) {
      open.check();
      throw deviceError('results', 'a device that gives none', cause);
    }
    const found = new Uint8Array(staging.getMappedRange(0, total));
    const memory = new Uint8Array(kernels.memory.buffer);
    let at = 0;
    for (const { from, to } of ranges) {
      memory.set(found.subarray(at, at + to - from), from);
      at += to - from;
    }
    staging.unmap();
  };
  const submit = (from: number, to: number) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, workgroups } of programs.slice(from, to) as Program[]) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
  };
  /** On the CPU; a step may read what one before it wrote, so that all that was there before is copied first. */
  const runHere = async (part: readonly Step[]) => {
    const ranges = part.map(rangesOf);
    await download(distinct(ranges.flatMap(({ reads }) => reads)));
    for (const step of part) runStep(kernels, step, whole);
    upload(distinct(ranges.flatMap(({ writes }) => writes)));
  };

  return {
    async run(from, to) {
      open.check();
      if (from === 0) upload([...plan.inputs.values()].map(portRange));
      for (let start = from; start < to; ) {
        let next = start + 1;
        while (next < to && !programs[next] === !programs[start]) next++;
        if (programs[start]) submit(start, next);
        else await runHere(steps.slice(start, next));
        start = next;
      }
      if (to < steps.length) await device.queue.onSubmittedWorkDone();
      else await download(distinct([...plan.outputs.values()].map(portRange)));
    },
    isOnDevice: (step) => programs[step] !== undefined,
    release() {
      for (const one of [buffer, numbers, staging]) one.destroy();
    },
  };
}

/** Equal ranges once. */
function distinct(ranges: readonly Range[]): Range[] {
  return [...new Map(ranges.map((range) => [`${range.from} ${range.to}`, range])).values()];
}

/** Room for what is copied from the device at a time, at most. */
function stagingBytes({ steps, outputs }: Plan, dispatches: readonly (Dispatch | undefined)[]): number {
  const size = (ranges: readonly Range[]) => ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  let most = size([...outputs.values()].map(portRange));
  let here = 0;
  for (const [i, step] of steps.entries()) {
    here = dispatches[i] ? 0 : here + size(rangesOf(step).reads);
    most = Math.max(most, here);
  }
  return Math.max(16, most);
}

/** Programs of equal text are compiled once. */
async function compile(
  { device, pipelines }: OpenDevice,
  dispatches: readonly (Dispatch | undefined)[],
  buffer: GpuBuffer,
  numbers: GpuBuffer,
): Promise<(Program | undefined)[]> {
  const pipelineOf = (code: string) => {
    const known = pipelines.get(code);
    if (known) return known;
    const module = device.createShaderModule({ code });
    const made = device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
    pipelines.set(code, made);
    return made;
  };
  return Promise.all(
    dispatches.map(async (dispatch, i): Promise<Program | undefined> => {
      if (!dispatch) return undefined;
      const values = numbersOf(dispatch);
      device.queue.writeBuffer(numbers, i * slotBytes, values);
      const pipeline = await pipelineOf(programOf(dispatch));
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [
          { binding: 0, resource: { buffer } },
          { binding: 1, resource: { buffer: numbers, offset: i * slotBytes, size: values.length } },
        ],
      });
      return { pipeline, group, workgroups: workgroupsOf(dispatch.threads) };
    }),
  );
}
