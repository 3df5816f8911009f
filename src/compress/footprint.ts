/** How large files are, and how they run in this toolkit's runtime: in turns, so that a slow spell falls on all of them. */

import { existsSync, statSync } from 'node:fs';
import { jsonCodec } from '../files/index.ts';
import { TritbankError } from '../ir/index.ts';
import { InferenceSession, type LayerTime, Tensor } from '../runtime/node.ts';
import {
  compressedForms,
  controlForms,
  type DeployedFile,
  fourBitsForms,
  type OriginalFile,
  type RuntimeUse,
} from './deployment.ts';
import { compressFiles, type Job } from './job.ts';

/** Runs of each file that are counted: as many as fit the time, in milliseconds, within bounds. */
const warm = { least: 15, most: 301, milliseconds: 3000 } as const;

interface Runner {
  /** Milliseconds of each run after the first. */
  readonly times: readonly number[];
  run(): Promise<void>;
  use(): RuntimeUse | undefined;
  layers(): LayerTime[];
  release(): Promise<void>;
}

/** Any image: latency does not depend on it. */
function noise(shape: readonly number[]): Float32Array {
  const length = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * i));
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** A file after its first, cold run; undefined for one whose operators, sizes or types are not the runtime's. */
async function openRunner(path: string, profile: boolean): Promise<Runner | undefined> {
  let session: InferenceSession | undefined;
  try {
    const opened = await InferenceSession.create(path, { profile });
    session = opened;
    const [input] = opened.inputMetadata;
    const shape = input?.shape?.map((size, i) => (typeof size === 'number' ? size : i === 0 ? 1 : Number.NaN));
    if (input?.type !== 'float32' || !shape?.every((size) => size > 0)) {
      await opened.release();
      return undefined;
    }
    const feeds = { [input.name]: new Tensor('float32', noise(shape), shape) };
    await opened.run(feeds);
    const times: number[] = [];
    return {
      times,
      run: async () => {
        await opened.run(feeds);
        times.push(opened.lastMilliseconds);
      },
      use: () =>
        opened.memory && {
          weightBytes: opened.memory.weights,
          activationBytes: opened.memory.activations,
          milliseconds: median(times),
        },
      layers: () => opened.profile(),
      release: () => opened.release(),
    };
  } catch (error) {
    await session?.release();
    if (error instanceof TritbankError && error.code === 'E_UNSUPPORTED') return undefined;
    throw error;
  }
}

async function runInTurns(runners: readonly (Runner | undefined)[]): Promise<void> {
  const end = performance.now() + warm.milliseconds;
  for (let i = 0; i < warm.most && (i < warm.least || performance.now() < end); i++) {
    for (const runner of runners) await runner?.run();
  }
}

/** The ratio is formed within turns, which see the machine in the same state. */
const describeTurns = (model: Runner, control: Runner) => ({
  latency: median(model.times.map((time, turn) => time / control.times[turn]!)),
  layers: { model: model.layers(), control: control.layers() },
});

/** How the files run, and how large they are. */
export interface Footprint {
  readonly original: OriginalFile;
  readonly model: DeployedFile;
  readonly control: DeployedFile;
  /** The second control, where there is one. */
  readonly fourBits?: DeployedFile;
  /** Where the runtime is what the plan was made for: times of layers, and of the file over the control's, by turns. */
  readonly layers?: { readonly model: readonly LayerTime[]; readonly control: readonly LayerTime[] };
  readonly latency?: number;
}

/** Measured once a run: it is kept, so that a report made again says the same. */
export function measureFootprint(job: Job): Promise<Footprint> {
  const { run, config, machine } = job;
  const isProfiled = machine?.isHere === true;
  return run.stage('measure', compressFiles.footprint, jsonCodec<Footprint>(2), async () => {
    const [model, control, fourBits] = [compressFiles.model, compressFiles.control, compressFiles.fourBits].map(
      (file) => run.file(file),
    ) as [string, string, string];
    const isFile = existsSync(config.model);
    const hasFourBits = existsSync(fourBits);
    const paths = [model, control, ...(isFile ? [config.model] : []), ...(hasFourBits ? [fourBits] : [])];
    const runners: (Runner | undefined)[] = [];
    try {
      for (const path of paths) runners.push(await openRunner(path, isProfiled));
      await runInTurns(runners);
      const sizeOf = (path: string, runner: Runner | undefined) => {
        const runtime = runner?.use();
        return { bytes: statSync(path).size, ...(runtime && { runtime }) };
      };
      const [ofModel, ofControl] = runners;
      const ofOriginal = isFile ? runners[2] : undefined;
      return {
        original: isFile ? sizeOf(config.model, ofOriginal) : {},
        model: { model, forms: compressedForms(job), ...sizeOf(model, ofModel) },
        control: { model: control, forms: controlForms(job), ...sizeOf(control, ofControl) },
        ...(hasFourBits && {
          fourBits: { model: fourBits, forms: fourBitsForms, ...sizeOf(fourBits, runners.at(-1)) },
        }),
        ...(ofModel && ofControl && isProfiled && describeTurns(ofModel, ofControl)),
      };
    } finally {
      for (const runner of runners) await runner?.release();
    }
  });
}
