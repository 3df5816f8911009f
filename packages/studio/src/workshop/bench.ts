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
import { findBanks, findLayers, weightRows } from '#toolkit/quantize/index.ts';
import type { LimitName, PlanningTarget } from '#toolkit/targets/index.ts';
import { type Joint, wiringOf } from './wiring.ts';

/** A machine, for this network. */
export interface Machine {
  readonly target: PlanningTarget;
  /** Its limit that is about time. */
  readonly time: LimitName;
}

export interface OpenRequest {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Files beside it, by their paths: weights that it refers to. */
  readonly beside?: Readonly<Record<string, Uint8Array>>;
  /** Where the file does not say how pixels are normalised. */
  readonly normalisation?: Normalisation;
}

/** What a page shows of a network as soon as it is open. */
export interface OpenedNetwork {
  readonly name: string;
  readonly fileBytes: number;
  readonly report: ModelReport;
  /** The layers of the report, and how they are joined. */
  readonly wiring: readonly Joint[];
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
  /** How much errors of filters matter, where images said it. */
  sensitivity?: ReadonlyMap<string, Float64Array> | undefined;
  /** What candidates of the analysis cost, by the setting that they are counted in. */
  readonly costs: Map<string, NetworkCosts>;
  /** Machines to plan for, as far as they were asked for, by name. */
  readonly machines: Map<string, Machine>;
}

async function read({ name, bytes, beside = {} }: OpenRequest): Promise<Graph> {
  const fileBeside = (path: string): Uint8Array => {
    // a single file may have been chosen out of its folder
    const found = beside[path.replace(/^\.\//, '')] ?? beside[path.split('/').at(-1)!];
    if (found) return found;
    const expected = `expected its weights in ${path}, found no such file: choose or drop it together with the model`;
    throw new TritbankError('E_FILE', name, expected);
  };
  const format = formatOf(bytes);
  if (format === 'onnx') return readModel(bytes, { name, external: fileBeside });
  if (format === 'tflite') {
    const { readTflite } = await import('#toolkit/tflite/index.ts');
    return tidy(readTflite(bytes, { name }));
  }
  const { readTfjs } = await import('#toolkit/tfjs/index.ts');
  return tidy(await readTfjs(bytes, async (path) => fileBeside(path), { name }));
}

function obstacleOf(network: Graph): string | null {
  const banks = findBanks(network).length;
  if (banks > 0) return `it has ${banks} filter banks already: open the network that it was made from`;
  return findCandidates(network).length > 0 ? null : 'none of its layers can become a filter bank';
}

export async function open(request: OpenRequest): Promise<{ bench: Bench; opened: OpenedNetwork }> {
  const { name, bytes } = request;
  const graph = await read(request);
  const report = inspectModel(graph);
  const { labels = null } = readPreprocessing(graph.metadata);
  const fileBytes = [bytes, ...Object.values(request.beside ?? {})].reduce((sum, { length }) => sum + length, 0);
  const seen = { name, fileBytes, report, labels };
  const names = new Set(report.layers.map((layer) => layer.name));
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
    const obstacle = obstacleOf(network);
    return { bench, opened: { ...seen, wiring: wiringOf(network, names), image, obstacle } };
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
    return { bench, opened: { ...seen, wiring: wiringOf(graph, names), image: null, obstacle: error.message } };
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
