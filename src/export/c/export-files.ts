/** An int8 file as a folder of C, checked against the runtime. */

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeRunDirectory, probeRunDirectory, writeFileAtomic } from '../../files/files.ts';
import { claimOutputs } from '../../files/outputs.ts';
import { loadModel } from '../../formats/index.ts';
import { evaluateNetwork, type IntegerNetwork, readIntegerNetwork } from '../../integer/index.ts';
import { type Graph, TritbankError } from '../../ir/index.ts';
import { writeModel } from '../../onnx/write.ts';
import { InferenceSession, Tensor } from '../../runtime/node.ts';
import { type CExport, type CExportOptions, exportC } from './export-c.ts';
import type { Layout } from './layout-names.ts';
import type { Optimize } from './optimize.ts';
import { formText } from './source.ts';
import { drawnInput } from './test-program.ts';

export interface ExportCConfig {
  /** A packed file with 8-bit activations. */
  readonly model: string;
  /** The folder to write. */
  readonly out: string;
  /** Of files and functions (default: the model's file name). */
  readonly name?: string;
  /** What is scarce: flash, speed or balanced (default). */
  readonly optimize?: Optimize;
  /** Of the folder: plain (default), a library for arduino, a module of zephyr. */
  readonly layout?: Layout;
  /** Images that the test compares, besides drawn ones: integers of the network's input. */
  readonly images?: readonly Int8Array[];
  /** What it takes on cores, for the README (default: nothing is said). @internal */
  readonly costs?: CExportOptions['costs'];
  /** Replace files that are there. */
  readonly force?: boolean;
}

export interface ExportCResult {
  readonly model: string;
  readonly out: string;
  readonly name: string;
  readonly optimize: Optimize;
  readonly files: readonly string[];
  readonly bytes: {
    /** Constants: the kernels' code comes on top. */
    readonly flash: number;
    readonly arena: number;
    readonly input: number;
    readonly scores: number;
  };
  readonly steps: readonly {
    readonly name: string;
    readonly kernel: string;
    readonly weights: string;
    readonly flash: number;
  }[];
  /** Rows that are requantized in integers, and those that keep the float formula. */
  readonly rows: { readonly integer: number; readonly float: number };
}

const defaultName = (model: string) => basename(model).replace(/\.(onnx|tflite|json)$/i, '');

/** Reads the integers of a file; E_UNSUPPORTED names it. */
export async function readIntegers(model: string): Promise<IntegerNetwork> {
  const graph = await loadModel(model);
  const copy = graph.clone();
  try {
    const network = readIntegerNetwork(graph);
    await checkAgainstRuntime(copy, network);
    return network;
  } catch (error) {
    if (!(error instanceof TritbankError) || error.code !== 'E_UNSUPPORTED') throw error;
    throw new TritbankError(error.code, `${model}: ${error.where}`, error.detail, { cause: error });
  }
}

/** The scores of one image by the runtime's kernels and by the integers that C is made of: E_UNSUPPORTED where they differ. */
async function checkAgainstRuntime(graph: Graph, network: IntegerNetwork): Promise<void> {
  const { tensor, scale, zeroPoint } = network.input;
  const image = drawnInput(tensor.channels * tensor.height * tensor.width, 1);
  const [input, output] = [graph.inputs[0]!, graph.outputs[0]!];
  const { dtype } = input;
  const session = await InferenceSession.create(writeModel(graph));
  const dims = [1, tensor.channels, tensor.height, tensor.width];
  const data =
    dtype === 'float32'
      ? Float32Array.from(image, (q) => Math.fround(scale) * (q - zeroPoint))
      : dtype === 'uint8'
        ? Uint8Array.from(image, (q) => q + 128)
        : image;
  const results = await session.run({ [input.name]: new Tensor(dtype as 'float32', data as Float32Array, dims) });
  const expected = results[output.name]!.data as Float32Array;
  const found = evaluateNetwork(network, image)[network.output.tensor.id]!;
  const isSoft = network.layers.at(-1)?.kind === 'softmax';
  const wrong = found.findIndex((v, i) => Math.abs(v - expected[i]!) > (isSoft ? 1e-6 : 0));
  if (wrong < 0 && found.length === expected.length) return;
  throw new TritbankError(
    'E_UNSUPPORTED',
    'scores',
    `expected ${expected[wrong]} as of the runtime, found ${found[wrong]}`,
  );
}

/**
 * Writes C99 for a model. E_UNSUPPORTED for a model with floats inside, E_USAGE where files are in the way.
 *
 * @example
 * import { exportModelToC } from 'tritbank';
 *
 * const { bytes } = await exportModelToC({ model: 'small.onnx', out: 'firmware/small' });
 * console.log(bytes.flash, bytes.arena);
 */
export async function exportModelToC(config: ExportCConfig): Promise<ExportCResult> {
  const {
    model,
    out,
    name = defaultName(model),
    optimize = 'balanced',
    layout = 'plain',
    images = [],
    costs,
    force,
  } = config;
  const options = { name, optimize, layout, images, ...(costs && { costs }) };
  const exported = exportC(await readIntegers(model), options);
  const paths = [...exported.files.keys()].map((file) => [file, join(out, file)] as const);
  const folders = [...new Set(paths.map(([, path]) => dirname(path)))];
  // folders are made once nothing is in the way, so that an error leaves none
  for (const folder of [out, ...folders]) probeRunDirectory(folder);
  const there = paths.filter(([, path]) => existsSync(dirname(path)));
  claimOutputs(Object.fromEntries(there.map(([, path]) => [`--out ${path}`, path])), { force, inputs: [model] });
  for (const folder of folders) makeRunDirectory(folder);
  for (const [file, path] of paths) writeFileAtomic(path, exported.files.get(file)!);
  return describeExport(exported, { model, out });
}

function describeExport({ program, files }: CExport, where: { model: string; out: string }): ExportCResult {
  const { name, optimize, memory, flash, steps, classes, network } = program;
  const { channels, height, width } = network.input.tensor;
  const rows = steps.flatMap((step) => {
    if (step.kind === 'convolution') return step.matrices.flatMap((part) => part.rows.multipliers);
    return step.kind === 'depthwise' || step.kind === 'connected' ? (step.rows?.multipliers ?? []) : [];
  });
  const integer = rows.filter((row) => row !== undefined).length;
  return {
    ...where,
    ...{ name, optimize, files: [...files.keys()] },
    bytes: {
      flash: flash.reduce((a, b) => a + b, 0),
      ...{ arena: memory.bytes, input: channels * height * width, scores: 4 * classes },
    },
    steps: steps.map((step, i) => ({
      ...{ name: step.name, kernel: step.kind, weights: formText(step), flash: flash[i]! },
    })),
    rows: { integer, float: rows.length - integer },
  };
}
