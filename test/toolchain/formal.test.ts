/** Proofs of small modules, for all inputs, and that they fail for modules that are wrong. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findYosys, runYosys } from '../../src/synthesis/yosys.ts';

const hardware = fileURLToPath(new URL('../../hardware/', import.meta.url));
const unchanged = (text: string) => text;

interface Proof {
  readonly module: string;
  /** Of the script, after the design has been read. */
  readonly commands: readonly string[];
  /** A module that is wrong, and what makes it so. */
  readonly wrong: (verilog: string) => string;
}

const prepared = (top: string, parameters = '') => [`hierarchy -top ${top} ${parameters}`, 'proc', 'flatten', 'opt'];

const proofs: readonly Proof[] = [
  {
    module: 'trit_decoder',
    commands: [...prepared('trit_decoder_check'), 'sat -verify -prove holds 1 trit_decoder_check'],
    wrong: (verilog) => verilog.replace("digit == 2'd0", "digit == 2'd2"),
  },
  {
    module: 'list_decoder',
    commands: [
      ...prepared('list_decoder_check'),
      // the first state is any: an enabled entry that starts a list sets both rows
      'sat -verify -tempinduct -set-init place 0 -set-init dut.last 0 -prove holds 1 -prove place dut.last list_decoder_check',
    ],
    wrong: (verilog) => verilog.replace('gap[0] && !is_skip', 'gap[0]'),
  },
  {
    module: 'rounder',
    commands: Array.from({ length: 64 }, (_, shift) => [
      'design -load source',
      ...prepared('rounder_check', `-chparam SHIFT ${shift}`),
      'sat -verify -prove holds 1 rounder_check',
    ]).flat(),
    wrong: (verilog) => verilog.replace("8'b0000001?: reach = 25'd4", "8'b0000001?: reach = 25'd2"),
  },
];

const prove = ({ module, commands }: Proof, edit: (verilog: string) => string) => {
  const files = {
    'module.v': edit(readFileSync(`${hardware}rtl/${module}.v`, 'utf8')),
    'check.v': readFileSync(`${hardware}formal/${module}_check.v`, 'utf8'),
  };
  const script = ['read_verilog module.v check.v', 'design -save source', ...commands];
  return runYosys(findYosys('npm'), { script, files, outputs: [] });
};

describe.each(proofs)('$module', (proof) => {
  test('does what its check says, for all inputs', async () => {
    await expect(prove(proof, unchanged)).resolves.toEqual({});
  }, 300_000);

  test('a mistake is found', async () => {
    const verilog = readFileSync(`${hardware}rtl/${proof.module}.v`, 'utf8');
    expect(proof.wrong(verilog)).not.toBe(verilog);
    await expect(prove(proof, proof.wrong)).rejects.toThrow(/proof did fail/);
  }, 300_000);
});
