/** The worker that classifies, with the toolkit's runtime: networks by name, one picture for all of them. */

import { TritbankError } from '#toolkit/ir/index.ts';
import { type Classification, type ImageClassifier, pipeline } from '#toolkit/runtime/index.ts';
import { serve } from '../rpc.ts';

interface Loaded {
  readonly classify: ImageClassifier;
  readonly bytes: number;
}

const networks = new Map<string, Loaded>();

export interface Verdict {
  readonly classes: readonly Classification[];
  /** Median of the runs, of the network alone. */
  readonly milliseconds: number;
  readonly bytes: number;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** A network that takes less is run several times. */
const quickMilliseconds = 20;

const methods = {
  async load({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }) {
    await networks.get(name)?.classify.release();
    networks.set(name, { classify: await pipeline('image-classification', bytes), bytes: bytes.length });
  },
  async classify({
    picture,
    runs,
    topK = 5,
  }: {
    readonly picture: unknown;
    readonly runs: number;
    readonly topK?: number;
  }) {
    const verdicts: Record<string, Verdict> = {};
    for (const [name, { classify, bytes }] of networks) {
      const times: number[] = [];
      let classes: readonly Classification[] = [];
      // of one run of a small network, half would be chance
      const until = performance.now() + quickMilliseconds;
      while (times.length < runs || (times.length < 9 && performance.now() < until)) {
        classes = await classify(picture, { topK });
        times.push(classify.session.lastMilliseconds);
      }
      verdicts[name] = { classes, milliseconds: median(times), bytes };
    }
    return verdicts;
  },
  /** The share of pictures on which two networks say the same, and where they do not. */
  async agreement({
    pictures,
    names,
  }: {
    readonly pictures: readonly Blob[];
    readonly names: readonly [string, string];
  }) {
    const [first, second] = names.map((name) => networks.get(name));
    if (!first || !second) throw new TritbankError('E_USAGE', 'agreement', 'expected two networks, found fewer');
    let [same, seen] = [0, 0];
    for (const picture of pictures) {
      try {
        const [a, b] = [await first.classify(picture, { topK: 1 }), await second.classify(picture, { topK: 1 })];
        seen++;
        if (a[0]!.index === b[0]!.index) same++;
      } catch (error) {
        if (!(error instanceof TritbankError)) throw error;
      }
    }
    return { same, seen };
  },
};

export type Runner = typeof methods;

serve(methods);
