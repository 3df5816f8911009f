/** The worker that trains. The page asks for a little at a time, and pauses by not asking. */

import { statistics } from '#toolkit/data/statistics.ts';
import { TritbankError } from '#toolkit/ir/index.ts';
import { type Call, serve } from '../rpc.ts';
import { prepareRuntime } from '../workshop/libraries.ts';
import { type DataRequest, readData, type TrainingData } from './data.ts';
import { Trainer, type TrainSettings } from './trainer.ts';

let data: TrainingData | undefined;
let trainer: Trainer | undefined;

function running(): Trainer {
  if (trainer) return trainer;
  throw new TritbankError('E_USAGE', 'training', 'expected one that was begun, found none');
}

const methods = {
  async data(request: DataRequest, call: Call) {
    data = await readData(request, call);
    const { name, classes, train, test, height, width, channels } = data;
    return { name, classes, train: train.length, test: test.length, height, width, channels };
  },
  async begin(settings: TrainSettings) {
    if (!data) throw new TritbankError('E_DATA', 'training', 'expected images, found none');
    await trainer?.close();
    await prepareRuntime();
    const { train, test, augment, name, classes, channels, height, width } = data;
    const { mean, std } = await statistics({ name, classes, channels, height, width, train, test, augment, notes: [] });
    trainer = new Trainer(data, { mean, std }, settings);
    const { spans, stepsPerEpoch, ternary } = trainer;
    return { spans, stepsPerEpoch, ternary };
  },
  async advance({ milliseconds, watch }: { readonly milliseconds: number; readonly watch: string | null }) {
    const now = running();
    const found = await now.advance(milliseconds);
    const matrix = watch === null ? undefined : await now.look(watch);
    return { ...found, isDone: now.isDone, ...(matrix && { matrix }) };
  },
  finish: () => running().finish(),
};

export type TrainingWorker = typeof methods;

serve(methods);
