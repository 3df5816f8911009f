/** `tritbank export --to verilog`: a folder with the accelerator for one network. */

import type { ImageForm } from '../../classifier/image-form.ts';
import { type CommonOptions, interruptible, printResult, quoteWord } from '../command.ts';
import { warn } from '../output.ts';
import { type ArrayOptions, arrayFrom, stepProgress } from './options.ts';
import { checkImageChoice, openNetwork } from './quantized-images.ts';

export interface VerilogOptions extends CommonOptions, ArrayOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly data?: string;
  readonly dataDir?: string;
  /** Images of the test bench. */
  readonly samples?: number;
  readonly seed?: number;
}

/** Compiles and writes. E_UNSUPPORTED for a model without 8-bit activations, or what `compileNetwork` refuses. */
export async function exportVerilog(model: string, options: VerilogOptions, form: ImageForm): Promise<void> {
  const { out, force, data, dataDir, samples: images = 1, seed } = options;
  checkImageChoice({ data, dataDir, seed }, form);
  const array = { ...(await arrayFrom(options)), images };
  const [{ claimFolder, inputsIn }, { writeVerilogProjectInTurns }, { TritbankError }] = await Promise.all([
    import('../../files/outputs.ts'),
    import('../../export/verilog/index.ts'),
    import('../../ir/errors.ts'),
  ]);
  claimFolder('--out', out, { sign: 'config.vh', ...(force !== undefined && { force }) });
  const [input] = inputsIn(out, [model, data, dataDir]);
  if (input !== undefined) {
    throw new TritbankError('E_USAGE', '--out', `expected another folder than what is read, found ${input}`);
  }
  const { onStep, stop } = stepProgress('export', options);
  try {
    onStep('images');
    const choice = { model, images, ...(data !== undefined && { data }), ...(dataDir !== undefined && { dataDir }) };
    const { network, images: integers } = await openNetwork(
      { ...choice, ...form, ...(seed !== undefined && { seed }) },
      warn,
    );
    const { printPairs } = await import('../../report/text-table.ts');
    const { compiled, timeline } = await interruptible(
      (signal) => {
        onStep('compile');
        return writeVerilogProjectInTurns(out, network, array, integers, signal);
      },
      () => `${out} is not written: start again`,
    );
    stop();
    const { activationRows, macWeights, adderWeights, table } = compiled;
    const result = {
      model,
      out,
      array,
      cycles: timeline.cycles,
      activationBytes: 2 * activationRows * array.lanes,
      macWeightBytes: macWeights.length,
      adderWeightWords: adderWeights.length,
      tableWords: table.length,
    };
    printResult(options, result, () =>
      printPairs([
        ['cycles', `${timeline.cycles.toLocaleString('en-US')} for ${images} image${images > 1 ? 's' : ''}`],
        ['activations', `${result.activationBytes.toLocaleString('en-US')} bytes in two banks`],
        ['folder', `${out} (make -C ${quoteWord(out)} sim)`],
      ]),
    );
  } finally {
    stop();
  }
}
