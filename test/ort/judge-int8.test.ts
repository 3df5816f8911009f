import { expect, test } from 'vitest';
import { chooseTensors } from '../../src/export/onnx/int8/choose.ts';
import { findFaults, judgeInt8, measureAgreement } from '../../src/export/onnx/int8/judge.ts';
import { Linear, normalizeNetwork } from '../../src/passes/index.ts';
import { calibration, deployed } from './export-helper.ts';

const network = normalizeNetwork(deployed('mobilenet-v1', { method: 'fp' }));
const fine = { scale: 1e-3, zero: 128 };
const tensors = chooseTensors(network)
  .filter((value) => value.producer)
  .slice(0, 4);
const worst = tensors[2]!;
const levels = new Map(tensors.map(({ name }) => [name, { scale: 0.05, zero: 0 }] as const));

test('the tensor that is rounded to nothing is found', async () => {
  const faults = await findFaults(
    { graph: network, levels: new Map([...levels, [worst.name, { scale: 1e6, zero: 0 }]]) },
    calibration,
  );
  expect(faults).toHaveLength(tensors.length);
  const errors = faults.map(({ error }) => error);
  expect(errors).toEqual([...errors].sort((a, b) => b - a));
  expect(network.nodes.some(({ op }) => op === 'QuantizeLinear')).toBe(false);
  // the layer whose output it is, activations passed over
  let producer = worst.producer!;
  while (producer.op !== 'Conv') producer = producer.input(0).producer!;
  expect(faults[0]!.layer).toBe(producer.name);
});

test('a network that says something else is warned of, one that says the same is not', async () => {
  const warnings: string[] = [];
  const rounding = { graph: network, levels: new Map([[worst.name, fine]]) };
  const listening = { ...calibration, warn: (line: string) => warnings.push(line) };
  await judgeInt8(network, network.clone(), rounding, listening);
  expect(warnings).toEqual([]);
  expect(await measureAgreement(network, network.clone(), calibration)).toBe(1);
  const other = network.clone();
  const bias = other.nodes.map(Linear.of).findLast((linear) => linear?.filters === 10)!.node.inputs[2]!;
  const wrong = Float32Array.from({ length: 10 }, (_, i) => 1e12 * (9 - i));
  bias.constant = { dtype: 'float32', dims: [...bias.constant!.dims], data: wrong };
  await judgeInt8(network, other, rounding, listening);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^8-bit activations change the prediction of \d+\.\d % of the calibration images/);
  expect(warnings[0]).toMatch(/rounding what these compute: \S+ \([\d.e-]+ % of the scores' variance\)/);
});
