/** Pipelines: from an image to labels with scores, by what the file says of its pixels and classes. */

import { type SizeOption, sizeOf } from '../images/size.ts';
import { TritbankError } from '../ir/index.ts';
import { type Preprocessing, readPreprocessing } from '../onnx/metadata.ts';
import { classesIn } from '../onnx/score-kind.ts';
import { readPixels } from './images/read-pixels.ts';
import { describeInput, toTensor } from './images/to-tensor.ts';
import type { ModelSource, Platform } from './platform.ts';
import { createSession, type InferenceSession, type SessionOptions, type ValueMetadata } from './session.ts';

export interface PipelineOptions extends SessionOptions, Omit<Preprocessing, 'size'> {
  /** Height and width of the image, for models that leave them open; a number is both. */
  readonly size?: SizeOption;
}

export interface Classification {
  readonly label: string;
  /** Probability in 0..1: softmax of logits, or the network's own. */
  readonly score: number;
  readonly index: number;
}

export interface ClassifyOptions {
  /** How many classes, best first; default 5. */
  readonly topK?: number;
}

/** Classifies one image, or each of several. */
export interface ImageClassifier {
  (image: readonly unknown[], options?: ClassifyOptions): Promise<Classification[][]>;
  (image: unknown, options?: ClassifyOptions): Promise<Classification[]>;
  readonly session: InferenceSession;
  release(): Promise<void>;
}

function probabilities(scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((v) => Math.exp(v - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / sum);
}

/** E_MODEL for an output that is no row of scores of several classes. */
function checkScores({ name, shape }: ValueMetadata, count: number | undefined): void {
  const isOpen = !shape || shape.length === 1 || shape.slice(1).some((d) => typeof d === 'string');
  const isRow = isOpen || classesIn(shape) !== undefined;
  if (isRow && count !== 1) return;
  const found = shape ? `[${shape.join(', ')}]` : `${count} number`;
  throw new TritbankError('E_MODEL', `output '${name}'`, `expected scores [N, classes], found ${found}`);
}

/** The `topK` largest, best first; of equal ones the first. */
export function rank(scores: ArrayLike<number>, labels: readonly string[], topK: number): Classification[] {
  const order = Array.from(scores, (_, index) => index).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order
    .slice(0, topK)
    .map((index) => ({ label: labels[index] ?? `class ${index}`, score: scores[index]!, index }));
}

/**
 * Makes a classifier. E_USAGE for another task, E_MODEL for a file that does not take images or does not say how its
 * pixels are normalised (then `mean` and `std` in the options do), and the errors of `InferenceSession.create`.
 */
export async function createPipeline(
  task: 'image-classification',
  source: ModelSource,
  options: PipelineOptions,
  platform: Platform,
): Promise<ImageClassifier> {
  if (task !== 'image-classification') {
    throw new TritbankError('E_USAGE', 'task', `expected 'image-classification', found '${String(task)}'`);
  }
  const session = await createSession(source, options, platform);
  const { size, mean, std, channels, labels } = options;
  const given = {
    ...(size !== undefined && { size: sizeOf(size) }),
    ...(mean && { mean }),
    ...(std && { std }),
    ...(channels !== undefined && { channels }),
    ...(labels && { labels }),
  };
  const preprocessing = { ...readPreprocessing(session.metadata), ...given };
  const input = describeInput(session.inputMetadata, preprocessing);
  const [output] = session.outputNames;
  checkScores(session.outputMetadata[0]!, undefined);
  const classify = async (image: unknown, { topK = 5 }: ClassifyOptions = {}): Promise<Classification[]> => {
    if (!Number.isInteger(topK) || topK < 1) {
      throw new TritbankError('E_USAGE', 'topK', `expected a whole number of at least 1, found ${topK}`);
    }
    const tensor = toTensor(await readPixels(image, input.target, platform), input);
    const { data } = (await session.run({ [input.name]: tensor }, [output!]))[output!]!;
    checkScores(session.outputMetadata[0]!, data.length);
    return rank(session.scores === 'logits' ? probabilities(data) : data, preprocessing.labels ?? [], topK);
  };
  const classifyAll = async (image: unknown, each?: ClassifyOptions) =>
    Array.isArray(image) ? Promise.all(image.map((one) => classify(one, each))) : classify(image, each);
  return Object.assign(classifyAll as ImageClassifier, { session, release: () => session.release() });
}
