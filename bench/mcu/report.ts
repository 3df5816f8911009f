/** What `bench mcu` writes. */

import type { CoreName, McuMeasure } from '../../src/mcu/index.ts';
import type { Environment } from '../environment.ts';

/** Of the file on test images, as `compress` found it. */
export interface McuAccuracy {
  readonly top1: number;
  readonly samples: number;
  /** Wilson's, 95 %. */
  readonly interval: readonly [number, number];
}

type Figures = Pick<McuMeasure, 'instructions' | 'estimatedCycles' | 'flash' | 'ram'>;

export interface McuRow extends Figures {
  readonly network: string;
  readonly core: CoreName;
  /** `CMSIS-NN int8`, `int8` (the control), or a plan and what it is optimized for. */
  readonly contestant: string;
  /** CMSIS-NN: the largest difference of a score from ours, in steps of its 8 bits. */
  readonly difference?: number;
  readonly accuracy?: McuAccuracy;
  /** Over CMSIS-NN, where it is there. */
  readonly overCmsis?: Figures;
  /** Over the control. */
  readonly overControl: Figures;
}

export interface McuReport extends Environment {
  readonly benchmark: 'mcu';
  /** Revision of CMSIS-NN's header, and the compiler's version. */
  readonly cmsis?: string;
  readonly compiler: string;
  readonly flags: string;
  readonly rows: readonly McuRow[];
}

export const figures = ['instructions', 'estimatedCycles', 'flash', 'ram'] as const;

export const figuresOf = (measure: Figures): Figures => {
  const { instructions, estimatedCycles, flash, ram } = measure;
  return { instructions, estimatedCycles, flash, ram };
};

export const ratiosOf = (own: Figures, other: Figures): Figures => {
  const ratio = (key: keyof Figures) => Number((own[key] / other[key]).toFixed(3));
  return {
    ...{ instructions: ratio('instructions'), estimatedCycles: ratio('estimatedCycles') },
    ...{ flash: ratio('flash'), ram: ratio('ram') },
  };
};
