/** What is tried with each model: a command of the program, or a comparison of runtimes, and what its answer says. */

import { join } from 'node:path';

export const stepNames = ['inspect', 'cost', 'float', 'int8', 'compress', 'runtime'] as const;
export type StepName = (typeof stepNames)[number];

/** Where a model and everything around it are. */
export interface Place {
  readonly model: string;
  readonly images: string;
  /** For what steps write. */
  readonly scratch: string;
}

export interface Step {
  /** `tritbank` with these arguments, or a script of this directory. */
  readonly run: 'tritbank' | 'compare-runtimes.ts';
  readonly args: (place: Place) => readonly string[];
  /** The figure that the table shows, from the JSON that was printed. */
  readonly figure: (answer: Answer) => string;
  /** Why an answer is not good enough; undefined where it is. */
  readonly fault?: (answer: Answer) => string | undefined;
}

/** Fields of several commands' answers. */
export interface Answer {
  readonly layers?: readonly { readonly candidate?: boolean }[];
  readonly bytes?: number | { readonly after: number };
  readonly macs?: number;
  readonly error?: number;
  readonly sameTop?: number;
  readonly images?: number;
}

/** Of the range of the scores. */
const tolerance = 1e-4;
const compared = 20;

const megabytes = ({ bytes = 0 }: Answer) =>
  `${((typeof bytes === 'number' ? bytes : bytes.after) / 1e6).toFixed(2)} MB`;

export const steps: { readonly [K in StepName]: Step } = {
  inspect: {
    run: 'tritbank',
    args: ({ model }) => ['inspect', model, '--json'],
    figure: ({ layers = [] }) => `${layers.filter(({ candidate }) => candidate).length} of ${layers.length}`,
  },
  cost: {
    run: 'tritbank',
    args: ({ model }) => ['cost', model, '--json'],
    figure: ({ macs }) => (macs === undefined ? 'yes' : `${(macs / 1e6).toFixed(0)} M`),
  },
  float: {
    run: 'tritbank',
    args: ({ model, scratch }) => [
      'export',
      model,
      '--to',
      'onnx',
      '--out',
      join(scratch, 'float.onnx'),
      '--force',
      '--json',
      '--quiet',
    ],
    figure: megabytes,
  },
  int8: {
    run: 'tritbank',
    args: ({ model, images, scratch }) => [
      ...['export', model, '--to', 'onnx', '--activations', 'int8', '--data', images, '--images', '8'],
      ...['--out', join(scratch, 'int8.onnx'), '--force', '--json', '--quiet'],
    ],
    figure: megabytes,
  },
  compress: {
    run: 'tritbank',
    args: ({ model, images, scratch }) => [
      ...['compress', model, '--data', images, '--images', '8', '--uniform', '0.5,1.5', '--no-training'],
      ...['--out', join(scratch, 'compressed'), '--force', '--json', '--quiet'],
    ],
    figure: megabytes,
  },
  runtime: {
    run: 'compare-runtimes.ts',
    args: ({ model }) => [model, `${compared}`],
    figure: ({ error = Number.NaN }) => error.toExponential(0),
    fault: ({ error = Number.NaN, sameTop, images }) =>
      error <= tolerance && sameTop === images
        ? undefined
        : `${error.toExponential(1)}, ${sameTop} of ${images} the same`,
  },
};
