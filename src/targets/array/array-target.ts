/**
 * An array of the accelerator as a target. The uncompressed network is compiled for it; a layer that becomes a bank has
 * other tasks in place of its own, and everything else, copies and additions included, stays as it was.
 *
 * With several images in flight an array is as fast as the busier of its engines, or slower where they wait for each
 * other: cycles of each engine add up, and `totals` puts all tasks in the compiler's order for a stream of images. With one
 * image at a time, each step takes as long as the longer of its tasks.
 */

import { type ArrayParameters, orderTasks, type Task, type TaskTime } from '../../accelerator/index.ts';
import { compileStream } from '../../hardware/index.ts';
import { type IntegerLayer, type IntegerNetwork, isPointwise } from '../../integer/index.ts';
import { TritbankError } from '../../ir/index.ts';
import type { BankShape, PlanningTarget, Resource } from '../target.ts';
import { bankTasks, engineCycles, type FilterTask } from './bank-tasks.ts';
import { ListLengths } from './list-lengths.ts';

/** Whether the compiler may deal the channels that a layer reads to sets of banks. */
function isDealt(layer: IntegerLayer, { layers }: IntegerNetwork): boolean {
  if (layer.kind !== 'convolution' || !isPointwise(layer)) return false;
  const { tensor } = layer.x;
  return layers.every((other) => other.kind !== 'addition' || (other.a.tensor !== tensor && other.b.tensor !== tensor));
}

const timeOf = ({ step, cycles, instruction: { engine } }: Task): TaskTime => ({ step, cycles, engine });

const enginesOf = ({ adders }: ArrayParameters): readonly Resource[] =>
  adders > 0
    ? [
        { name: 'MAC cycles', limit: 'cycles' },
        { name: 'adder cycles', limit: 'cycles' },
      ]
    : [{ name: 'MAC cycles', limit: 'cycles' }];

/**
 * The target for `network`, which is uncompressed and in 8 bits. Errors are those of `compileNetwork`: E_UNSUPPORTED for
 * layers that arrays do not have, E_LIMIT for a network that does not fit.
 */
export function arrayTarget(name: string, network: IntegerNetwork, array: ArrayParameters): PlanningTarget {
  const compiled = compileStream(network, array);
  const { images } = compiled.array;
  const isStream = array.adders === 0 || compiled.inFlight > 1;
  const lengths = new ListLengths(array);
  const tasksOf = new Map<string, Task[]>();
  for (const task of compiled.tasks) {
    const layer = network.layers[task.layer]!.name;
    tasksOf.set(layer, [...(tasksOf.get(layer) ?? []), task]);
  }

  const filterTask = (layer: string): FilterTask => {
    const [task, ...others] = tasksOf.get(layer) ?? [];
    const instruction = task?.instruction;
    if (others.length > 0 || instruction?.engine !== 'mac' || instruction.isTaps) {
      const found = task ? 'another layer' : 'none of that name';
      throw new TritbankError('E_UNSUPPORTED', `layer '${layer}'`, `expected filters on the array, found ${found}`);
    }
    return { step: task!.step, instruction, isDealt: isDealt(network.layers[task!.layer]!, network) };
  };
  const tasksIn = (layer: string, bank: BankShape | undefined): TaskTime[] =>
    bank
      ? bankTasks(filterTask(layer), bank, array, lengths, `layer '${layer}'`)
      : (tasksOf.get(layer) ?? []).map(timeOf);
  const figures = (tasks: readonly TaskTime[]): number[] => {
    const [mac, adder] = [engineCycles(tasks, 'mac'), engineCycles(tasks, 'adder')];
    if (!isStream) return [Math.max(mac, adder)];
    return array.adders > 0 ? [mac, adder] : [mac];
  };

  return {
    name,
    resources: isStream ? enginesOf(array) : [{ name: 'cycles', limit: 'cycles' }],
    cost: (layer, bank) => {
      if (!bank) filterTask(layer);
      return figures(tasksIn(layer, bank));
    },
    whole: figures(compiled.tasks.map(timeOf)),
    totals: (banks) => {
      const tasks = [...tasksOf.keys()].flatMap((layer) => tasksIn(layer, banks.get(layer)));
      return { cycles: orderTasks(tasks, images, compiled.inFlight).cycles / images };
    },
  };
}
