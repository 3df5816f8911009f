/** `tritbank convert`: models of other formats as ONNX files. */

import { oneOf, text } from '../options/values.ts';
import { type CommonOptions, printResult, type TritbankCommand, ValueOption } from './command.ts';
import { warn } from './output.ts';

const activations = ['float', 'stored'] as const;

interface Options extends CommonOptions {
  readonly out: string;
  readonly activations?: (typeof activations)[number];
  readonly force?: boolean;
}

const example = `tritbank convert mobilenet_v2_1.0_224_quant.tflite --out mobilenet.onnx
tritbank convert tfjs-model/model.json --out model.onnx`;

export function addConvert(program: TritbankCommand): void {
  const command = program.command('convert');
  command
    .summary('a TensorFlow Lite or TensorFlow.js model as an ONNX file')
    .description(
      'Write a model of TensorFlow Lite (float, half precision, 8-bit weights or 8 bits throughout) or a layers model of ' +
        'TensorFlow.js (model.json) as an ONNX file, channels first. Other commands take such files as they are. The format ' +
        'is told by the content; an ONNX file comes out in operator set 20, in one file where that is possible.',
    )
    .argument('<FILE>', 'a .tflite file, a model.json beside its weights, or an ONNX file');
  command
    .optionsGroup('Format:')
    .addOption(
      new ValueOption(
        '--activations <form>',
        'of quantized files: float, or stored, rounded after each layer as the file says (default: float)',
        oneOf(activations),
      ),
    )
    .action(convert);
  command.optionsGroup('Output:');
  command.addOption(
    new ValueOption('--out <file>', 'the ONNX file to write (required)', text('a file')).makeOptionMandatory(),
  );
  command.replacing();
  command.common(example);
}

const formats = { onnx: 'ONNX', tflite: 'TensorFlow Lite', tfjs: 'TensorFlow.js' } as const;

async function convert(name: string, { out, activations, force, ...options }: Options): Promise<void> {
  const [{ openModel, resolveModel }, { saveModel }, { claimOutputs }] = await Promise.all([
    import('../formats/index.ts'),
    import('../onnx/index.ts'),
    import('../files/outputs.ts'),
  ]);
  const input = await resolveModel(name, warn);
  claimOutputs({ '--out': out }, { force, inputs: [input], models: true });
  const { graph, format, fileBytes } = await openModel(input, { ...(activations && { activations }) });
  for (const note of graph.notes) warn(note);
  await saveModel(graph, out);
  const { size } = await import('node:fs/promises').then(({ stat }) => stat(out));
  const describe = (values: typeof graph.inputs) =>
    values.map((value) => ({ name: value.name, shape: value.type?.shape ?? null }));
  const metadata = Object.fromEntries(graph.metadata);
  const result = {
    file: name,
    format,
    out,
    bytes: { before: fileBytes, after: size },
    nodes: graph.nodes.length,
    inputs: describe(graph.inputs),
    outputs: describe(graph.outputs),
    metadata,
  };
  const { printPairs } = await import('../report/text-table.ts');
  printResult(options, result, () => {
    const print = (values: typeof result.inputs) =>
      values.map(({ name: value, shape }) => `${value} [${shape?.join(', ') ?? '?'}]`).join(', ');
    const scale =
      metadata.input_mean === undefined
        ? 'the file does not say'
        : `mean ${metadata.input_mean}, deviation ${metadata.input_std} of 0..255`;
    return printPairs([
      ['format', `${formats[format]}, ${fileBytes.toLocaleString('en-US')} bytes`],
      ['input', print(result.inputs)],
      ['output', print(result.outputs)],
      ['pixels', scale],
      ['labels', metadata.labels === undefined ? 'none' : `${(JSON.parse(metadata.labels) as string[]).length} names`],
      ['file', `${out}, ${size.toLocaleString('en-US')} bytes, ${result.nodes} nodes`],
    ]);
  });
}
