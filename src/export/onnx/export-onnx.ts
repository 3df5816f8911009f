/**
 * A classifier as one plain ONNX file: ternary matrices five trits to a byte, other weights as float16 or int8, unpacked
 * by standard operators that a runtime computes once, when it loads the file; activations as float32, or as 8-bit
 * integers. Operators of ONNX's own domain only.
 */

import { type Graph, type Node, TritbankError, verify } from '../../ir/index.ts';
import { inferShapes, normalizeNetwork, removeDead } from '../../passes/index.ts';
import { readFilterBits } from '../../quantize/index.ts';
import { describeModel } from './describe.ts';
import { judgeInt8, type Rounding } from './int8/judge.ts';
import { quantizeNetwork } from './int8/quantize.ts';
import { type ExportOptions, formsOf } from './options.ts';
import { slim } from './slim.ts';
import { checkWeights, storeWeights } from './store.ts';

/**
 * The exported form of `graph`, a float network of any origin, which is not changed. Inputs and outputs keep their
 * names and shapes. With float activations and `fp32` filters it computes the same, bit for bit, as the normalized
 * network. Throws E_USAGE for options that do not fit each other, E_UNSUPPORTED for a model that is quantized
 * already.
 *
 * @example
 * import { exportOnnx, loadModel, openDataFor, saveModel } from 'tritbank';
 *
 * const graph = await loadModel('mobilenet.onnx');
 * const { dataset, normalisation } = await openDataFor(graph, { data: 'images' });
 * const calibration = { split: dataset.train, normalisation, images: 16 };
 * await saveModel(await exportOnnx(graph, { activations: 'int8', calibration }), 'int8.onnx');
 */
export async function exportOnnx(graph: Graph, options: ExportOptions = {}): Promise<Graph> {
  const forms = formsOf(options);
  const planned = readFilterBits(graph);
  const model = normalizeNetwork(graph.clone());
  checkWeights(model, forms);
  const float = model.clone();
  let rounded: Rounding | undefined;
  const unnamed = new Set<Node>();
  if (forms.activations === 'int8') {
    if (!options.calibration) throw new TritbankError('E_USAGE', 'calibration', 'expected images, found none');
    const { emitter, rounding } = await quantizeNetwork(model, options.calibration, forms, planned);
    for (const node of emitter.nodes) unnamed.add(node);
    rounded = rounding;
  }
  for (const node of await storeWeights(model, forms, planned, options)) unnamed.add(node);
  removeDead(model);
  inferShapes(model);
  describeModel(model, forms, options);
  slim(model, unnamed);
  verify(model);
  if (rounded && options.calibration) await judgeInt8(float, model, rounded, options.calibration);
  return model;
}
