/**
 * A program for a process of its own: two training steps and one inference of the small network on the CPU and on WebGPU.
 * Prints what both gave as JSON. WebGPU reads its driver's name from the environment when the process starts.
 */

import { takePixels } from '../../src/classifier/index.ts';
import { compile, compileProgram, type Device } from '../../src/engine/index.ts';
import { type Tensor, toNumbers } from '../../src/ir/index.ts';
import { loadState } from '../../src/quantize/index.ts';
import { buildStep } from '../../src/train/index.ts';
import { small, smallFeeds, smallNetwork, smallNormalisation, smallOptions } from './train-small.ts';

export interface Outcome {
  readonly losses: readonly number[];
  /** State by name: at first, between the steps, at the end, and after the middle one was loaded again. */
  readonly states: readonly Readonly<Record<string, readonly number[]>>[];
  readonly logits: readonly number[];
  readonly hasPrevious: boolean;
  /** Message of an attempt to load a wrong shape. */
  readonly refusal: string;
}

const plain = (state: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...state].map(([name, tensor]) => [name, toNumbers(tensor)]));

async function measure(device: Device): Promise<Outcome> {
  const { graph, slots } = buildStep(smallNetwork(), smallOptions);
  const program = await compileProgram(graph, slots, { device });
  const losses: number[] = [];
  const states = [await program.state()];
  for (const step of [1, 2]) {
    losses.push(toNumbers((await program.step(smallFeeds(step))).loss!)[0]!);
    states.push(await program.state());
  }
  const hasPrevious = program.previousState() !== undefined;
  const wrong = new Map(states[1]).set('classifier_bias', states[1]!.get('conv_weight')!);
  const refusal = await program.load(wrong).then(
    () => 'none',
    (error: unknown) => String(error),
  );
  await program.load(states[1]!);
  await program.step(smallFeeds(2));
  states.push(await program.state());
  await program.release();

  const network = smallNetwork();
  loadState(network, states[2]!);
  takePixels(network, small.batch, smallNormalisation);
  const engine = await compile(network, { device });
  const logits = toNumbers((await engine.run({ images: smallFeeds(3).images! })).logits!);
  await engine.release();
  return { losses, states: states.map(plain), logits, hasPrevious, refusal };
}

const found = { cpu: await measure('cpu'), webgpu: await measure('webgpu') };
process.stdout.write(JSON.stringify(found));
