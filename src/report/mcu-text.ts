/** A network on a microcontroller, as tables. */

import type { McuResult, StepMeasure } from '../mcu/index.ts';
import type { Column } from './columns.ts';
import { formatCount, formatFixed, formatPercent } from './format.ts';
import { alignTable, printNote } from './text-table.ts';

export const mcuFigures = ['instructions', 'estimatedCycles', 'flash', 'ram'] as const;

export const stepColumns: readonly Column<StepMeasure>[] = [
  { head: 'kernel', cell: ({ kernel }) => kernel },
  { head: 'instructions', hint: 'of one image', cell: ({ instructions }) => formatCount(instructions) },
  {
    head: 'cycles',
    hint: 'estimated of the instructions',
    cell: ({ estimatedCycles }) => formatCount(estimatedCycles),
  },
  { head: 'flash', hint: 'bytes of constants', cell: ({ flash }) => formatCount(flash) },
];

/** Bytes of flash that are no constants. */
export const codeBytes = ({ flash, steps }: Pick<McuResult, 'flash' | 'steps'>): number =>
  flash - steps.reduce((sum, step) => sum + step.flash, 0);

/** A share of all instructions, as `12.3`. */
export const shareText = ({ instructions }: StepMeasure, all: number): string =>
  formatPercent(all > 0 ? instructions / all : 0, 1);

/** Steps, then all figures beside the control's. No line end behind the last line. */
export function printMcu(result: McuResult): string {
  const { steps, control } = result;
  const all = ['all', '', ...(['instructions', 'estimatedCycles', 'flash'] as const).map((key) => result[key])];
  const share = (key: (typeof mcuFigures)[number]) => {
    return [key, formatCount(result[key]), formatCount(control[key]), formatFixed(result[key] / control[key], 2)];
  };
  return [
    alignTable(
      ['step', ...stepColumns.map(({ head }) => head)],
      steps.map((step) => [step.name, ...stepColumns.map(({ cell }) => cell(step))]),
      all.map((cell) => (typeof cell === 'number' ? formatCount(cell) : cell)),
    ),
    '',
    alignTable([result.core, 'model', 'int8 control', 'ratio'], mcuFigures.map(share)),
    '',
    printNote(`cycles: ${result.cycles}`),
  ].join('\n');
}
