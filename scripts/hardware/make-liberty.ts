/**
 * Writes hardware/liberty/sky130hd-subset.lib, the library that is built in, from SkyWater's full one:
 *
 *   npx tsx scripts/hardware/make-liberty.ts sky130hd_tt.lib.gz
 */

import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { writeFileAtomic } from '../../src/files/index.ts';
import { parseGroups } from '../../src/synthesis/liberty/groups.ts';
import { subsetLibrary } from './liberty-subset.ts';

/** The cells that yosys chose most often for a MAC, adder lanes and a requantizer, and what else it has to have. */
const cells = [
  ...['inv_1', 'buf_1', 'and2_0', 'and3_1', 'or2_0', 'or3_1'],
  ...['nand2_1', 'nand2b_1', 'nand3_1', 'nand4_1', 'nor2_1', 'nor2b_1', 'nor3_1', 'nor4_1'],
  ...['a21o_1', 'a21oi_1', 'a211oi_1', 'a22oi_1', 'a221oi_1', 'a31oi_1'],
  ...['o21a_1', 'o21ai_0', 'o211ai_1', 'o22a_1', 'o22ai_1', 'o221ai_1'],
  ...['xor2_1', 'xnor2_1', 'xnor3_1', 'maj3_1', 'mux2_1', 'mux2i_1', 'mux4_1', 'dfxtp_1', 'edfxtp_1'],
];

const target = join(resolve(import.meta.dirname, '..', '..'), 'hardware', 'liberty', 'sky130hd-subset.lib');

const [path] = process.argv.slice(2);
if (path === undefined) {
  console.error('expected the full library, sky130hd_tt.lib.gz (hardware/liberty/README.md says where it is)');
  process.exit(2);
}
const bytes = readFileSync(path);
const full = parseGroups((bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8'), path);
const count = full.groups.filter(({ name }) => name === 'cell').length;
const text = subsetLibrary(
  full,
  {
    cells: cells.map((cell) => `sky130_fd_sc_hd__${cell}`),
    name: `${full.args[0]}_subset`,
    heading: [
      `${cells.length} of the ${count} cells of ${full.args[0]}, tables thinned: see README.md.`,
      'Copyright 2020 The SkyWater PDK Authors. SPDX-License-Identifier: Apache-2.0',
      `Made by scripts/hardware/make-liberty.ts from ${basename(path)}.`,
    ],
  },
  path,
);
writeFileAtomic(target, text);
console.log(`${target}: ${cells.length} cells, ${Buffer.byteLength(text).toLocaleString('en-US')} bytes`);
