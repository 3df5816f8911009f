/** Export to plain ONNX: packed weights, activations as float32 or 8-bit integers. */

export { exportOnnx } from './export-onnx.ts';
export {
  type ActivationForm,
  activationForms,
  type Calibration,
  type ExportForms,
  type ExportOptions,
  type FilterForm,
  filterForms,
  formsOf,
  type TernaryForm,
  ternaryForms,
} from './options.ts';
export { fiveTrits, nibbles, packValues } from './packed.ts';
export { type PredictedSize, predictSize } from './size.ts';
