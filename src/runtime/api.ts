/** The public calls, bound to a platform. */

import { createPipeline, type ImageClassifier, type PipelineOptions } from './pipeline.ts';
import type { ModelSource, Platform } from './platform.ts';
import { createSession, type InferenceSession, type SessionOptions } from './session.ts';

export interface SessionFactory {
  /**
   * Loads a network.
   *
   * @example
   * const session = await InferenceSession.create('model.onnx');
   * const { logits } = await session.run({ input: new Tensor('float32', pixels, [1, 3, 224, 224]) });
   */
  create(source: ModelSource, options?: SessionOptions): Promise<InferenceSession>;
}

export interface Api {
  readonly InferenceSession: SessionFactory;
  /**
   * Loads a classifier of images.
   *
   * @example
   * const classify = await pipeline('image-classification', 'model.onnx');
   * const [best] = await classify('photo.jpg');
   */
  pipeline(task: 'image-classification', source: ModelSource, options?: PipelineOptions): Promise<ImageClassifier>;
}

export function bindApi(platform: Platform): Api {
  return {
    InferenceSession: { create: (source, options = {}) => createSession(source, options, platform) },
    pipeline: (task, source, options = {}) => createPipeline(task, source, options, platform),
  };
}
