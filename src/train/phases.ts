/** Which phases a run has, and for how many epochs each. */

import type { TrainConfig } from './config.ts';
import type { Phase } from './records.ts';

export interface PhaseSpan {
  readonly phase: Phase;
  readonly epochs: number;
  /** Epochs of the run before this phase. */
  readonly before: number;
}

const names: readonly Phase[] = ['full', 'ternary', 'frozen'];

/** Full precision: all epochs alike, or first those of a new head. */
function planFull({ epochs, headEpochs = 0 }: Pick<TrainConfig, 'epochs' | 'headEpochs'>): PhaseSpan[] {
  const head = Math.min(headEpochs, epochs);
  const spans: readonly PhaseSpan[] = [
    { phase: 'head', epochs: head, before: 0 },
    { phase: 'full', epochs: epochs - head, before: head },
  ];
  return spans.filter((span) => span.epochs > 0);
}

/**
 * Splits the epochs by the configured shares. Every phase with a share above 0 gets at least one epoch as long as
 * there are enough; the ternary phase comes first in line, since without it nothing is ternary.
 */
export function planPhases(config: Pick<TrainConfig, 'method' | 'epochs' | 'phases' | 'headEpochs'>): PhaseSpan[] {
  if (config.method === 'fp') return planFull(config);
  const total = config.phases.reduce((a, b) => a + b, 0);
  const epochs = config.phases.map((share) => Math.floor((share / total) * config.epochs));
  const priority = [1, 0, 2];
  const spare = () => config.epochs - epochs.reduce((a, b) => a + b, 0);
  for (const i of priority) if (epochs[i] === 0 && config.phases[i]! > 0 && spare() > 0) epochs[i] = 1;
  while (spare() > 0) {
    const wanting = priority.filter((i) => config.phases[i]! > 0);
    const lack = (i: number) => (config.phases[i]! / total) * config.epochs - epochs[i]!;
    const next = wanting.reduce((best, i) => (lack(i) > lack(best) ? i : best));
    epochs[next]!++;
  }
  const spans: PhaseSpan[] = [];
  let before = 0;
  for (const [i, phase] of names.entries()) {
    if (epochs[i] === 0) continue;
    spans.push({ phase, epochs: epochs[i]!, before });
    before += epochs[i]!;
  }
  return spans;
}
