/** Layers, nodes and sweeps as comma-separated values, named as in the records of `cost/`. */

import type { Arithmetic, LayerCost, NetworkCost, NodeCost, OperationCounts, SweepPoint } from '../cost/records.ts';
import { type CsvFields, printCsv } from './csv.ts';

const arithmetic: CsvFields<Arithmetic> = {
  macs: (row) => row.macs,
  products: (row) => row.products,
  multiplications: (row) => row.multiplications,
  additions: (row) => row.additions,
  additionsWithMacs: (row) => row.additionsWithMacs,
};

/** What the arithmetic is made of, before conventions. */
const counts: CsvFields<{ readonly counts: OperationCounts }> = {
  ternary: (row) => row.counts.ternary,
  ternaryNonZero: (row) => row.counts.ternaryNonZero,
  biases: (row) => row.counts.biases,
  scales: (row) => row.counts.scales,
  outputScales: (row) => row.counts.outputScales,
  elementwiseMultiplications: (row) => row.counts.elementwiseMultiplications,
  elementwiseAdditions: (row) => row.counts.elementwiseAdditions,
  comparisons: (row) => row.counts.comparisons,
  functions: (row) => row.counts.functions,
};

const layerFields: CsvFields<LayerCost> = {
  name: (layer) => layer.name,
  kind: (layer) => layer.kind,
  method: (layer) => (layer.kind === 'other' ? undefined : layer.method),
  filters: (layer) => layer.filters,
  fullPrecision: (layer) => layer.fullPrecision,
  hidden: (layer) => layer.hidden,
  parameters: (layer) => layer.parameters,
  bytes: (layer) => layer.bytes,
  ...arithmetic,
  ...counts,
  inputBytes: (layer) => layer.inputBytes,
  outputBytes: (layer) => layer.outputBytes,
  intensity: (layer) => layer.intensity,
  energy: (layer) => layer.energy,
  memoryEnergy: (layer) => layer.memoryEnergy,
  utilisation: (layer) => layer.utilisation,
};

const nodeFields: CsvFields<NodeCost> = {
  name: (node) => node.name,
  op: (node) => node.op,
  layer: (node) => node.layer,
  parameters: (node) => node.parameters,
  outputBytes: (node) => node.outputBytes,
  ...arithmetic,
  ...counts,
};

const pointFields: CsvFields<SweepPoint> = {
  alpha: (point) => point.alpha,
  widthRatio: (point) => point.widthRatio,
  parameters: (point) => point.parameters,
  bytes: (point) => point.bytes,
  ...arithmetic,
  energy: (point) => point.energy,
  relativeSize: (point) => point.relative.size,
  relativeMultiplications: (point) => point.relative.multiplications,
  relativeEnergy: (point) => point.relative.energy,
  relativeThroughput: (point) => point.relative.throughput,
  relativeTotalEnergy: (point) => point.relative.totalEnergy,
  loss: (point) => point.loss,
  pareto: (point) => point.pareto,
};

/** A record a layer, or with `nodes` a record a node, in execution order. No totals. */
export const costCsv = (cost: NetworkCost, { nodes = false }: { readonly nodes?: boolean } = {}): string =>
  nodes ? printCsv(nodeFields, cost.nodes) : printCsv(layerFields, cost.layers);

/** A record a point, in the order of the points. */
export const sweepCsv = (points: readonly SweepPoint[]): string => printCsv(pointFields, points);
