/**
 * The models that the page compares: two files of one's own, or a small MobileNet that is trained here on MNIST, in full
 * precision and then with hybrid filter banks, both stored with 8-bit weights and activations, ternary weights packed.
 */

import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
// Elsewhere: from 'tritbank'.
import { defaultConfig, exportModel, type RunOptions, type TrainConfig, trainNetwork } from '../../src/index.ts';

export interface OwnModels {
  /** ONNX files that say how their input is normalised; see docs/export.md. */
  readonly baseline: string;
  readonly hybrid: string;
}

const names = { baseline: 'baseline.onnx', hybrid: 'hybrid.onnx', list: 'models.json' };

function writeList(folder: string, notes: Readonly<Record<'baseline' | 'hybrid', string>>): void {
  const list = [
    { name: 'Baseline', note: notes.baseline, file: names.baseline },
    { name: 'Hybrid', note: notes.hybrid, file: names.hybrid },
  ];
  writeFileSync(join(folder, names.list), `${JSON.stringify(list, null, 2)}\n`);
}

/** Copies two files into `folder`, where the page finds them. */
export function takeModels(folder: string, { baseline, hybrid }: OwnModels): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(baseline, join(folder, names.baseline));
  copyFileSync(hybrid, join(folder, names.hybrid));
  writeList(folder, { baseline, hybrid });
}

export const hasModels = (folder: string): boolean => existsSync(join(folder, names.list));

/** Trains on `samples` images of MNIST; a minute or two for 12,000. Runs that were stopped go on. */
export async function trainModels(folder: string, samples: number, log: (line: string) => void): Promise<void> {
  const common: TrainConfig = {
    ...defaultConfig,
    data: 'mnist',
    trainSamples: samples,
    width: 0.25,
    firstStride: 1,
    epochs: 2,
  };
  const runOptions = (name: string): RunOptions => ({
    out: join(folder, 'runs', name),
    resume: true,
    onProgress: ({ record }) =>
      record && log(`${name}: epoch ${record.epoch}, top-1 ${(100 * record.top1).toFixed(1)} %`),
  });
  const baseline = await trainNetwork({ ...common, method: 'fp' }, runOptions('baseline'));
  const hybrid = await trainNetwork(
    { ...common, method: 'hybrid', alpha: 0.5, widthRatio: 1, epochs: 3, teachers: [baseline.model] },
    runOptions('hybrid'),
  );
  const exported = { data: 'mnist', testSamples: 1000 } as const;
  const top1: string[] = [];
  for (const [model, name, forms] of [
    [baseline.model, names.baseline, { activations: 'int8' }],
    [hybrid.model, names.hybrid, { activations: 'int8' }],
  ] as const) {
    const { accuracy } = await exportModel({ ...exported, ...forms, model, out: join(folder, name) });
    top1.push(`${(100 * (accuracy?.after ?? Number.NaN)).toFixed(1)} % of ${accuracy?.samples} test images right`);
    log(`${name}: ${top1.at(-1)}`);
  }
  const network = 'MobileNet-V1 0.25 on MNIST';
  writeList(folder, {
    baseline: `${network}, uncompressed, 8-bit weights and activations: ${top1[0]}`,
    hybrid: `${network}, half of the filters ternary, 8-bit weights and activations: ${top1[1]}`,
  });
}
