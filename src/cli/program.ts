/** The program's commands. */

import { addAnalyze } from './analyze.ts';
import { addBench } from './bench.ts';
import { TritbankCommand, version } from './command.ts';
import { addCompare } from './compare.ts';
import { addCompletion } from './completion.ts';
import { addCompress } from './compress.ts';
import { addConvert } from './convert.ts';
import { addCost } from './cost.ts';
import { addData } from './data.ts';
import { addDemo } from './demo.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addEval } from './eval.ts';
import { addExport } from './export.ts';
import { addFineTune } from './fine-tune.ts';
import { addHardware } from './hardware/hardware.ts';
import { addInspect } from './inspect.ts';
import { addMcu } from './mcu.ts';
import { addRun } from './run.ts';
import { addStudio } from './studio.ts';
import { addSweep } from './sweep.ts';
import { addTable1 } from './table1.ts';
import { addTrain } from './train.ts';
import { addZoo } from './zoo.ts';

/** The program with all of its commands; `parseAsync` throws what goes wrong. */
export function createProgram(): TritbankCommand {
  const program = new TritbankCommand('tritbank')
    .description('Compress MobileNets with hybrid ternary filter banks: train, convert and measure ONNX classifiers.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExample:\n  tritbank demo\n\nEach command has --help, with its options, defaults and an example.',
    );
  addDemo(program);
  addTrain(program);
  addFineTune(program);
  addEval(program);
  addInspect(program);
  addAnalyze(program);
  addCompress(program);
  addCost(program);
  addExport(program);
  addConvert(program);
  addRun(program);
  addBench(program);
  addMcu(program);
  addTable1(program);
  addHardware(program);
  addCompare(program);
  addSweep(program);
  addData(program);
  addZoo(program);
  addStudio(program);
  addDoctor(program);
  addCompletion(program);
  return program;
}
