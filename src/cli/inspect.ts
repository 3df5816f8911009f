/** `tritbank inspect`: what a model is made of, and what of it can be compressed. */

import type { ImageForm } from '../classifier/image-form.ts';
import type { LayerReport, ModelReport, TensorReport } from '../compress/inspect.ts';
import type { Format, OpenedModel } from '../formats/index.ts';
import { pairOf, text, whole } from '../options/values.ts';
import type { Statement } from '../report/text-table.ts';
import { type CommonOptions, printResult, RepeatedOption, type TritbankCommand } from './command.ts';
import { addImageForm, atSize, imageFormFrom, ofSize } from './image-form.ts';

interface Options extends CommonOptions {
  readonly dim?: readonly { readonly name: string; readonly value: number }[];
}

const example = `tritbank inspect mobilenet.onnx
tritbank inspect mobilenet.onnx --json | jq '.layers[] | select(.candidate) | .name'`;

export function addInspect(program: TritbankCommand): void {
  const command = program.command('inspect');
  command
    .summary('layers of an ONNX model, and which of them can be compressed')
    .description(
      'List the layers of an ONNX model as compression sees them (batch norms folded, channels first), which of them can ' +
        'become filter banks and why the others cannot, and whatever else may be in the way.',
    )
    .argument('<MODEL.onnx>', 'a classifier in float32; a symbolic first dimension is a batch of one');
  command
    .optionsGroup('Model:')
    .addOption(
      new RepeatedOption(
        '--dim <name=size>',
        'size of a symbolic dimension; may be given several times',
        pairOf(text('a name'), whole({ from: 1 }), 'NAME=SIZE with a size of at least 1'),
      ),
    );
  addImageForm(command, ofSize, 'Model');
  command.action((path: string, options: Options) => inspect(path, options, imageFormFrom(command, ofSize)));
  command.common(example);
}

/** What the file says of itself and the graph does not keep. */
interface FileFacts {
  readonly bytes: number;
  readonly format: Format;
  readonly opset: number | null;
  readonly producer: string | null;
}

async function inspect(path: string, { dim = [], ...options }: Options, { inputSize }: ImageForm): Promise<void> {
  const { openModel } = await import('../formats/index.ts');
  const opened = await openModel(path);
  const graph = await atSize(opened.graph, inputSize);
  const [{ inspectModel }, report] = await Promise.all([
    import('../compress/inspect.ts'),
    import('../report/text-table.ts'),
  ]);
  const file = await factsOf(opened);
  const found = inspectModel(graph, { sizes: Object.fromEntries(dim.map(({ name, value }) => [name, value])) });
  printResult(options, { model: path, file, ...found }, () => {
    const notes = report.printStatements(describeModel(found, file));
    const warnings = found.warnings.map((warning) => report.printNote(`warning: ${warning}`));
    return [printLayers(found, report.alignTable), '', notes, ...(warnings.length > 0 ? ['', ...warnings] : [])].join(
      '\n',
    );
  });
}

async function factsOf({ path, format, fileBytes }: OpenedModel): Promise<FileFacts> {
  if (format !== 'onnx') return { bytes: fileBytes, format, opset: null, producer: null };
  const [{ readFile }, { decodeModel }] = await Promise.all([import('node:fs/promises'), import('../onnx/read.ts')]);
  const bytes = await readFile(path);
  const { opsetImport, producerName, producerVersion } = decodeModel(bytes);
  const version = opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version;
  return {
    bytes: bytes.length,
    format,
    opset: version === undefined ? null : Number(version),
    producer: [producerName, producerVersion].filter(Boolean).join(' ') || null,
  };
}

const formats = { onnx: 'ONNX', tflite: 'TensorFlow Lite', tfjs: 'TensorFlow.js' } as const;
const formOf = ({ format, opset }: FileFacts) => (opset === null ? formats[format] : `opset ${opset}`);

const none = '–';
const maxName = 44;

/** The end of a long name tells more than its beginning, which all names of an exporter share. */
const shorten = (name: string) => (name.length > maxName ? `…${name.slice(name.length - maxName + 1)}` : name);
const count = (value: number | null) => (value === null ? none : value.toLocaleString('en-US'));
const sizes = (values: readonly (number | string)[]) => values.join('x');

const known = (dim: number | string) => (typeof dim === 'number' ? dim : '?');

/** One number for a square. */
function square(values: readonly number[]): string {
  return values.every((value) => value === values[0]) ? `${values[0] ?? none}` : sizes(values);
}

function millions(value: number | null): string {
  if (value === null || value === 0) return value === null ? none : '0';
  return (value / 1e6).toLocaleString('en-US', { minimumFractionDigits: 3, maximumFractionDigits: 3 });
}

type AlignTable = typeof import('../report/text-table.ts').alignTable;

function printLayers({ layers, parameters, macs }: ModelReport, alignTable: AlignTable): string {
  const hasTernary = layers.some(({ ternaryAdditions }) => ternaryAdditions);
  const optional = (cell: string) => (hasTernary ? [cell] : []);
  const sizesHead = ['filters', 'inputs', 'kernel', 'stride', 'groups', 'output'];
  const head = ['layer', 'kind', ...sizesHead, 'parameters', 'MACs (M)', ...optional('ternary (M)'), 'candidate'];
  const rows = layers.map((layer) => [
    shorten(layer.name),
    layer.kind === 'other' ? layer.op : layer.kind,
    count(layer.filters),
    count(layer.inputs),
    sizes(layer.kernel) || none,
    square(layer.stride),
    count(layer.groups),
    layer.outputShape ? sizes(layer.outputShape.slice(1).map(known)) : none,
    count(layer.parameters),
    millions(layer.macs),
    ...optional(millions(layer.ternaryAdditions)),
    layer.candidate ? 'yes' : 'no',
  ]);
  const blank = ['', ...sizesHead.map(() => '')];
  const ternary = layers.reduce((sum, { ternaryAdditions }) => sum + (ternaryAdditions ?? 0), 0);
  const total = ['all', ...blank, count(parameters), millions(macs), ...optional(millions(ternary)), ''];
  return alignTable(head, rows, total);
}

const describeTensor = ({ name, dtype, shape }: TensorReport) =>
  `${name}  ${dtype} ${shape ? `[${shape.join(', ')}]` : 'of unknown shape'}`;

function describeModel(found: ModelReport, file: FileFacts): Statement[] {
  const { inputs, outputs, classes, activations, preprocessing, batchNorms } = found;
  const outputTexts = outputs.map((output, i) => {
    return `${describeTensor(output)}${i === 0 && classes !== null ? `, ${count(classes)} classes` : ''}`;
  });
  const producer = file.producer === null ? '' : `, written by ${file.producer}`;
  return [
    {
      term: 'input',
      texts: inputs.map((input) => `${describeTensor(input)}${input.layout ? `, ${input.layout}` : ''}`),
    },
    { term: 'output', texts: outputTexts },
    { term: 'pixels', texts: describePixels(preprocessing) },
    { term: 'file', texts: [`${formOf(file)}, ${count(file.bytes)} bytes${producer}`] },
    ...(activations === 'int8'
      ? [{ term: 'activations', texts: ['8 bits; layers are those of the float network'] }]
      : []),
    ...(batchNorms > 0 ? [{ term: 'batch norms', texts: [`${batchNorms}, folded into the layers here`] }] : []),
    { term: 'candidates', texts: [describeCandidates(found)] },
    { term: 'others', texts: describeOthers(found.layers) },
  ].filter(({ texts }) => texts.length > 0);
}

function describePixels(preprocessing: ModelReport['preprocessing']): string[] {
  if (!preprocessing) return ['no input_mean and input_std in the metadata: those of the data set are taken'];
  const list = (values: readonly number[]) => {
    const short = values.map((value) => `${Number(value.toPrecision(6))}`);
    return new Set(short).size === 1 ? short[0] : `[${short.join(', ')}]`;
  };
  return [`mean ${list(preprocessing.mean)}, deviation ${list(preprocessing.std)} of 0..255`];
}

function describeCandidates({ layers, parameters, macs }: ModelReport): string {
  const candidates = layers.filter(({ candidate }) => candidate);
  const share = (part: number, of: number) => `${((100 * part) / Math.max(1, of)).toFixed(1)} %`;
  const stored = candidates.reduce((sum, layer) => sum + layer.parameters, 0);
  const work = candidates.reduce((sum, layer) => sum + (layer.macs ?? 0), 0);
  const shares = [`${share(stored, parameters)} of the parameters`];
  if (macs !== null) shares.push(`${share(work, macs)} of the MACs`);
  return `${candidates.length} of ${layers.length} layers: ${shares.join(', ')}`;
}

/** One line a reason, with the layers that it holds for. */
function describeOthers(layers: readonly LayerReport[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of layers) {
    if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), shorten(name)]);
  }
  return [...byReason].map(([reason, names]) => {
    const some = names.length > 3 ? `${names.length} layers, ${names[0]} to ${names.at(-1)}` : names.join(', ');
    return `${some}: ${reason}`;
  });
}
