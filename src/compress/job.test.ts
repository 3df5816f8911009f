import { expect, it } from 'vitest';
import { ofControl, warningsTo } from './job.ts';

it('warnings of the control say so; those of the job stay', () => {
  const lines: string[] = [];
  const job = { options: { warn: (line: string) => lines.push(line) } } as unknown as Parameters<typeof warningsTo>[0];
  warningsTo(ofControl(job)).warn?.('8-bit activations');
  warningsTo(job).warn?.('odd data');
  expect(lines).toEqual(['the control (control.onnx): 8-bit activations', 'odd data']);
  const silent = { options: {} } as typeof job;
  expect(warningsTo(ofControl(silent))).toEqual({});
});
