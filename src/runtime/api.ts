/** The public calls, bound to a platform. */

import { createPipeline, type ImageClassifier, type PipelineOptions } from './pipeline.ts';
import type { ModelSource, Platform } from './platform.ts';
import { createSession, type InferenceSession, type SessionOptions } from './session.ts';

export interface SessionFactory {
  /**
   * Loads a network. E_FILE for a file that cannot be had, E_FORMAT and E_GRAPH for one that is damaged, E_UNSUPPORTED
   * for operators that the runtime does not have, E_USAGE for options out of range.
   *
   * @example
   * import { InferenceSession, Tensor } from 'tritbank/runtime';
   *
   * const session = await InferenceSession.create('mobilenet.onnx');
   * const pixels = new Float32Array(3 * 32 * 32); // red, then green, then blue, normalised
   * const { logits } = await session.run({ input: new Tensor('float32', pixels, [1, 3, 32, 32]) });
   * await session.release();
   */
  create(source: ModelSource, options?: SessionOptions): Promise<InferenceSession>;
}

export interface Api {
  readonly InferenceSession: SessionFactory;
  /**
   * Loads a classifier of images: paths, URLs, encoded bytes or pixels. E_USAGE for another task, E_MODEL for a file
   * that does not take images or does not say how its pixels are normalised, and the errors of `InferenceSession.create`.
   *
   * @example
   * import { pipeline } from 'tritbank/runtime';
   *
   * const classify = await pipeline('image-classification', 'small.onnx');
   * const [best] = await classify('photo.jpg', { topK: 1 });
   * console.log(best?.label, best?.score);
   * await classify.release();
   */
  pipeline(task: 'image-classification', source: ModelSource, options?: PipelineOptions): Promise<ImageClassifier>;
}

export function bindApi(platform: Platform): Api {
  return {
    InferenceSession: { create: (source, options = {}) => createSession(source, options, platform) },
    pipeline: (task, source, options = {}) => createPipeline(task, source, options, platform),
  };
}
