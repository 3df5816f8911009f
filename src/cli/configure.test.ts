import { expect, it } from 'vitest';
import { imageFormOptions } from '../classifier/form-options.ts';
import type { ImageForm } from '../classifier/image-form.ts';
import { TritbankCommand } from './command.ts';
import { addConfigOptions, givenChanges } from './configure.ts';

const table = { Data: imageFormOptions };

function parse(...args: readonly string[]): ImageForm {
  const command = new TritbankCommand('look').exitOverride().configureOutput({ writeErr: () => undefined });
  addConfigOptions<ImageForm>(command, table, {});
  command.parse([...args], { from: 'user' });
  return givenChanges<ImageForm>(command, table, {});
}

it('sizes are one number, or two', () => {
  expect(parse('--input-size', '64')).toEqual({ inputSize: 64 });
  expect(parse('--input-size', '40x60')).toEqual({ inputSize: { height: 40, width: 60 } });
});

it.each(['64x', 'x64', '64x64x3', '64,32', '', '0'])("'%s' is no size", (given) => {
  expect(() => parse('--input-size', given)).toThrow('pixels from 1 to 4096, or HEIGHTxWIDTH');
});

it('a whole and a part of it are not given together', () => {
  expect(parse('--mean', '1', '--std', '2')).toEqual({ normalisation: { mean: [1], std: [2] } });
  const both = () => parse('--mean', '1', '--std', '2', '--normalization', 'tf');
  expect(both).toThrow('--mean: expected it without --normalization, found both');
  expect(both).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
});
