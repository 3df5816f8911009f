/** The files of `kernels-c` as two: what the steps of a program need, and no other. */

import { readFileSync } from 'node:fs';
import type { Step } from './steps.ts';

const folder = new URL('../../../kernels-c/', import.meta.url);

const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');

const needs: { readonly [K in Step['kind']]: readonly string[] } = {
  convolution: ['convolution.c'],
  depthwise: ['depthwise.c'],
  connected: ['connected.c'],
  pool: ['elementwise.c'],
  addition: ['elementwise.c'],
  table: ['elementwise.c'],
  channels: ['elementwise.c'],
  move: ['elementwise.c'],
  pad: ['elementwise.c'],
  dequantize: ['elementwise.c'],
  softmax: ['softmax.c'],
};

/** In this order, each at most once. */
const order = [
  'convolution.c',
  'ternary.c',
  'dense.c',
  'depthwise.c',
  'connected.c',
  'elementwise.c',
  'sum.c',
  'softmax.c',
];

export const kernelHeader = (): string => read('tritbank_kernels.h');

/** tritbank_kernels.c: headers in place of the lines that include them. */
export function kernelSource(steps: readonly Step[]): string {
  const wanted = new Set(steps.flatMap(({ kind }) => needs[kind]));
  if (steps.some((step) => step.kind === 'convolution' && step.sum)) wanted.add('sum.c');
  // a convolution calls the rows of both forms
  if (wanted.has('convolution.c')) for (const name of ['ternary.c', 'dense.c']) wanted.add(name);
  const included = new Set<string>();
  const expand = (name: string): string =>
    read(name).replace(/^#include "([\w.]+)"\n/gm, (line, header: string) => {
      if (included.has(header)) return '';
      included.add(header);
      return header === 'tritbank_kernels.h' ? line : expand(header);
    });
  return order
    .filter((name) => wanted.has(name))
    .map(expand)
    .join('\n');
}
