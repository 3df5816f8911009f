/** Deployable artifacts. */

export {
  type ExportConfig,
  type ExportProgress,
  type ExportResult,
  type ExportRunOptions,
  exportModel,
} from './export-model.ts';
export * from './onnx/index.ts';
