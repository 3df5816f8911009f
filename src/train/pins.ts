/**
 * What keeps ternary weights from oscillating while they are trained straight through: a weight near a threshold is
 * pushed over it and back, step after step, and the network's statistics with it (Nagel et al., arXiv 2203.11086).
 *
 *   dampen   a regulariser that pulls latent weights to the values that they are quantized to (section 4.1):
 *            gradient + weight (clip(w, -s, s) - q(w))
 *   freeze   each weight's changes of direction are counted; those above a frequency are pinned to the value at which
 *            the weight has been most (section 4.2)
 *
 * A pinned weight has the latent value s t, with s the quantizer's scale of the step, so that it stays in its bin. All
 * is part of the step graph, elementwise on the weights. Pins may be set from outside too, between steps
 * (`freezeLayers`). Left out: thresholds and regularisers that change over the run.
 */

import { f32, type Graph, type Node, type Tensor, type Value } from '../ir/index.ts';
import { type Builder, markerDomain, straightThrough } from '../ops/index.ts';
import { type TernaryWeight, ternarize } from '../quantize/index.ts';
import { companion, type Pack } from './state.ts';

export type Oscillation =
  | {
      readonly kind: 'dampen';
      /** Of the regulariser, above 0; the step is the learning rate times this. */
      readonly weight: number;
    }
  | {
      readonly kind: 'freeze';
      /** Changes of direction per step above which a weight is pinned, in (0, 1). */
      readonly threshold: number;
      /** Share of the newest step in the running averages, in (0, 1]. */
      readonly momentum: number;
    };

export interface TernaryControl {
  readonly weights: readonly TernaryWeight[];
  readonly oscillation?: Oscillation;
  /** Pins are set from outside. */
  readonly freezeLayers?: boolean;
}

/** A ternary weight inside the step graph. */
export interface Latent {
  /** Reads the latent weights and gives the quantized ones. */
  readonly marker: Node;
  readonly granularity: TernaryWeight['granularity'];
}

/** The learned weights that pass a quantizer, by name. */
export function findLatents(learned: readonly Value[], weights: readonly TernaryWeight[]): Map<string, Latent> {
  const found = new Map<string, Latent>();
  for (const value of learned) {
    const isMarker = (n: Node) => n.op === straightThrough && n.domain === markerDomain && n.input(0) === value;
    const marker = [...value.uses].find(isMarker);
    const weight = weights.find((w) => w.name === value.name);
    if (marker && weight) found.set(value.name, { marker, granularity: weight.granularity });
  }
  return found;
}

/** The scale s of the quantizer, one in all or one per filter: the magnitude of what is not zero. */
function emitScale(b: Builder, { marker, granularity }: Latent): Value {
  const q = marker.input(1);
  const axes = q.dims.map((_, i) => i).slice(granularity === 'filter' ? 1 : 0);
  return b.reduce('ReduceMax', b.abs(q), axes, true);
}

const flatten = (b: Builder, x: Value) => b.reshape(x, [-1]);

/** `weight (clip(w, -s, s) - q(w))`, flat: zero at 0, at +-s and beyond. */
export function emitPull(b: Builder, latent: Latent, { weight }: Extract<Oscillation, { kind: 'dampen' }>): Value {
  const [w, q] = [latent.marker.input(0), latent.marker.input(1)];
  const inside = b.mul(b.sign(w), b.min(b.abs(w), emitScale(b, latent)));
  return flatten(b, b.mul(b.sub(inside, q), weight));
}

/** The value of a pin that is not set, and of a last ternary value that is not known. */
const none = 2;

/** The name under which the pins of a weight are kept: -1, 0, 1, or 2 where the weight is free. */
export const pinName = (weight: string) => `${weight}/pin`;

export interface PinStates {
  readonly pin: Pack;
  /** For `freeze`: the last ternary value, the direction of the last change, its frequency, the average value. */
  readonly history?: { readonly last: Pack; readonly turn: Pack; readonly rate: Pack; readonly mean: Pack };
}

const filled = (value: number) => (tensor: Tensor) =>
  f32(tensor.dims, new Float32Array(tensor.data.length).fill(value));

export function pinStates(graph: Graph, pack: Pack, oscillation: Oscillation | undefined): PinStates {
  const state = (suffix: string, value: number) => companion(graph, pack, suffix, filled(value));
  const pin = state('pin', none);
  if (oscillation?.kind !== 'freeze') return { pin };
  const history = { last: state('last', none), turn: state('turn', 0), rate: state('rate', 0), mean: state('mean', 0) };
  return { pin, history };
}

export interface Pinned {
  /** The updated weights, pinned ones at their value; flat. */
  readonly parameter: Value;
  /** Boolean, flat. */
  readonly isFree: Value;
  readonly states: readonly { readonly pack: Pack; readonly next: Value }[];
}

/** Emits the pins' effect on `updated` (flat), and with `freeze` their update. */
export function emitPins(
  b: Builder,
  latent: Latent,
  updated: Value,
  states: PinStates,
  oscillation: Oscillation | undefined,
): Pinned {
  const q = latent.marker.input(1);
  const found =
    oscillation?.kind === 'freeze' && states.history
      ? emitHistory(b, flatten(b, b.sign(q)), states.pin, states.history, oscillation)
      : { pin: states.pin.input, history: [] };
  const value = flatten(b, b.mul(b.reshape(found.pin, q.dims), emitScale(b, latent)));
  const isFree = b.greater(found.pin, none - 0.5);
  const next = found.pin === states.pin.input ? b.op('Identity', [found.pin]) : found.pin;
  return {
    parameter: b.where(isFree, updated, value),
    isFree,
    states: [{ pack: states.pin, next }, ...found.history],
  };
}

/**
 * With t the ternary value: d = sign(t - last); a weight oscillates when d is opposite to its last change;
 * rate' = rate + m ([oscillates] - rate), mean' = mean + m (t - mean); pinned to round(mean') where rate' > threshold.
 */
function emitHistory(
  b: Builder,
  t: Value,
  pin: Pack,
  { last, turn, rate, mean }: NonNullable<PinStates['history']>,
  { threshold, momentum }: Extract<Oscillation, { kind: 'freeze' }>,
) {
  const isFirst = b.greater(last.input, none - 0.5);
  const direction = b.where(isFirst, 0, b.sign(b.sub(t, last.input)));
  const oscillates = b.cast(b.less(b.mul(direction, turn.input), 0), 'float32');
  const follow = (average: Value, x: Value) => b.add(average, b.mul(b.sub(x, average), momentum));
  const newRate = follow(rate.input, oscillates);
  const newMean = b.where(isFirst, t, follow(mean.input, t));
  const newTurn = b.where(b.greater(b.abs(direction), 0.5), direction, turn.input);
  const caught = b.where(b.greater(newRate, threshold), b.op('Round', [newMean]), none);
  const newPin = b.where(b.greater(pin.input, none - 0.5), caught, pin.input);
  const history = [
    { pack: last, next: b.op('Identity', [t]) },
    { pack: turn, next: newTurn },
    { pack: rate, next: newRate },
    { pack: mean, next: newMean },
  ];
  return { pin: newPin, history };
}

/**
 * Pins of the first `share` (0..1) of the ternary weights, in execution order, at the values that they have in `state`.
 */
export function pinFirst(
  weights: readonly TernaryWeight[],
  state: ReadonlyMap<string, Tensor>,
  share: number,
): Map<string, Tensor> {
  const pins = new Map<string, Tensor>();
  for (const { name, granularity } of weights.slice(0, Math.round(share * weights.length))) {
    const latent = state.get(name);
    const pin = state.get(pinName(name));
    if (!latent || !pin) continue;
    const { values } = ternarize(latent, granularity);
    // What was pinned before stays as it was.
    const kept = (pin.data as Float32Array).map((p, i) => (p < none ? p : values.data[i]!));
    pins.set(pinName(name), f32(pin.dims, kept));
  }
  return pins;
}

/** The share of ternary weights that are pinned; undefined where none can be. */
export function pinnedShare(weights: readonly TernaryWeight[], state: ReadonlyMap<string, Tensor>): number | undefined {
  const pins = weights.flatMap(({ name }) => state.get(pinName(name)) ?? []);
  const total = pins.reduce((n, { data }) => n + data.length, 0);
  if (total === 0) return undefined;
  return pins.reduce((n, { data }) => n + (data as Float32Array).filter((p) => p < none).length, 0) / total;
}
