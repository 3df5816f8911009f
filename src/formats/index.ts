/** Models of any format: the one place that knows all readers. */

export { type Format, formatOf } from './format.ts';
export {
  loadModel,
  type OpenedModel,
  type OpenOptions,
  openModel,
  readAnyModel,
  readAsOnnx,
  resolveModel,
} from './load.ts';
export { tidy } from './tidy.ts';
