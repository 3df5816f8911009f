/** The metadata of an exported file: what a runtime has to know, and how the file was made. */

import { type Graph, type Shape, TritbankError } from '../../ir/index.ts';
import { formatPreprocessing, metadataKeys, readPreprocessing } from '../../onnx/metadata.ts';
import type { ExportForms, ExportOptions } from './options.ts';

const fixed = (dim: Shape[number] | undefined) => (typeof dim === 'number' ? dim : undefined);

/** Classes of a model whose first output is `[N, classes]`, with axes of length 1 wherever they are. */
export function classesOf(graph: Graph): number | undefined {
  const sizes = graph.outputs[0]?.type?.shape?.slice(1).filter((d) => d !== 1) ?? [];
  return sizes.length === 1 ? fixed(sizes[0]) : undefined;
}

/** Adds to the model's own metadata. E_USAGE for labels of another number than there are classes. */
export function describeModel(
  graph: Graph,
  forms: ExportForms,
  { labels, calibration }: Pick<ExportOptions, 'labels' | 'calibration'>,
): void {
  const known = readPreprocessing(graph.metadata);
  const shape = graph.inputs[0]?.type?.shape;
  const isImage = graph.inputs.length === 1 && shape?.length === 4;
  const [height, width] = isImage ? [fixed(shape[2]), fixed(shape[3])] : [];
  const size = height !== undefined && width !== undefined ? { height, width } : undefined;
  const channels = isImage ? fixed(shape[1]) : undefined;
  const { mean, std } = known.mean && known.std ? known : (calibration?.normalisation ?? {});
  const classes = classesOf(graph);
  if (labels && classes !== undefined && labels.length !== classes) {
    throw new TritbankError('E_USAGE', 'labels', `expected ${classes} names, one a class, found ${labels.length}`);
  }
  const entries = formatPreprocessing({
    ...(size !== undefined && { size }),
    ...(channels !== undefined && { channels }),
    ...(mean && { mean }),
    ...(std && { std }),
    ...(labels && { labels }),
  });
  for (const [key, value] of Object.entries(entries)) graph.metadata.set(key, value);

  graph.metadata.set(metadataKeys.tritbank, JSON.stringify({ version: 1, ...forms }));
}
