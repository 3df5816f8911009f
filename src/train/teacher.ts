/** The teacher of knowledge distillation: any ONNX classifier that takes the same images. */

import { type CompileOptions, compile, type Executable } from '../engine/index.ts';
import { type Tensor, TritbankError } from '../ir/index.ts';
import { loadModel } from '../onnx/index.ts';
import { inferShapes, removeDead } from '../passes/index.ts';
import { classCountOf } from './evaluate.ts';
import { type Normalisation, readNormalisation, takePixels } from './pixels.ts';

export interface Teacher {
  /** Scores `[B, classes]` of uint8 images `[B, C, H, W]`. */
  logits(images: Tensor): Promise<Tensor>;
  release(): Promise<void>;
}

export interface TeacherOptions extends CompileOptions {
  readonly batchSize: number;
  readonly channels: number;
  readonly size: number;
  readonly classes: number;
  /** Used where the teacher's metadata names none. */
  readonly normalisation: Normalisation;
}

/** Loads a teacher. Throws E_MODEL when its input or its number of classes differs from the student's. */
export async function loadTeacher(path: string, options: TeacherOptions): Promise<Teacher> {
  const { batchSize, channels, size, classes } = options;
  const graph = await loadModel(path);
  const input = graph.inputs[0];
  const shape = input?.type?.shape;
  const fits =
    graph.inputs.length === 1 &&
    shape?.length === 4 &&
    [batchSize, channels, size, size].every((d, i) => typeof shape[i] === 'string' || shape[i] === d);
  if (!fits) {
    const found = shape ? `[${shape.join(', ')}]` : 'none';
    throw new TritbankError('E_MODEL', path, `expected an input [N, ${channels}, ${size}, ${size}], found ${found}`);
  }
  input!.type = { dtype: 'float32', shape: [batchSize, channels, size, size] };
  takePixels(graph, batchSize, readNormalisation(graph, channels) ?? options.normalisation);
  // Probabilities are of no use under a temperature: take the scores in front of them.
  const last = graph.outputs[0]!.producer;
  graph.outputs = [last?.op === 'Softmax' ? last.input(0) : graph.outputs[0]!];
  removeDead(graph);
  inferShapes(graph);
  const found = classCountOf(graph);
  if (found !== classes) {
    throw new TritbankError('E_MODEL', path, `expected ${classes} classes as in the data set, found ${found}`);
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
