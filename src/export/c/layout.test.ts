/** Folders of the three layouts: what build systems look for, and code in one place only. */

import { describe, expect, it } from 'vitest';
import { gridNetworks } from '../../../scripts/mcu/grid.ts';
import { exportC } from './export-c.ts';

const network = gridNetworks().at(-3)!;
const filesOf = (layout?: 'plain' | 'arduino' | 'zephyr') =>
  exportC(network, { name: 'spot', drawn: 1, ...(layout && { layout }) }).files;

describe('layouts', () => {
  it('plain has all files side by side', () => {
    expect([...filesOf().keys()].sort()).toEqual([
      ...['CMakeLists.txt', 'Makefile', 'README.md', 'spot.c', 'spot.h', 'test.c'],
      ...['tritbank_kernels.c', 'tritbank_kernels.h'],
    ]);
  });

  it('arduino has a library with a sketch that runs the network', () => {
    const files = filesOf('arduino');
    expect(files.get('library.properties')).toContain('name=spot\n');
    expect(files.get('examples/classify/classify.ino')).toContain('spot_run(input, scores);');
    expect(files.has('src/spot.c') && files.has('src/tritbank_kernels.c')).toBe(true);
    // nothing that the builder of sketches would compile besides
    expect([...files.keys()].filter((path) => path.endsWith('.c') && !path.startsWith('src/'))).toEqual([
      'extras/test/test.c',
    ]);
    expect(files.get('extras/test/Makefile')).toContain('SOURCES = ../../src/spot.c ../../src/tritbank_kernels.c');
  });

  it('zephyr has a module that Kconfig turns on, and a sample', () => {
    const files = filesOf('zephyr');
    expect(files.get('zephyr/module.yml')).toContain('kconfig: Kconfig');
    expect(files.get('Kconfig')).toContain('config TRITBANK_SPOT');
    expect(files.get('CMakeLists.txt')).toContain('if(CONFIG_TRITBANK_SPOT)');
    expect(files.get('samples/classify/prj.conf')).toContain('CONFIG_TRITBANK_SPOT=y');
    expect(files.get('samples/classify/src/main.c')).toContain('spot_best(scores)');
    expect(files.get('tests/Makefile')).toContain('-I../src/');
  });
});
