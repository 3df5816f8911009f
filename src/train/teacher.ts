/** The teacher of knowledge distillation: any ONNX classifier that takes the same images. */

import { type CompileOptions, compile, type Executable } from '../engine/index.ts';
import { type Graph, type Tensor, TritbankError } from '../ir/index.ts';
import { loadModel } from '../onnx/index.ts';
import { inferShapes, removeDead } from '../passes/index.ts';
import { classCountOf } from './evaluate.ts';
import { type Normalisation, readNormalisation, takePixels } from './pixels.ts';
import { scoresOf } from './scores.ts';

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

/**
 * A teacher from a file or from a graph, which is not changed. Throws E_MODEL when its input or its number of classes
 * differs from the student's.
 */
export async function loadTeacher(model: Graph | string, options: TeacherOptions): Promise<Teacher> {
  const { batchSize, channels, size, classes } = options;
  const [graph, where] =
    typeof model === 'string' ? [await loadModel(model), model] : [model.clone(), `graph '${model.name}'`];
  const input = graph.inputs[0];
  const shape = input?.type?.shape;
  const fits =
    graph.inputs.length === 1 &&
    shape?.length === 4 &&
    [batchSize, channels, size, size].every((d, i) => typeof shape[i] === 'string' || shape[i] === d);
  if (!fits) {
    const found = shape ? `[${shape.join(', ')}]` : 'none';
    throw new TritbankError('E_MODEL', where, `expected an input [N, ${channels}, ${size}, ${size}], found ${found}`);
  }
  input!.type = { dtype: 'float32', shape: [batchSize, channels, size, size] };
  takePixels(graph, batchSize, readNormalisation(graph, channels) ?? options.normalisation);
  graph.outputs = [scoresOf(graph)];
  removeDead(graph);
  inferShapes(graph);
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
