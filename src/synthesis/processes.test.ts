import { expect, it } from 'vitest';
import { processOf } from './processes.ts';

it('tells a library by its name', () => {
  const names = ['osu018_stdcells', 'sky130_fd_sc_hd__tt_025C_1v80_subset', 'sg13g2_stdcell_typ_1p20V_25C', 'tiny'];
  expect(names.map((name) => processOf({ name }))).toEqual(['osu018', 'sky130', 'sg13g2', undefined]);
});
