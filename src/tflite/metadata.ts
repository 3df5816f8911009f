/**
 * What a TensorFlow Lite file says of its images and classes: the scale of stored pixels, the normalisation in its
 * metadata, and the names of the classes in a text file of the archive that is appended to it. The field numbers are those
 * of metadata_schema.fbs in github.com/google-ai-edge/mediapipe.
 */

import { unzipSync } from 'fflate';
import type { Preprocessing } from '../onnx/metadata.ts';
import type { TfliteModel, TfliteTensor } from './schema.ts';
import { Table } from './table.ts';

/** A file that belongs to a tensor. */
interface AssociatedFile {
  readonly name: string;
  readonly isLabels: boolean;
}

interface Described {
  readonly name: string;
  readonly description: string;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly files: readonly AssociatedFile[];
}

const normalization = 1;
const labelKinds: ReadonlySet<number> = new Set([2, 3]);

function describe(model: TfliteModel): Described | undefined {
  if (!model.metadata) return undefined;
  const root = Table.root(model.metadata, 'M001');
  const [graph] = root.tables(3);
  if (!graph) return undefined;
  const [input] = graph.tables(2);
  const unit = input
    ?.tables(4)
    .find((candidate) => candidate.uint8(0) === normalization)
    ?.table(1);
  const [mean, std] = [unit?.float32s(0) ?? [], unit?.float32s(1) ?? []];
  const files = [...graph.tables(3).flatMap((output) => output.tables(6)), ...graph.tables(4), ...root.tables(6)];
  return {
    name: root.string(0),
    description: root.string(1),
    ...(mean.length > 0 && std.length > 0 && { mean, std }),
    files: files.map((file) => ({ name: file.string(0), isLabels: labelKinds.has(file.uint8(2)) })),
  };
}

/** Normalised pixels: what the file says, or what its stored numbers stand for. Nothing for plain floats without a word. */
function scaleOf(tensor: TfliteTensor, described: Described | undefined): Pick<Preprocessing, 'mean' | 'std'> {
  const { type, quantization } = tensor;
  if (type === 'UINT8' || type === 'INT8') {
    const offset = type === 'INT8' ? 128 : 0;
    if (!quantization) return type === 'UINT8' ? { mean: [0], std: [1] } : { mean: [offset], std: [1] };
    const [scale, zeroPoint] = [quantization.scale[0]!, quantization.zeroPoint[0]!];
    return scale > 0 ? { mean: [zeroPoint + offset], std: [1 / scale] } : {};
  }
  const { mean, std } = described ?? {};
  return mean && std?.every((s) => s > 0) ? { mean, std } : {};
}

/**
 * The bytes in which an archive's places are counted from the first one: all of them, or those behind the model, by what
 * the record at its end says of the directory in front of it. Undefined without that record.
 */
function archiveIn(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [recordBytes, longestComment] = [22, 65_535];
  for (let at = bytes.length - recordBytes; at >= 0 && at >= bytes.length - recordBytes - longestComment; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    const [size, offset] = [view.getUint32(at + 12, true), view.getUint32(at + 16, true)];
    return bytes.subarray(Math.max(0, at - size - offset));
  }
  return undefined;
}

const maxLabelBytes = 2 ** 20;

/** Names of classes, or why there are none although the file means to have some. */
interface Labels {
  readonly labels?: readonly string[];
  readonly note?: string;
}

/** Lines of a text file in the archive, as many as there are classes. */
function labelsOf(bytes: Uint8Array, files: readonly AssociatedFile[], classes: number): Labels {
  const wanted = files.filter(({ isLabels, name }) => isLabels || /label/i.test(name)).map(({ name }) => name);
  const isWanted = (name: string) => wanted.includes(name) || /label[^/]*\.txt$/i.test(name);
  const damaged = `the archive behind the model that holds the names of its classes${wanted.length > 0 ? ` (${wanted.join(', ')})` : ''} is damaged: they have none`;
  const archive = archiveIn(bytes);
  let texts: Record<string, Uint8Array>;
  try {
    texts = unzipSync(archive ?? bytes, {
      filter: ({ name, originalSize }) => originalSize <= maxLabelBytes && isWanted(name),
    });
  } catch {
    return archive || wanted.length > 0 ? { note: damaged } : {};
  }
  const names = [...new Set([...wanted, ...Object.keys(texts)])].filter((name) => texts[name]);
  const counts: number[] = [];
  for (const name of names) {
    const lines = new TextDecoder().decode(texts[name]).replace(/\r/g, '').replace(/\n+$/, '').split('\n');
    if (lines.length === classes) return { labels: lines.map((line) => line.trim()) };
    counts.push(lines.length);
  }
  if (counts.length > 0)
    return { note: `the file has ${counts.join(', ')} names for ${classes} classes: they are not taken` };
  return wanted.length > 0 ? { note: damaged } : {};
}

/** What is known of a classifier with this image input and so many classes; a note where its names cannot be had. */
export function preprocessingOf(
  bytes: Uint8Array,
  model: TfliteModel,
  input: TfliteTensor,
  classes: number | undefined,
): Preprocessing & Pick<Labels, 'note'> {
  const described = describe(model);
  const labels = classes !== undefined ? labelsOf(bytes, described?.files ?? [], classes) : {};
  return { ...scaleOf(input, described), ...labels };
}
