/**
 * A machine to plan for: what each layer of a network takes on it, as an ordinary layer or as a filter bank. Figures of
 * resources add up over layers, which is what lets a plan be optimised; what limits are about need not (engines that
 * work at the same time, memory that layers share).
 */

/** What limits are about. Each is a budget of its own. */
export const limitNames = ['cycles', 'instructions', 'latency', 'flash', 'ram'] as const;
export type LimitName = (typeof limitNames)[number];

/** A filter bank, counted. */
export interface BankShape {
  /** Full-precision filters. */
  readonly fullPrecision: number;
  /** Ternary filters, at least one. */
  readonly ternary: number;
  /** Hidden units of the ternary filters. */
  readonly hidden: number;
  /** Predicted weights other than zero of both ternary matrices together. */
  readonly nonZero?: number | undefined;
}

/** What adds up over layers, and the limit that it has to keep. */
export interface Resource {
  readonly name: string;
  readonly limit: LimitName;
}

/** Figures of a network, of those limits that the target has. */
export type Totals = { readonly [K in LimitName]?: number };

/** Units of the figures that limits are about. */
export const limitUnits: { readonly [K in LimitName]: string } = {
  cycles: 'cycles',
  instructions: 'instructions',
  latency: 'ms',
  flash: 'bytes',
  ram: 'bytes',
};

/** A target for one network, whose layers it knows by name. */
export interface PlanningTarget {
  /** As the user would choose it: `cortex-m4`, `lists`, a file. */
  readonly name: string;
  readonly resources: readonly Resource[];
  /**
   * What a layer takes of each resource: as it is (in 8 bits), or as a bank. E_UNSUPPORTED for a layer that the target
   * does not have, E_USAGE for a bank whose non-zeros have to be known and are not.
   */
  cost(layer: string, bank?: BankShape): readonly number[];
  /** Of each resource, what the whole uncompressed network takes in 8 bits: the control. */
  readonly whole: readonly number[];
  /** The network with these banks, by the names of their layers; of none, the control's. */
  totals(banks: ReadonlyMap<string, BankShape>): Totals;
}
