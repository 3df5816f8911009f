/** The report of `tritbank mcu`: a network on a microcontroller, layer by layer, and what lies in its memories. */

import type { McuResult, StepMeasure } from '../mcu/index.ts';
import { drawLayerBars } from './charts/layer-bars.ts';
import { drawMemoryMap } from './charts/memory-map.ts';
import { renderColumns } from './columns.ts';
import { type Fact, renderDocument, renderFacts, section, tile } from './document.ts';
import { formatCount, formatDate, formatFixed, formatKilobytes } from './format.ts';
import { html, type Markup } from './html.ts';
import { codeBytes, shareText, stepColumns } from './mcu-text.ts';

export interface McuReport {
  readonly title: string;
  readonly generatedBy: string;
  readonly command: string;
  /** ISO 8601. */
  readonly date: string;
  readonly result: McuResult;
}

const names = { convolution: 'convolutions', depthwise: 'depthwise', connected: 'fully connected' } as const;
const colors = { convolution: 'var(--macs)', depthwise: 'var(--additions)', connected: 'var(--products)' } as const;
const other = { name: 'others', color: 'var(--fp)' };
const isNamed = (kernel: string): kernel is keyof typeof colors => Object.hasOwn(colors, kernel);
const colorOf = ({ kernel }: StepMeasure) => (isNamed(kernel) ? colors[kernel] : other.color);

function legendOf(steps: readonly StepMeasure[]) {
  const found = (['convolution', 'depthwise', 'connected'] as const).filter((kind) =>
    steps.some(({ kernel }) => kernel === kind),
  );
  const items = found.map((kind) => ({ name: names[kind], color: colors[kind] }));
  return steps.some(({ kernel }) => !isNamed(kernel)) ? [...items, other] : items;
}

function drawInstructions({ steps, instructions }: McuResult): Markup {
  return drawLayerBars({
    title: 'Instructions of each step',
    xLabel: 'Instructions (M)',
    names: steps.map(({ name }) => name),
    legend: legendOf(steps),
    bars: steps.map((step, row) => ({
      ...{ row, x1: 0, x2: step.instructions / 1e6, color: colorOf(step) },
      title: `${step.name} (${step.kernel})\n${formatCount(step.instructions)} instructions, ${shareText(step, instructions)} %`,
    })),
  });
}

/** Constants of each step, and the code of all. */
function drawFlash(result: McuResult): Markup {
  const { steps } = result;
  const code = codeBytes(result);
  const bars = steps.map((step, row) => ({
    ...{ row, x1: 0, x2: step.flash / 1024, color: colorOf(step) },
    title: `${step.name} (${step.kernel})\n${formatCount(step.flash)} bytes of constants`,
  }));
  const all = {
    row: steps.length,
    x1: 0,
    x2: code / 1024,
    color: 'var(--energy)',
    title: `${formatCount(code)} bytes`,
  };
  return drawLayerBars({
    title: 'Flash',
    xLabel: 'Flash (KB)',
    names: [...steps.map(({ name }) => name), 'code'],
    legend: [...legendOf(steps), { name: 'code of all', color: all.color }],
    bars: [...bars, all],
  });
}

export function renderMcuPage({ title, generatedBy, command, date, result }: McuReport): string {
  const { core, optimize, measured, cycles, steps, control, instructions, flash, ram, arena, stack } = result;
  const against = (key: 'instructions' | 'estimatedCycles' | 'flash' | 'ram') =>
    `${formatFixed(result[key] / control[key], 2)} of the int8 control's`;
  const constants = formatCount(flash - codeBytes(result));
  const facts: Fact[] = [
    { term: 'Core', texts: [core] },
    {
      term: 'Instructions',
      texts: [measured ? 'counted on QEMU, every layer equal to the runtime' : 'predicted by cost functions'],
      form: 'long',
    },
    { term: 'Optimized for', texts: [optimize] },
    { term: 'Cycles', texts: [cycles], form: 'long' },
    { term: 'Flash', texts: [`${constants} bytes of constants, ${formatCount(codeBytes(result))} of code`] },
    { term: 'RAM', texts: [`${formatCount(arena)} bytes of arena, ${formatCount(stack)} of stack`] },
    { term: 'Date', texts: [formatDate(date)] },
    { term: 'Command', texts: [command], form: 'code' },
  ];
  const share = {
    head: 'share (%)',
    hint: 'of all instructions',
    cell: (step: StepMeasure) => shareText(step, instructions),
  };
  const total = ['', formatCount(instructions), formatCount(result.estimatedCycles), constants, ''];
  return renderDocument({
    title,
    lead: 'Flash, RAM and instructions of one image, beside the same network in int8 by the same kernels',
    generatedBy,
    head: html`<dl class="tiles">
${tile('Instructions', formatFixed(instructions / 1e6, 2), 'M', against('instructions'))}
${tile('Cycles, estimated', formatFixed(result.estimatedCycles / 1e6, 2), 'M', against('estimatedCycles'))}
${tile('Flash', formatKilobytes(flash), 'KB', against('flash'))}
${tile('RAM', formatKilobytes(ram), 'KB', against('ram'))}
</dl><div class="card">${renderFacts(facts)}</div>`,
    sections: [
      section('Steps', html`<div class="pair">${drawInstructions(result)}${drawFlash(result)}</div>`),
      section(
        'Memory',
        drawMemoryMap(
          result.memory,
          steps.map(({ name }) => name),
          arena,
        ),
      ),
      section(
        'All steps',
        html`<div class="card">${renderColumns({
          corner: 'step',
          columns: [...stepColumns, share],
          rows: steps.map((row) => ({ name: row.name, row })),
          total: ['all', ...total],
          isDense: true,
        })}</div>`,
      ),
    ],
  });
}
