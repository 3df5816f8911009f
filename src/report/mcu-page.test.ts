import { expect, test } from 'vitest';
import { drawnIntegerNetwork } from '../../test/integer-networks.ts';
import { exportC } from '../export/c/index.ts';
import { controlNetwork, coreOf, type McuResult, predictOnCore } from '../mcu/index.ts';
import { renderMcuPage } from './mcu-page.ts';
import { codeBytes, printMcu } from './mcu-text.ts';

function predicted(): McuResult {
  const core = coreOf('cortex-m4');
  const network = drawnIntegerNetwork(1);
  const of = (own: typeof network) => predictOnCore(exportC(own, { name: 'drawn', drawn: 1 }), core);
  const about = { model: 'drawn.onnx', core: 'cortex-m4', optimize: 'balanced', measured: false } as const;
  return { ...about, cycles: core.cycles, ...of(network), control: of(controlNetwork(network)) };
}

test('bars and a row for each step, and all blocks of the arena', () => {
  const result = predicted();
  const { steps, memory, control, instructions, flash } = result;
  const about = { title: 'A network', generatedBy: 'a test', command: 'mcu', date: '2026-01-01T00:00:00Z' };
  const page = renderMcuPage({ ...about, result });
  for (const { name } of steps) expect(page).toContain(`<th scope="row">${name}</th>`);
  // a bar without a length is left out
  const bars = (unit: string) => page.match(new RegExp(`[\\d,]+ ${unit}`, 'g')) ?? [];
  expect(bars('instructions, ')).toHaveLength(steps.filter((step) => step.instructions > 0).length);
  expect(bars('bytes of constants</title>')).toHaveLength(steps.filter((step) => step.flash > 0).length);
  expect(page).toContain(`${codeBytes(result).toLocaleString('en-US')} bytes</title>`);
  // drawn for wide and for narrow screens
  expect(page.match(/bytes at [\d,]+, step/g)).toHaveLength(2 * memory.length);
  expect(page).toContain('predicted by cost functions');
  expect(page).toContain(`${(instructions / control.instructions).toFixed(2)} of the int8 control`);
  expect(steps.reduce((sum, step) => sum + step.flash, codeBytes(result))).toBe(flash);
});

test('the terminal has a line for each step and the figures beside the control', () => {
  const result = predicted();
  const lines = printMcu(result).split('\n');
  expect(lines.slice(2, 2 + result.steps.length).map((line) => line.trim().split(/\s{2,}/)[0])).toEqual(
    result.steps.map(({ name }) => name),
  );
  expect(lines.find((line) => line.startsWith('ram'))).toContain(result.ram.toLocaleString('en-US'));
});
