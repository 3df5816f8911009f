/** The files of a training run, besides what every run directory has. */

export const runFiles = {
  plan: 'plan.json',
  metrics: 'metrics.jsonl',
  checkpoint: 'checkpoint.safetensors',
  model: 'model.onnx',
  result: 'result.json',
} as const;

/** What a new run removes of an earlier one. */
export const runLayout: readonly (string | RegExp)[] = [
  ...Object.values(runFiles),
  'model.onnx.data',
  'report.html',
  /^events\.out\.tfevents\./,
];
