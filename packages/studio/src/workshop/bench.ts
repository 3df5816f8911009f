/** The network that is on the bench: what a file was read as, and what is known of it so far. */

import {
  adaptInput,
  chooseInputSize,
  closeInputSize,
  imageInputOf,
  type Normalisation,
  readNormalisation,
} from '#toolkit/classifier/index.ts';
import { findCandidates } from '#toolkit/compress/candidates.ts';
import { inspectModel, type ModelReport } from '#toolkit/compress/inspect.ts';
import type { NetworkCosts } from '#toolkit/compress/planning/layer-costs.ts';
import type { Analysis } from '#toolkit/compress/sensitivity.ts';
import { formatOf } from '#toolkit/formats/format.ts';
import { tidy } from '#toolkit/formats/tidy.ts';
import { type Graph, TritbankError } from '#toolkit/ir/index.ts';
import { readPreprocessing } from '#toolkit/onnx/metadata.ts';
import { readModel } from '#toolkit/onnx/read.ts';
import { normalizeNetwork } from '#toolkit/passes/normalize/normalize-network.ts';
import { unpackNetwork } from '#toolkit/passes/unpack/unpack-network.ts';
import { findLayers, weightRows } from '#toolkit/quantize/index.ts';
import type { LimitName, PlanningTarget } from '#toolkit/targets/index.ts';

/** A machine, for this network. */
export interface Machine {
  readonly target: PlanningTarget;
  /** Its limit that is about time. */
  readonly time: LimitName;
}

export interface OpenRequest {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where the file does not say how pixels are normalised. */
  readonly normalisation?: Normalisation;
}

/** What a page shows of a network as soon as it is open. */
export interface OpenedNetwork {
  readonly name: string;
  readonly fileBytes: number;
  readonly report: ModelReport;
  readonly labels: readonly string[] | null;
  /** Null for a network that takes no images. */
  readonly image: { readonly channels: 1 | 3; readonly height: number; readonly width: number } | null;
  /** What keeps the network from being compressed here; null where nothing does. */
  readonly obstacle: string | null;
}

export interface Bench {
  readonly name: string;
  readonly fileBytes: number;
  /** The float network, its weights unpacked and batch norms folded. */
  readonly network: Graph;
  readonly image: OpenedNetwork['image'];
  normalisation: Normalisation | undefined;
  analysis?: Analysis;
  /** What candidates of the analysis cost, by the setting that they are counted in. */
  readonly costs: Map<string, NetworkCosts>;
  /** Machines to plan for, as far as they were asked for, by name. */
  readonly machines: Map<string, Machine>;
}

/** More than this in a page is a mistake, or will not end well. */
const mostBytes = 400 * 2 ** 20;

async function read({ name, bytes }: OpenRequest): Promise<Graph> {
  if (bytes.length > mostBytes) {
    const found = `${(bytes.length / 2 ** 20).toFixed(0)} MB`;
    throw new TritbankError('E_LIMIT', name, `expected a model of at most 400 MB in a page, found ${found}`);
  }
  const format = formatOf(bytes);
  if (format === 'onnx') return readModel(bytes, { name });
  if (format === 'tflite') {
    const { readTflite } = await import('#toolkit/tflite/index.ts');
    return tidy(readTflite(bytes, { name }));
  }
  const expected = 'expected an .onnx or .tflite file, found a TensorFlow.js model, which has several files: ';
  throw new TritbankError('E_UNSUPPORTED', name, `${expected}tritbank convert makes one of it`);
}

export async function open(request: OpenRequest): Promise<{ bench: Bench; opened: OpenedNetwork }> {
  const { name, bytes } = request;
  const graph = await read(request);
  const report = inspectModel(graph);
  const { labels = null } = readPreprocessing(graph.metadata);
  const fileBytes = bytes.length;
  try {
    const float = graph.clone();
    unpackNetwork(float);
    const form = request.normalisation ? { normalisation: request.normalisation } : {};
    const adapted = adaptInput(float, form);
    const input = imageInputOf(adapted);
    const size = chooseInputSize(input, undefined);
    const network = normalizeNetwork(closeInputSize(adapted, size));
    const normalisation = readNormalisation(network, input.channels) ?? request.normalisation;
    const image = { channels: input.channels, ...size };
    const bench: Bench = { name, fileBytes, network, image, normalisation, costs: new Map(), machines: new Map() };
    const obstacle = findCandidates(network).length > 0 ? null : 'none of its layers can become a filter bank';
    return { bench, opened: { name, fileBytes, report, labels, image, obstacle } };
  } catch (error) {
    // it can be looked at all the same
    if (!(error instanceof TritbankError)) throw error;
    const bench: Bench = {
      ...{
        name,
        fileBytes,
        network: graph,
        image: null,
        normalisation: undefined,
        costs: new Map(),
        machines: new Map(),
      },
    };
    return { bench, opened: { name, fileBytes, report, labels, image: null, obstacle: error.message } };
  }
}

export interface LayerFilters {
  readonly name: string;
  readonly filters: number;
  /** Weights of a filter. */
  readonly inputs: number;
  readonly kernel: readonly [number, number];
  /** A row per filter. */
  readonly weights: Float32Array;
  /** Weights of each filter that are 0. */
  readonly zeros: readonly number[];
}

/** The weights of a layer, filter by filter. */
export function filtersOf({ network }: Bench, name: string): LayerFilters {
  const layer = findLayers(network).find((one) => one.name === name);
  if (!layer) throw new TritbankError('E_USAGE', `layer '${name}'`, 'expected one with weights, found none');
  const weights = Float32Array.from(weightRows(layer));
  const inputs = weights.length / layer.filters;
  const zeros = Array.from(
    { length: layer.filters },
    (_, f) => weights.subarray(f * inputs, (f + 1) * inputs).filter((w) => w === 0).length,
  );
  return { name, filters: layer.filters, inputs, kernel: layer.kernel, weights, zeros };
}
