/** A classifier for `tritbank run`, of any file that `tritbank eval` takes: the runtime itself runs single images of known form. */

import type { ImageForm } from '../classifier/image-form.ts';
import { TritbankError } from '../ir/errors.ts';
import type { ImageClassifier, PipelineOptions } from '../runtime/node.ts';
import { warn } from './output.ts';

/** What the runtime takes as it is; undefined for a batch that has to be freed and an input that has to be understood. */
async function openAsIs(model: string, options: PipelineOptions): Promise<ImageClassifier | undefined> {
  const { pipeline } = await import('../runtime/node.ts');
  try {
    const classifier = await pipeline('image-classification', model, options);
    const batch = classifier.session.inputMetadata[0]?.shape?.[0];
    if (typeof batch !== 'number' || batch === 1) return classifier;
    await classifier.release();
  } catch (error) {
    if (!(error instanceof TritbankError) || error.code !== 'E_MODEL') throw error;
  }
  return undefined;
}

/** The file with an input as all other commands see it. */
async function openAdapted(model: string, form: ImageForm, options: PipelineOptions): Promise<ImageClassifier> {
  const [{ adaptInput }, { loadModel }, { freeBatch }, { writeModel }, { pipeline }] = await Promise.all([
    import('../classifier/index.ts'),
    import('../formats/index.ts'),
    import('../passes/index.ts'),
    import('../onnx/index.ts'),
    import('../runtime/node.ts'),
  ]);
  const graph = adaptInput(await loadModel(model), form, warn);
  freeBatch(graph);
  return pipeline('image-classification', writeModel(graph), options);
}

/** E_USAGE for a size that is not the model's, and for pixels that are no bytes where it takes bytes. */
async function checkForm({ session }: ImageClassifier, { inputSize, normalisation }: ImageForm): Promise<void> {
  const { shape, type } = session.inputMetadata[0]!;
  const { formatSize, sizeOf } = await import('../images/size.ts');
  if (inputSize !== undefined && shape?.length === 4) {
    const isLast = (shape[3] === 1 || shape[3] === 3) && shape[1] !== 1 && shape[1] !== 3;
    const [height, width] = isLast ? shape.slice(1, 3) : shape.slice(2);
    const given = sizeOf(inputSize);
    const fits = [height, width].every(
      (side, i) => typeof side !== 'number' || side === [given.height, given.width][i],
    );
    if (!fits) {
      const expected = `expected the model's input size ${height}x${width}`;
      throw new TritbankError('E_USAGE', 'input size', `${expected}, found ${formatSize(given)}`);
    }
  }
  if (type !== 'uint8' || !normalisation) return;
  const { requireBytes } = await import('../classifier/index.ts');
  requireBytes(normalisation);
}

/** Throws what `pipeline` and `adaptInput` throw. */
export async function openClassifier(
  model: string,
  form: ImageForm,
  options: PipelineOptions,
): Promise<ImageClassifier> {
  const { normalisation, inputSize, dims } = form;
  const all = { ...options, ...normalisation, ...(inputSize !== undefined && { size: inputSize }) };
  const classifier =
    (dims === undefined ? await openAsIs(model, all) : undefined) ?? (await openAdapted(model, form, all));
  try {
    await checkForm(classifier, form);
    return classifier;
  } catch (error) {
    await classifier.release();
    throw error;
  }
}
