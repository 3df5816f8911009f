/** Layers on the array, as a table. */

import { engineNames, type LayerFigures } from '../hardware/layer-figures.ts';
import type { Column } from './columns.ts';
import { formatCount, formatFixed } from './format.ts';
import { alignTable } from './text-table.ts';

const count = (value: number) => formatCount(Math.round(value));

/** Cycles of all images but one are the same; those of waiting are a mean. */
export const layerColumns: readonly Column<LayerFigures>[] = [
  { head: 'engine', cell: ({ engine }) => engineNames[engine] },
  { head: 'cycles', hint: 'of one image, without waiting', cell: ({ cycles }) => count(cycles) },
  { head: 'use (%)', hint: 'of the lanes, in these cycles', cell: (one) => formatFixed(100 * one.utilization, 1) },
  { head: 'busy', hint: 'cycles in which lanes compute', cell: ({ times }) => count(times.busy) },
  { head: 'requantizers', hint: 'cycles of waiting for them', cell: ({ times }) => count(times.requantize) },
  { head: 'memory', hint: 'reads that are merged, slots left to write', cell: ({ times }) => count(times.memory) },
  { head: 'load', hint: 'of patches into the tile', cell: ({ times }) => count(times.load) },
  { head: 'start, end', hint: 'instructions, pipelines', cell: ({ times }) => count(times.overhead) },
  { head: 'wait', hint: 'for the other engine, a mean over the images', cell: ({ times }) => count(times.wait) },
];

/** Words that a layer reads and writes, by memory. */
export const accessColumns: readonly Column<LayerFigures>[] = [
  { head: 'engine', cell: ({ engine }) => engineNames[engine] },
  { head: 'activations', hint: 'words read', cell: ({ accesses }) => count(accesses.activationReads) },
  { head: 'written', hint: 'words of activations', cell: ({ accesses }) => count(accesses.activationWrites) },
  { head: 'tile', hint: 'words read', cell: ({ accesses }) => count(accesses.macTileReads + accesses.tileReads) },
  {
    head: 'written',
    hint: 'words of the tile',
    cell: ({ accesses }) => count(accesses.macTileWrites + accesses.tileWrites),
  },
  { head: 'weights', hint: 'words read', cell: ({ accesses }) => count(accesses.macWeights + accesses.adderWeights) },
  {
    head: 'parameters',
    hint: 'words read',
    cell: ({ accesses }) => count(accesses.macParameters + accesses.adderParameters),
  },
  { head: 'access table', hint: 'words read', cell: ({ accesses }) => count(accesses.table) },
  {
    head: 'operations a byte',
    hint: 'of activations that are read',
    cell: ({ intensity }) => formatFixed(intensity, 1),
  },
];

/** No line end behind the last line. */
export const printLayers = (layers: readonly LayerFigures[]): string =>
  alignTable(
    ['layer', ...layerColumns.map(({ head }) => head)],
    layers.map((one) => [one.name, ...layerColumns.map(({ cell }) => cell(one))]),
  );
