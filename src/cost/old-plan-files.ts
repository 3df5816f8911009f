/**
 * Plan files of earlier releases in today's form.
 *
 *   version 1 (compress)    full-precision filters in `filters`, how many of them in `fullPrecision`, each layer's predicted
 *                           loss in the layer
 *   no version (train)      `layers` only; `fullPrecision` counts the first filters
 */

import { formatError } from '../files/index.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is not of an earlier release is returned as it is. E_FORMAT for counts that contradict their lists. */
export function upgradePlanFile(json: unknown, where: string): unknown {
  if (!isObject(json) || !isObject(json.layers)) return json;
  const layers = Object.entries(json.layers);
  if (json.version === undefined && json.model === undefined) {
    return {
      version: 2,
      model: 'unknown',
      layers: Object.fromEntries(layers.map(([name, one]) => [name, first(one)])),
    };
  }
  if (json.version !== 1) return json;
  const losses = layers.map(([name, one]) => [name, isObject(one) ? one.predictedLoss : one]);
  return {
    ...json,
    version: 2,
    ...(isObject(json.predicted) && { predicted: { ...json.predicted, losses: Object.fromEntries(losses) } }),
    layers: Object.fromEntries(layers.map(([name, one]) => [name, listed(one, where, name)])),
  };
}

/** A layer of version 1. */
function listed(layer: unknown, where: string, name: string): unknown {
  if (!isObject(layer)) return layer;
  const { predictedLoss: _loss, filters, fullPrecision, ...rest } = layer;
  if (filters === undefined) return { ...rest, ...(fullPrecision !== undefined && { fullPrecision }) };
  if (Array.isArray(filters) && filters.length !== fullPrecision) {
    const expected = `${filters.length}, the number of filters listed`;
    throw formatError(where, ['layers', name, 'fullPrecision'], expected, `${fullPrecision}`);
  }
  return { ...rest, fullPrecision: filters };
}

/** A layer without a list: the first filters stay in full precision. */
function first(layer: unknown): unknown {
  if (!isObject(layer)) return layer;
  const { fullPrecision: count } = layer;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > 2 ** 24) return layer;
  return { ...layer, fullPrecision: Array.from({ length: count }, (_, i) => i) };
}
