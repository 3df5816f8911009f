/** The teacher of knowledge distillation: any ONNX classifier that takes the same images. */

import {
  adaptInput,
  type ClassifierData,
  classCountOf,
  logitsOf,
  type Normalisation,
  readNormalisation,
  takePixels,
} from '../classifier/index.ts';
import type { Communicator } from '../cluster/index.ts';
import type { Dataset } from '../data/index.ts';
import { type CompileOptions, compile, type Executable } from '../engine/index.ts';
import { loadModel } from '../formats/index.ts';
import { type SizeOption, sizeOf } from '../images/size.ts';
import { type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { inferShapes, removeDead, requireInference } from '../passes/index.ts';
import type { Recipe } from './config.ts';
import type { Distillation } from './loss.ts';
import { localBatch } from './spread.ts';

export interface Teacher {
  /** Scores `[B, classes]` of uint8 images `[B, C, H, W]`, the batch of the given step of training. */
  logits(images: Tensor, step: number): Promise<Tensor>;
  release(): Promise<void>;
}

export interface TeacherOptions extends CompileOptions {
  readonly batchSize: number;
  readonly channels: number;
  readonly size: SizeOption;
  readonly classes: number;
  /** Used where the teacher's metadata names none. */
  readonly normalisation: Normalisation;
}

/**
 * One teacher from files or graphs, which are not changed. Several take turns, batch by batch; with `mirror` each sees one
 * of its batches as it is and the next mirrored. What is learned with `kd`, whose gradient is linear in the teacher's
 * probabilities, is then their mean over all of these, for the work of one.
 *
 * Throws E_MODEL when the input or the number of classes of a model differs from the student's.
 */
export async function loadTeacher(
  models: readonly (Graph | string)[],
  { mirror = false, ...options }: TeacherOptions & { readonly mirror?: boolean },
): Promise<Teacher> {
  const teachers: Teacher[] = [];
  const release = async () => {
    for (const teacher of teachers) await teacher.release();
  };
  try {
    for (const model of models) teachers.push(await loadOne(model, options));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    logits(images, step) {
      const turn = Math.floor(mirror ? step / 2 : step) % teachers.length;
      return teachers[turn]!.logits(mirror && step % 2 === 0 ? mirrored(images) : images, step);
    },
    release,
  };
}

async function loadOne(model: Graph | string, options: TeacherOptions): Promise<Teacher> {
  const { batchSize, channels, classes } = options;
  const size = sizeOf(options.size);
  const [graph, where] =
    typeof model === 'string' ? [await loadModel(model), model] : [model.clone(), `graph '${model.name}'`];
  adaptInput(graph);
  requireInference(graph);
  const input = graph.inputs[0];
  const shape = input?.type?.shape;
  const fits =
    graph.inputs.length === 1 &&
    shape?.length === 4 &&
    // exporters often fix the batch, to one: like the student, the teacher is taken for another
    [channels, size.height, size.width].every((d, i) => typeof shape[i + 1] === 'string' || shape[i + 1] === d);
  if (!fits) {
    const found = shape ? `[${shape.join(', ')}]` : 'none';
    throw new TritbankError(
      'E_MODEL',
      where,
      `expected an input [N, ${channels}, ${size.height}, ${size.width}], found ${found}`,
    );
  }
  input!.type = { dtype: 'float32', shape: [batchSize, channels, size.height, size.width] };
  takePixels(graph, batchSize, readNormalisation(graph, channels) ?? options.normalisation);
  inferShapes(graph);
  graph.outputs = [logitsOf(graph)];
  removeDead(graph);
  const found = classCountOf(graph);
  if (found !== classes) {
    throw new TritbankError('E_MODEL', where, `expected ${classes} classes as in the data set, found ${found}`);
  }
  const engine: Executable = await compile(graph, options);
  const output = graph.outputs[0]!.name;
  return {
    async logits(images) {
      const scores = (await engine.run({ images }))[output]!;
      return { ...scores, dims: [batchSize, classes] };
    },
    release: () => engine.release(),
  };
}

/** uint8 images `[B, C, H, W]`, each mirrored left to right. */
export function mirrored(images: Tensor): Tensor {
  const width = images.dims.at(-1)!;
  const data = Uint8Array.from(images.data as Uint8Array);
  for (let row = 0; row < data.length; row += width) data.subarray(row, row + width).reverse();
  return { ...images, data };
}

/** E_USAGE for mirror images of sounds: coefficients would change places. */
export function checkMirror({ mirror }: Distillation, { name, inputFeatures }: Dataset): void {
  if (mirror && inputFeatures !== undefined)
    throw new TritbankError('E_USAGE', '--distill-mirror', `expected images, found the sounds of ${name}`);
}

/** The teachers that a recipe names, as part of a task, while `work` goes on; nothing where it names none. */
export async function withTeacher<T>(
  { teachers = [], distillation, batchSize, device, threads }: Recipe,
  { dataset, size, normalisation }: ClassifierData,
  { ranks }: { readonly ranks?: Communicator },
  work: (part: { readonly distillation?: { readonly teacher: Teacher; readonly loss: Distillation } }) => Promise<T>,
): Promise<T> {
  if (teachers.length === 0 || !distillation) return work({});
  checkMirror(distillation, dataset);
  // Opened before anything is written: a teacher that does not fit must not cost an earlier run.
  const teacher = await loadTeacher(teachers, {
    device,
    ...(threads !== undefined && { threads }),
    mirror: distillation.mirror === true,
    batchSize: localBatch({ batchSize }, ranks),
    channels: dataset.channels,
    size,
    classes: dataset.classes.length,
    normalisation,
  });
  try {
    return await work({ distillation: { teacher, loss: distillation } });
  } finally {
    await teacher.release();
  }
}
