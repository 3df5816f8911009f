/** `tritbank hardware`: the accelerator, measured. */

import { TritbankError } from '../../ir/errors.ts';
import type { TritbankCommand } from '../command.ts';
import { addEnergy } from './energy.ts';
import { addExplore } from './explore.ts';
import { addSimulate } from './simulate.ts';
import { addSynthesize } from './synthesize.ts';

const example = `tritbank hardware simulate model.int8.onnx --images 2
tritbank hardware synthesize --lanes 16 --macs 1 --adders 1 --inputs 4
tritbank hardware synthesize --fpga hx8k --module mac_lane
tritbank hardware energy --liberty cells.lib.gz --out own.json
tritbank hardware explore model.int8.onnx --report explore.html`;

export function addHardware(program: TritbankCommand): void {
  const hardware = program.command('hardware');
  hardware
    .summary('the accelerator in Verilog: area, clock, energy')
    .description(
      'The accelerator of hardware/: what it takes on a cell library or an FPGA. Works with npm packages alone: ' +
        'npm install @yowasp/yosys, and @yowasp/nextpnr-ice40 for FPGAs. docs/hardware-synthesis.md explains each figure.',
    )
    .helpCommand(false)
    .argument('[action]', 'simulate, synthesize, energy or explore')
    .action((found?: string) => {
      const names = hardware.commands.map((command) => command.name()).join(', ');
      const said = found === undefined ? 'none' : `'${found}'`;
      throw new TritbankError('E_USAGE', 'hardware', `expected one of ${names}, found ${said}`);
    })
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', `\nExample:\n${example.replace(/^/gm, '  ')}`);
  addSimulate(hardware);
  addSynthesize(hardware);
  addEnergy(hardware);
  addExplore(hardware);
}
