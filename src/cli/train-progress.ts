/**
 * Progress of one or several training runs as one count of training images, so that the time left is that of the whole
 * command. After each epoch a line says how it went.
 */

import { formatCount } from '../report/format.ts';
import type { TrainProgress } from '../train/index.ts';
import type { EpochRecord } from '../train/records.ts';
import { warn, writeLine } from './output.ts';
import { createProgress, type Progress } from './progress.ts';

export interface TrainReporter {
  /** Says which run comes next, and how many epochs of the command lie before it. */
  next(name: string, epochsBefore: number): void;
  /** For `trainNetwork`. */
  readonly onProgress: (event: TrainProgress) => void;
  /** A warning; it is shown with `--quiet` too. */
  readonly warn: (line: string) => void;
  note(line: string): void;
  stop(): void;
}

/** @param epochs  of all runs of the command together */
export function createTrainReporter(label: string, epochs: number, quiet: boolean): TrainReporter {
  let progress: Progress | undefined;
  let run = '';
  let before = 0;
  const note = (line: string) => {
    if (quiet) return;
    if (progress) progress.note(line);
    else writeLine(line);
  };
  // The number of training images is known from the first report on.
  const update = ({ epoch, epochs: runEpochs, phase, done, total, loss }: TrainProgress) => {
    const position = (before + epoch - 1) * total + done;
    // the pace is that of what comes from here on: a resumed epoch may be half done
    progress ??= createProgress({ label, total: epochs * total, unit: 'images', initial: position, quiet });
    const name = phase === 'full' ? `${epoch}/${runEpochs}` : `${epoch}/${runEpochs} ${phase}`;
    progress.update(position, { ...(run && { run }), epoch: name, ...(loss !== undefined && { loss }) });
  };
  const evaluate = ({ epoch, epochs: runEpochs, done, total }: TrainProgress) => {
    const evaluated = `${formatCount(done)}/${formatCount(total)}`;
    progress?.aside({ ...(run && { run }), epoch: `${epoch}/${runEpochs}`, evaluated });
  };
  return {
    next(name, epochsBefore) {
      run = name;
      before = epochsBefore;
    },
    onProgress(event) {
      if (event.kind === 'images') update(event);
      else if (event.kind === 'evaluate') evaluate(event);
      else if (event.kind === 'epoch-end' && event.record) note(describeEpoch(run, event.epochs, event.record));
      else if (event.kind === 'note' && event.message) note(event.message);
    },
    warn(line) {
      if (quiet || !progress) warn(line);
      else progress.note(`warning: ${line}`);
    },
    note,
    stop: () => progress?.stop(),
  };
}

const phaseWords = { head: ['head only'], full: [], ternary: ['ternary weights'], frozen: ['frozen weights'] } as const;

function describeEpoch(run: string, epochs: number, record: EpochRecord): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { split = 'test' } = record;
  const parts = [
    `${run ? `${run}: ` : ''}epoch ${record.epoch}/${epochs}`,
    ...phaseWords[record.phase],
    `loss ${record.trainLoss.toFixed(3)}`,
    `${split} loss ${record.testLoss.toFixed(3)}`,
    `${split === 'test' ? '' : `${split} `}top-1 ${percent(record.top1)}`,
    `${Math.round(record.imagesPerSecond)} images/s`,
  ];
  return parts.join('  ');
}
