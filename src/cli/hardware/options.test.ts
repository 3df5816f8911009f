import { expect, test } from 'vitest';
import { arrayFrom, ofLibraries, processFrom, refuseGiven, type ToolOptions } from './options.ts';
import { checkImageChoice } from './quantized-images.ts';

test.each([
  [{ lanes: 10 }, { lanes: 10, adderRate: 2 }],
  [
    { lanes: 6, adders: 0 },
    { lanes: 6, adders: 0 },
  ],
  [{ inputs: 5 }, { inputs: 5, copies: 1 }],
  [{ weights: 'five-trits' }, { ternary: 'five-trits', inputs: 5, copies: 1 }],
  [{ array: 'lists x2' }, { macs: 2, inputs: 8, copies: 4, inFlight: 4 }],
] as const)('what is not given fits what is: %j', async (options, array) => {
  expect(await arrayFrom(options)).toMatchObject(array);
});

test('the memories are made in the process of the cells, or in the one that is asked for', async () => {
  const opened = (name: string) => ({ path: '', text: '', library: { name, volts: 1, cells: new Map() } });
  expect(await processFrom(undefined, opened('sky130_fd_sc_hd__tt'))).toBe('sky130');
  expect(await processFrom('sg13g2', opened('sky130_fd_sc_hd__tt'))).toBe('sg13g2');
  await expect(processFrom(undefined, opened('own'))).rejects.toThrow(
    /^--memory: expected .* 'own' is not known, found none/,
  );
});

test.each([
  [{ array: 'mac', macs: 2 }, '--macs: expected it without --array, found both'],
  [{ array: 'fast' }, "--array: expected one of mac, mac x2, mac x4, lists, lists x2, trits, or an array's JSON file"],
  [{ adders: 0, inputs: 8 }, '--inputs: expected it with adders, without --adders 0, found both'],
  [{ weights: 'trits', gapBits: 4 }, '--gap-bits: expected it with --weights lists, without trits, found both'],
  [{ lanes: 10, adderRate: 4 }, '--adder-rate: expected a divisor of 10 lanes, found 4'],
] as const)('no option is passed over: %j', async (options, message) => {
  await expect(arrayFrom(options)).rejects.toThrow(message);
});

test.each([
  [{ seed: 1, data: 'images' }, {}, '--seed: expected it without --data, for noise, found both'],
  [{ dataDir: 'x' }, {}, '--data: expected images for --data-dir, found none'],
  [{}, { inputSize: 32 }, '--data: expected images for --input-size, found none'],
] as const)('nor one about images: %j %j', (choice, form, message) => {
  expect(() => checkImageChoice(choice, form)).toThrow(message);
  expect(() => checkImageChoice({ data: 'images' }, form)).not.toThrow();
});

test('a flag that is off is called by its name', () => {
  expect(() => refuseGiven<ToolOptions>({ cache: false }, ofLibraries, 'without --fpga')).toThrow(
    /^--no-cache: expected it without/,
  );
  expect(() => refuseGiven<ToolOptions>({ cache: true }, ofLibraries, 'without --fpga')).not.toThrow();
});
