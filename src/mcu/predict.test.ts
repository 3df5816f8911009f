/** Predictions of a program beside its files, and which controls may stand beside a model. */

import { expect, it } from 'vitest';
import { gridNetworks } from '../../scripts/mcu/grid.ts';
import { exportC } from '../export/c/index.ts';
import { coreNames, coreOf } from './cores.ts';
import { checkControl } from './measure-model.ts';
import { predictCores, predictOnCore } from './predict.ts';

const network = gridNetworks().at(-3)!;

it('the README of an export says what every core takes', () => {
  const { files, program } = exportC(network, { name: 'spot', drawn: 1, costs: predictCores });
  const rows = files.get('README.md')!.split('\n');
  for (const core of coreNames) {
    const { flash, ram, instructions } = predictOnCore({ program }, coreOf(core));
    const row = rows.find((line) => line.startsWith(`| ${core} |`))!;
    expect(row).toContain(`| ${flash.toLocaleString('en-US')} | ${ram.toLocaleString('en-US')} |`);
    expect(Number(row.split('|')[2])).toBeCloseTo(instructions / 1e6, 2);
  }
  expect(exportC(network, { name: 'spot', drawn: 1 }).files.get('README.md')).not.toContain('cortex-m4 |');
});

it('a control is of the same images and classes', () => {
  const { tensor } = network.input;
  const wider = { ...network, input: { ...network.input, tensor: { ...tensor, width: tensor.width + 1 } } };
  expect(() => checkControl('control.onnx', network, { ...network, layers: [] })).not.toThrow();
  const found = `found images of ${tensor.channels} x ${tensor.height} x ${tensor.width + 1} in`;
  expect(() => checkControl('control.onnx', network, wider)).toThrow(found);
});
