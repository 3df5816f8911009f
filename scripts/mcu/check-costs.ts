/**
 * What predictions of steps by their shapes alone miss, of the counts that `fit-costs.ts` made:
 *
 *   npx tsx scripts/mcu/check-costs.ts [CORE...]
 */

import { shapeOf } from '../../src/mcu/costs/steps.ts';
import { predictStep } from '../../src/mcu/costs.ts';
import { type CoreName, coreNames } from '../../src/mcu/index.ts';
import { count, describeErrors } from './count.ts';
import { gridNetworks } from './grid.ts';

const names = process.argv.slice(2) as CoreName[];
for (const core of names.length > 0 ? names : coreNames) {
  const errors: { instructions: number; flash: number }[] = [];
  for (const network of gridNetworks()) {
    const { steps, program } = await count(network, core);
    for (const [i, step] of program.steps.entries()) {
      const shape = shapeOf(step);
      if (!shape) continue;
      const room = program.room.get(step.name) ?? 0;
      const { instructions, flash } = predictStep(core, { ...shape, room });
      const error = { instructions: instructions / steps[i]!.instructions - 1, flash: flash / program.flash[i]! - 1 };
      errors.push(error);
      if (process.env.VERBOSE) console.log(JSON.stringify({ core, network: network.name, room, ...error, ...shape }));
    }
  }
  console.log(`${core} instructions: ${describeErrors(errors.map((e) => e.instructions))}`);
  console.log(`${core} flash: ${describeErrors(errors.map((e) => e.flash))}`);
}
